import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, readdir, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REMOTE_WRITE_HEADERS } from './remote-write.ts';

/** A VictoriaMetrics of our own on loopback, in a temporary folder. */
export interface Victoria {
  write(body: Buffer<ArrayBuffer>): Promise<void>;
  cpuSeconds(): Promise<number>;
  /** Bytes of all files after what it holds in memory is written and merged. */
  bytes(): Promise<number>;
  /** How many samples it answers to have. */
  samples(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

const BINARY = '/usr/bin/victoria-metrics';
const TICKS_PER_SECOND = 100;
const START_TRIES = 100;

export async function isVictoriaInstalled(): Promise<boolean> {
  return access(BINARY).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

async function untilUp(url: string): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    const isUp = await fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error('VictoriaMetrics did not come up within 10 s');
}

async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function ok(answer: Response): Promise<string> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`VictoriaMetrics answered ${answer.status}: ${text.slice(0, 200)}`);
  return text;
}

function talk(url: string, at: { pid: number; folder: string }): Omit<Victoria, typeof Symbol.asyncDispose> {
  return {
    async write(body) {
      await ok(await fetch(`${url}/api/v1/write`, { method: 'POST', headers: REMOTE_WRITE_HEADERS, body }));
    },
    cpuSeconds: () => cpuOf(at.pid),
    async bytes() {
      await ok(await fetch(`${url}/internal/force_flush`));
      await ok(await fetch(`${url}/internal/force_merge`));
      await sleep(3000);
      return folderBytes(at.folder);
    },
    async samples() {
      await ok(await fetch(`${url}/internal/force_flush`));
      const text = await ok(await fetch(`${url}/metrics`));
      return Number(/^vm_rows_inserted_total\{type="promremotewrite"\} (\S+)/m.exec(text)?.[1] ?? 0);
    },
  };
}

export async function startVictoria(data: string): Promise<Victoria> {
  const folder = await mkdtemp(join(data, 'victoria-'));
  const port = await freePort();
  const child = spawn(
    BINARY,
    [
      `-storageDataPath=${folder}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=100y',
      '-search.latencyOffset=0s',
      '-loggerLevel=ERROR',
    ],
    { stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilUp(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...talk(url, { pid: child.pid ?? 0, folder }), [Symbol.asyncDispose]: stop };
}
