import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricsStats } from '../../core/metrics/metrics.ts';
import { HUB_FLAGS } from '../kit/hub-flags.ts';
import type { DataSet } from './metrics-data.ts';
import { cpuOf, folderBytes, ok } from './peer.ts';
import { isPrometheusInstalled, startPrometheus } from './prometheus.ts';
import { REMOTE_WRITE_HEADERS } from './remote-write.ts';
import { isVictoriaInstalled, startVictoria } from './victoria.ts';

/** A server that takes remote write and answers Prometheus' API, all over loopback HTTP. */
export interface Engine extends AsyncDisposable {
  readonly name: 'hub' | 'victoria' | 'prometheus';
  write(body: Buffer<ArrayBuffer>): Promise<void>;
  cpuSeconds(): Promise<number>;
  /** Ends what is written late, and says what it takes on disk: bytes by name, `samples` those of the samples themselves. */
  settle(): Promise<Readonly<Record<string, number>> & { readonly samplesBytes: number }>;
  /** `path` below `/api/v1/`. */
  get(path: string, parameters: Readonly<Record<string, string>>): Promise<string>;
}

/** By POST: a selector with many names makes a long query. VictoriaMetrics keeps answers unless told not to. */
async function query(url: string, parameters: Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<string> {
  return ok(await fetch(url, { method: 'POST', headers, body: new URLSearchParams({ ...parameters, nocache: '1' }) }));
}

async function startVictoriaEngine(data: string): Promise<Engine> {
  const victoria = await startVictoria(data);
  return {
    ...victoria,
    name: 'victoria',
    settle: async () => ({ samplesBytes: await victoria.bytes() }),
    get: (path, parameters) => query(`${victoria.url}/api/v1/${path}`, parameters),
  };
}

async function startPrometheusEngine(data: string): Promise<Engine> {
  const prometheus = await startPrometheus(data);
  return {
    ...prometheus,
    name: 'prometheus',
    settle: async () => ({ samplesBytes: await prometheus.bytes() }),
    get: (path, parameters) => query(`${prometheus.url}/api/v1/${path}`, parameters),
  };
}

async function startHubEngine(data: string, set: DataSet): Promise<Engine> {
  const folder = await mkdtemp(join(data, 'hub-'));
  const child = fork(new URL('./metrics-hub-child.ts', import.meta.url), [folder, String(set.vms), set.metrics.join(',')], {
    execArgv: [...process.execArgv, ...HUB_FLAGS],
  });
  const gone = once(child, 'exit');
  const [started] = (await Promise.race([once(child, 'message'), gone])) as [{ url: string; token: string } | number];
  if (typeof started !== 'object') throw new Error(`the hub did not start, exit code ${started}`);
  const { url, token } = started;
  const root = `${url}/api/v1/grafana/prometheus/api/v1`;
  const headers = { authorization: `Bearer ${token}` };
  return {
    name: 'hub',
    async write(body) {
      await ok(await fetch(`${root}/write`, { method: 'POST', headers: { ...headers, ...REMOTE_WRITE_HEADERS }, body }));
    },
    cpuSeconds: () => cpuOf(child.pid ?? 0),
    async settle() {
      child.send({ seal: new Date(set.endsAt + 86_400_000).toISOString().slice(0, 10) });
      const [{ sealMs, stats }] = (await once(child, 'message')) as [{ sealMs: number; stats: MetricsStats }];
      if (stats.hotRows > 0) throw new Error(`${stats.hotRows} rows are not sealed`);
      return {
        samplesBytes: stats.sealedBytes,
        rollupBytes: stats.rollupBytes,
        sealMs,
        folderBytes: await folderBytes(join(folder, 'metrics')),
      };
    },
    get: (path, parameters) => query(`${root}/${path}`, parameters, headers),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.send({});
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Those that are installed; each is started when its turn comes. */
export async function engines(): Promise<readonly { readonly name: Engine['name']; start(data: string, set: DataSet): Promise<Engine> }[]> {
  return [
    { name: 'hub', start: startHubEngine },
    ...((await isVictoriaInstalled()) ? [{ name: 'victoria', start: startVictoriaEngine } as const] : []),
    ...((await isPrometheusInstalled()) ? [{ name: 'prometheus', start: startPrometheusEngine } as const] : []),
  ];
}
