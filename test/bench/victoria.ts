import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, folderBytes, freePort, isInstalled, ok, startPeer } from './peer.ts';
import { REMOTE_WRITE_HEADERS } from './remote-write.ts';

/** A VictoriaMetrics of our own on loopback, in a temporary folder. */
export interface Victoria extends AsyncDisposable {
  readonly url: string;
  write(body: Buffer<ArrayBuffer>): Promise<void>;
  cpuSeconds(): Promise<number>;
  /** Bytes of all files after what it holds in memory is written and merged. */
  bytes(): Promise<number>;
  /** How many samples it answers to have. */
  samples(): Promise<number>;
}

const BINARY = '/usr/bin/victoria-metrics';
const MERGE_WAIT_MS = 3000;
/** It merges until nothing changes any more; never longer than this. */
const MERGE_ROUNDS_MAX = 20;

export const isVictoriaInstalled = (): Promise<boolean> => isInstalled(BINARY);

async function settledBytes(url: string, folder: string): Promise<number> {
  await ok(await fetch(`${url}/internal/force_flush`));
  await ok(await fetch(`${url}/internal/force_merge`));
  let bytes = -1;
  for (let round = 0; round < MERGE_ROUNDS_MAX; round++) {
    await sleep(MERGE_WAIT_MS);
    const now = await folderBytes(folder);
    if (now === bytes) break;
    bytes = now;
  }
  return bytes;
}

export async function startVictoria(data: string): Promise<Victoria> {
  const folder = await mkdtemp(join(data, 'victoria-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
    '-search.latencyOffset=0s',
    '-search.maxUniqueTimeseries=2000000',
    '-search.maxSamplesPerQuery=2000000000',
    '-search.maxPointsPerTimeseries=100000',
    '-search.maxQueryDuration=300s',
    '-loggerLevel=ERROR',
  ];
  const peer = await startPeer(BINARY, args, `${url}/health`);
  return {
    url,
    async write(body) {
      await ok(await fetch(`${url}/api/v1/write`, { method: 'POST', headers: REMOTE_WRITE_HEADERS, body }));
    },
    cpuSeconds: () => cpuOf(peer.pid),
    bytes: () => settledBytes(url, folder),
    async samples() {
      await ok(await fetch(`${url}/internal/force_flush`));
      const text = await ok(await fetch(`${url}/metrics`));
      return Number(/^vm_rows_inserted_total\{type="promremotewrite"\} (\S+)/m.exec(text)?.[1] ?? 0);
    },
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
