import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { openMetrics, type MetricsStore } from '../../core/metrics/metrics.ts';
import { METRICS, NAMES, createGenerator, rowsOf } from './ingest-generator.ts';
import type { Aim, BenchOptions, BenchResult } from './main.ts';
import { createRemoteWrite } from './remote-write.ts';
import { isVictoriaInstalled, startVictoria } from './victoria.ts';

/** 1,000 VMs x 20 metrics a scrape, as fast as they go: through the hub's store, then the same samples by remote write to VictoriaMetrics. */

const VMS = 1000;
const STEP_SECONDS = 10;
/** One hour. */
const SCRAPES = 360;
const SAMPLES = VMS * NAMES.length * SCRAPES;
const DAY = '2026-11-22';
const START_SECONDS = Date.parse(`${DAY}T06:00:00Z`) / 1000;
const LOOP_DELAY_MS_MAX = 20;

type Figures = Record<string, number | string | null>;

interface Scrape {
  readonly atSeconds: number;
  readonly values: Float64Array;
}

const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };
const ids = Array.from({ length: VMS }, (_, index) => `vm-${String(index).padStart(6, '0')}`);

function generate(): Scrape[] {
  const generator = createGenerator(VMS, STEP_SECONDS);
  return Array.from({ length: SCRAPES }, (_, index) => {
    const atSeconds = START_SECONDS + index * STEP_SECONDS;
    return { atSeconds, values: generator.next(atSeconds) };
  });
}

const cpuSeconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0;

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

const open = (data: string): Promise<MetricsStore> =>
  openMetrics({
    dataDir: data,
    clock: { now: () => Date.parse(`${DAY}T12:00:00Z`) },
    log: silent,
    declared: [{ plugin: 'bench', metrics: { vm: METRICS } }],
  });

async function writeAll(metrics: MetricsStore, scrapes: readonly Scrape[], signal: AbortSignal): Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const start = performance.now();
  const writes: number[] = [];
  for (const { atSeconds, values } of scrapes) {
    signal.throwIfAborted();
    const began = performance.now();
    await metrics.write('bench', [{ table: 'vm', at: atSeconds * 1000, rows: rowsOf(values, ids) }]);
    writes.push(performance.now() - began);
  }
  const seconds = (performance.now() - start) / 1000;
  const cpu = cpuSeconds(before);
  delay.disable();
  return {
    samplesPerSecond: Math.round(SAMPLES / seconds),
    cpuSecondsPerMillion: round(cpu / (SAMPLES / 1e6), 3),
    writeP50Ms: round(quantile(writes, 0.5)),
    writeP99Ms: round(quantile(writes, 0.99)),
    loopDelayP50Ms: round(delay.percentile(50) / 1e6),
    loopDelayP99Ms: round(delay.percentile(99) / 1e6),
    loopDelayMaxMs: round(delay.max / 1e6),
  };
}

/** Hot bytes are those of the database file after a checkpoint, which closing it makes. */
async function runStore(data: string, scrapes: readonly Scrape[], signal: AbortSignal): Promise<Figures> {
  const first = await open(data);
  let figures: Figures;
  try {
    figures = await writeAll(first, scrapes, signal);
  } finally {
    await first.close();
  }
  const hotBytes = (await stat(join(data, 'metrics', 'metrics.duckdb'))).size;
  await using second = await open(data);
  const began = performance.now();
  await second.seal('2026-11-23');
  const sealMs = performance.now() - began;
  const { sealedBytes, sealedRows } = await second.stats();
  if (sealedRows !== VMS * SCRAPES) throw new Error(`${sealedRows} rows were sealed, ${VMS * SCRAPES} were written`);
  return {
    ...figures,
    hotBytesPerSample: round(hotBytes / SAMPLES, 3),
    sealedBytesPerSample: round(sealedBytes / SAMPLES, 3),
    sealMs: Math.round(sealMs),
  };
}

async function runVictoria(data: string, scrapes: readonly Scrape[], signal: AbortSignal): Promise<Figures> {
  if (!(await isVictoriaInstalled())) return { victoria: null, victoriaReason: 'not installed: apt-get install victoria-metrics' };
  await using victoria = await startVictoria(data);
  const remote = createRemoteWrite(ids.flatMap((vm) => NAMES.map((name) => ({ __name__: name, vm }))));
  const cpuBefore = await victoria.cpuSeconds();
  const clientBefore = process.cpuUsage();
  const start = performance.now();
  for (const { atSeconds, values } of scrapes) {
    signal.throwIfAborted();
    await victoria.write(remote.encode(values, atSeconds * 1000));
  }
  const seconds = (performance.now() - start) / 1000;
  const client = cpuSeconds(clientBefore);
  const taken = await victoria.samples();
  if (taken !== SAMPLES) throw new Error(`VictoriaMetrics took ${taken} samples of ${SAMPLES}`);
  const cpu = (await victoria.cpuSeconds()) - cpuBefore;
  return {
    victoriaSamplesPerSecond: Math.round(SAMPLES / seconds),
    victoriaCpuSecondsPerMillion: round(cpu / (SAMPLES / 1e6), 3),
    victoriaClientCpuSecondsPerMillion: round(client / (SAMPLES / 1e6), 3),
    victoriaBytesPerSample: round((await victoria.bytes()) / SAMPLES, 3),
  };
}

const ratio = (a: unknown, b: unknown): number | null => (typeof a === 'number' && typeof b === 'number' && b > 0 ? round(a / b, 3) : null);

function ratiosOf(figures: Figures): Figures {
  const theirs = Number(figures['victoriaCpuSecondsPerMillion'] ?? 0) + Number(figures['victoriaClientCpuSecondsPerMillion'] ?? 0);
  return {
    samplesPerSecondRatio: ratio(figures['samplesPerSecond'], figures['victoriaSamplesPerSecond']),
    cpuRatio: ratio(figures['cpuSecondsPerMillion'], theirs),
    sealedBytesRatio: ratio(figures['sealedBytesPerSample'], figures['victoriaBytesPerSample']),
  };
}

/** What was not measured is not met. */
function below(name: string, value: unknown, limit: number): Aim {
  const known = typeof value === 'number' ? value : null;
  return { name, value: known, aim: `< ${limit}`, met: known !== null && known < limit };
}

const aimsOf = (figures: Figures): Aim[] => [
  below('loopDelayP99Ms', figures['loopDelayP99Ms'], LOOP_DELAY_MS_MAX),
  below('cpuRatio', figures['cpuRatio'], 0.167),
  below('sealedBytesRatio', figures['sealedBytesRatio'], 1),
];

/**
 * Runs for about half a minute. The store runs in the process, VictoriaMetrics is a server on loopback: its figures include the transport, and `cpuRatio` its
 * client, since the store's figures include all of this process.
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await mkdtemp(join(options.data ?? tmpdir(), 'novacron-ingest-'));
  try {
    const scrapes = generate();
    const store = await runStore(data, scrapes, options.signal);
    const peer = await runVictoria(data, scrapes, options.signal);
    const conditions = { node: process.version, cpus: cpus().length, load: round(loadavg()[0] ?? 0) };
    const figures = { samples: SAMPLES, ...store, ...peer, ...ratiosOf({ ...store, ...peer }), ...conditions };
    return { figures, aims: aimsOf(figures) };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
