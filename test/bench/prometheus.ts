import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuOf, folderBytes, freePort, isInstalled, ok, startPeer } from './peer.ts';
import { REMOTE_WRITE_HEADERS } from './remote-write.ts';

/** A Prometheus of our own on loopback that takes remote write, in a temporary folder. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  write(body: Buffer<ArrayBuffer>): Promise<void>;
  cpuSeconds(): Promise<number>;
  /** Bytes of all files: blocks, and the write-ahead log of the last hours. */
  bytes(): Promise<number>;
}

const BINARY = '/usr/bin/prometheus';

export const isPrometheusInstalled = (): Promise<boolean> => isInstalled(BINARY);

/** `config` is added to its configuration file. */
export async function startPrometheus(data: string, config = ''): Promise<Prometheus> {
  const folder = await mkdtemp(join(data, 'prometheus-'));
  await mkdir(join(folder, 'tsdb'));
  await writeFile(join(folder, 'empty.yml'), `global: {scrape_interval: 1h}\n${config}`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${join(folder, 'empty.yml')}`,
    `--storage.tsdb.path=${join(folder, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--storage.tsdb.retention.time=10y',
    '--query.max-samples=1000000000',
    '--query.timeout=5m',
    '--log.level=error',
  ];
  const peer = await startPeer(BINARY, args, `${url}/-/ready`);
  return {
    url,
    async write(body) {
      await ok(await fetch(`${url}/api/v1/write`, { method: 'POST', headers: REMOTE_WRITE_HEADERS, body }));
    },
    cpuSeconds: () => cpuOf(peer.pid),
    bytes: () => folderBytes(join(folder, 'tsdb')),
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
