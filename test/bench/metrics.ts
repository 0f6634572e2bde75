import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Aim, BenchOptions, BenchResult, BenchTable } from './main.ts';
import { dataSets, requestsOf, samplesOf, type DataSet } from './metrics-data.ts';
import { engines, type Engine } from './metrics-engines.ts';
import { compare, queriesOf, readAnswer, type Answer, type Difference, type QueryId } from './metrics-queries.ts';

/** The same samples into the hub, VictoriaMetrics and Prometheus, then the same queries, all over loopback HTTP, one engine after the other. */

type Name = Engine['name'];

interface Timing {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

interface Measured {
  readonly ingest: Readonly<Record<string, number>>;
  readonly queries: Readonly<Record<QueryId, Timing>>;
  readonly answers: ReadonlyMap<QueryId, Answer>;
}

const round = (value: number, digits = 3): number => Number(value.toPrecision(digits));
const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0;

/** Each query is asked for so long before it is measured, of every engine. */
const WARM_MS = 4000;

/** Scrapes in a request for Prometheus, whose ingestion is not what is compared and takes longest. */
const PROMETHEUS_SCRAPES = 10;

async function ingest(engine: Engine, set: DataSet, signal: AbortSignal): Promise<Record<string, number>> {
  const cpuBefore = await engine.cpuSeconds();
  const beganAt = performance.now();
  for (const body of requestsOf(set, engine.name === 'prometheus' && set.scrapesAtOnce === 1 ? PROMETHEUS_SCRAPES : set.scrapesAtOnce)) {
    signal.throwIfAborted();
    await engine.write(body);
  }
  const seconds = (performance.now() - beganAt) / 1000;
  const cpu = (await engine.cpuSeconds()) - cpuBefore;
  const { samplesBytes, ...more } = await engine.settle();
  const settled = (await engine.cpuSeconds()) - cpuBefore;
  const samples = samplesOf(set);
  return {
    cpuSecondsPerMillion: round(cpu / (samples / 1e6)),
    cpuSecondsPerMillionSettled: round(settled / (samples / 1e6)),
    samplesPerSecond: Math.round(samples / seconds),
    bytesPerSample: round(samplesBytes / samples),
    ...(more['folderBytes'] !== undefined && {
      rollupBytesPerSample: round((more['rollupBytes'] ?? 0) / samples),
      folderBytesPerSample: round(more['folderBytes'] / samples),
      sealSeconds: round((more['sealMs'] ?? 0) / 1000),
    }),
  };
}

async function measureQueries(engine: Engine, set: DataSet, signal: AbortSignal): Promise<Pick<Measured, 'queries' | 'answers'>> {
  const timings: Partial<Record<QueryId, Timing>> = {};
  const answers = new Map<QueryId, Answer>();
  for (const { id, path, runs, parameters } of queriesOf(set)) {
    answers.set(id, readAnswer(await engine.get(path, parameters(0))));
    // Not counted, with other VMs where it is about one: a server that has run for long is warm, its code as well as its caches.
    const warmAt = performance.now() + WARM_MS;
    for (let run = 1; run <= runs || performance.now() < warmAt; run++) {
      signal.throwIfAborted();
      await engine.get(path, parameters(-run));
    }
    const times: number[] = [];
    for (let run = 1; run <= runs; run++) {
      signal.throwIfAborted();
      const beganAt = performance.now();
      await engine.get(path, parameters(run));
      times.push(performance.now() - beganAt);
    }
    timings[id] = { p50Ms: round(quantile(times, 0.5)), p95Ms: round(quantile(times, 0.95)) };
  }
  return { queries: timings as Record<QueryId, Timing>, answers };
}

async function measure(set: DataSet, data: string, options: BenchOptions): Promise<Map<Name, Measured>> {
  const measured = new Map<Name, Measured>();
  for (const { name, start } of await engines()) {
    await using engine = await start(data, set);
    const ingested = await ingest(engine, set, options.signal);
    measured.set(name, { ingest: ingested, ...(await measureQueries(engine, set, options.signal)) });
    if (!options.json) console.log(set.id, name, JSON.stringify({ ...ingested, ...measured.get(name)?.queries }));
  }
  return measured;
}

const IDS: readonly QueryId[] = ['a', 'b', 'c', 'd', 'e', 'f'];

function differences(measured: ReadonlyMap<Name, Measured>, other: Name): Partial<Record<QueryId, Difference>> {
  const ours = measured.get('hub')!.answers;
  const theirs = measured.get(other)?.answers;
  if (theirs === undefined) return {};
  return Object.fromEntries(
    IDS.map((id) => {
      const { values, missing, largest, mean } = compare(ours.get(id)!, theirs.get(id)!);
      return [id, { values, missing, largest: round(largest), mean: round(mean) }];
    }),
  );
}

/** Ours as a share of theirs; null where they were not measured. */
function share(ours: number | undefined, theirs: number | undefined): number | null {
  return ours === undefined || theirs === undefined || theirs === 0 ? null : round(ours / theirs);
}

const atMost = (name: string, value: number | null, bound: number): Aim => ({
  name,
  value,
  aim: `<= ${bound}`,
  met: value !== null && value <= bound,
});

type Results = ReadonlyMap<DataSet['id'], ReadonlyMap<Name, Measured>>;

function aimsOf(results: Results): Aim[] {
  const of = (set: DataSet['id'], name: Name): Measured | undefined => results.get(set)?.get(name);
  const figure = (key: string, set: DataSet['id']) => share(of(set, 'hub')?.ingest[key], of(set, 'victoria')?.ingest[key]);
  const timing = (id: QueryId, set: DataSet['id'], other: Name) =>
    share(of(set, 'hub')?.queries[id].p50Ms, of(set, other)?.queries[id].p50Ms);
  return [
    atMost('ingest CPU / VictoriaMetrics (24 h set)', figure('cpuSecondsPerMillion', 'day'), 0.25),
    atMost('bytes a sample / VictoriaMetrics (24 h set)', figure('bytesPerSample', 'day'), 1),
    atMost('bytes a sample / VictoriaMetrics (30 d set)', figure('bytesPerSample', 'month'), 1),
    atMost('a p50 / VictoriaMetrics (24 h set)', timing('a', 'day', 'victoria'), 0.1),
    atMost('b p50 / Prometheus (24 h set)', timing('b', 'day', 'prometheus'), 2),
    atMost('c p50 / VictoriaMetrics (24 h set)', timing('c', 'day', 'victoria'), 0.1),
    atMost('d p50 / VictoriaMetrics (24 h set)', timing('d', 'day', 'victoria'), 0.5),
    atMost('e p50 / VictoriaMetrics (30 d set)', timing('e', 'month', 'victoria'), 1),
    atMost('f p50 / VictoriaMetrics (30 d set)', timing('f', 'month', 'victoria'), 0.2),
  ];
}

function differenceTable(set: DataSet, measured: ReadonlyMap<Name, Measured>, other: Name): BenchTable {
  const found = Object.entries(differences(measured, other)).map(([id, each]) => [id, each.values, each.missing, each.largest, each.mean]);
  const columns = ['', 'values', 'on one side only', 'largest difference', 'mean difference'];
  return { title: `${set.title}: answers beside those of ${other}, differences as a share`, columns, rows: found };
}

function tablesOf(set: DataSet, measured: ReadonlyMap<Name, Measured>): BenchTable[] {
  const names = [...measured.keys()];
  const keys = Object.keys(measured.get('hub')!.ingest);
  const ingestRows = keys.map((key) => [key, ...names.map((name) => measured.get(name)!.ingest[key] ?? '-')]);
  const queryRows = queriesOf(set).map(({ id, title }) => [
    `${id} ${title}`,
    ...names.map((name) => `${measured.get(name)!.queries[id].p50Ms}/${measured.get(name)!.queries[id].p95Ms}`),
  ]);
  return [
    { title: `${set.title}: ingest`, columns: ['', ...names], rows: ingestRows },
    { title: `${set.title}: queries, ms p50/p95, warm, sealed`, columns: ['', ...names], rows: queryRows },
    ...names.filter((name) => name !== 'hub').map((name) => differenceTable(set, measured, name)),
  ];
}

/**
 * At full size about a quarter of an hour on two quiet cores. The 24 h set is sent one scrape a request (to Prometheus ten: its ingestion is not compared), the 30 d
 * set an hour a request. CPU is that of the server's process alone while it takes the samples; `Settled` adds sealing (hub) and merging. `bytesPerSample` is of the
 * hub's sealed samples, and of all files of the others; the hub's rollups, which the others do not have, are counted apart; `folderBytesPerSample` is the hub's whole
 * folder, in which DuckDB's file keeps the room of rows that have been sealed.
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await mkdtemp(join(options.data ?? tmpdir(), 'novacron-metrics-'));
  try {
    const results = new Map<DataSet['id'], ReadonlyMap<Name, Measured>>();
    const tables: BenchTable[] = [];
    const figures: Record<string, unknown> = {
      scale: options.scale,
      node: process.version,
      cpus: cpus().length,
      loadBefore: round(loadavg()[0] ?? 0),
    };
    for (const set of dataSets(options.scale, Date.now())) {
      const measured = await measure(set, data, options);
      results.set(set.id, measured);
      tables.push(...tablesOf(set, measured));
      for (const [name, { ingest: ingested, queries }] of measured) figures[`${set.id} ${name}`] = { ...ingested, ...queries };
      figures[`${set.id} differences from prometheus`] = differences(measured, 'prometheus');
      figures[`${set.id} differences from victoria`] = differences(measured, 'victoria');
    }
    return { figures: { ...figures, loadAfter: round(loadavg()[0] ?? 0) }, aims: aimsOf(results), tables };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
