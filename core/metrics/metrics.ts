import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Clock, Log } from '../contract/declare.ts';
import { HubError } from '../contract/errors.ts';
import type { ColumnBatch, Metric, MetricQuery, SampleBatch, WindowQuery } from '../contract/metrics.ts';
import type { Metrics } from '../contract/services.ts';
import { createNameSaver, encodeBatch, type EncodedBatch } from './encode.ts';
import { encodeColumns, rowsOf } from './encode-columns.ts';
import { createLatest, type Latest } from './latest.ts';
import { claimFolder } from './path-guard.ts';
import type { StoreStats } from './protocol.ts';
import { indexMetrics, planTables, type Column, type Declared, type TableShape } from './schema.ts';
import { DAY_MS, dayOf } from './sql-text.ts';
import { superviseThread } from './supervise.ts';
import { createTargetSaver } from './windows/target-lists.ts';
import type { StoreThread } from './thread.ts';

export interface MetricsOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly declared: readonly Declared[];
  /** Whole UTC days, besides today, that stay unsealed. Default 2. */
  readonly hotDays?: number;
  /** Sealed days of which all samples are kept. Default 400. */
  readonly retainDays?: number;
  /** Sealed days of which rollups are kept. Default 1200. */
  readonly rollupDays?: number;
}

export interface MetricsStats extends StoreStats {
  /** Batches that were given and are not durable yet. */
  readonly waiting: number;
  readonly batchesWritten: number;
  readonly samplesWritten: number;
}

/** The contract's `Metrics`, and what only the hub does with it. */
export interface MetricsStore extends Metrics {
  /** Seals all days before `untilDay` (`YYYY-MM-DD`, UTC, excluded). The hub's clock does this by itself. */
  seal(untilDay: string): Promise<void>;
  stats(): Promise<MetricsStats>;
  /** Waits for what was given, then closes the database. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const WAITING_MAX = 64;
const SQL_TIMEOUT_MS = 10_000;
const SQL_TIMEOUT_MS_MAX = 60_000;
const SQL_ROWS = 10_000;
const SQL_ROWS_MAX = 100_000;
const IMPORT_BYTES_MAX = 4_000_000_000;
/** How often the clock is asked whether a day is over. */
const SEAL_CHECK_MS = 600_000;
const STEPS_MAX = 100_000;

const unknown = (message: string): HubError => new HubError('metrics_unknown', message, { status: 404 });
const badQuery = (message: string): HubError => new HubError('metrics_query_invalid', message, { status: 400 });
const badImport = (message: string): HubError => new HubError('metrics_import_invalid', message, { status: 400 });

function checkQuery(query: MetricQuery, column: Column): void {
  const { from, to, stepSeconds, aggregate, metric } = query;
  if (!Number.isFinite(from) || !Number.isFinite(to) || from >= to)
    throw badQuery('The range is empty: "from" must be an instant before "to".');
  if (!(stepSeconds > 0) || !Number.isFinite(stepSeconds)) throw badQuery('The step must be more than 0 seconds.');
  if ((to - from) / 1000 / stepSeconds > STEPS_MAX) throw badQuery(`The range has more than ${STEPS_MAX} steps. Take a longer step.`);
  if (aggregate === 'rate' && column.kind === 'gauge') throw badQuery(`${metric} is a gauge: a rate is of counters. Ask for its mean.`);
  if (['mean', 'sum', 'p50', 'p95', 'p99'].includes(aggregate) && column.kind === 'counter') {
    throw badQuery(`${metric} is a counter: its ${aggregate} says nothing. Ask for its rate.`);
  }
}

function checkWindows({ from, to, stepMs, windowMs }: WindowQuery): void {
  if (![from, to, stepMs, windowMs].every(Number.isFinite) || from > to || stepMs < 1 || windowMs < 1)
    throw badQuery('A window query needs a range, a step and a window of at least 1 ms.');
  if ((to - from) / stepMs > STEPS_MAX) throw badQuery(`The range has more than ${STEPS_MAX} steps. Take a longer step.`);
}

interface Inside {
  readonly options: MetricsOptions;
  readonly folder: string;
  readonly thread: StoreThread;
  readonly shapes: ReadonlyMap<string, TableShape>;
  readonly index: ReadonlyMap<string, { shape: TableShape; column: Column }>;
  readonly latest: Latest;
  saveNames: (batch: EncodedBatch) => EncodedBatch;
  saveTargets: ReturnType<typeof createTargetSaver>;
  readonly listeners: Set<(batch: SampleBatch) => void>;
  readonly counts: { waiting: number; batchesWritten: number; samplesWritten: number };
}

function shapeOf(inside: Inside, plugin: string, table: string): TableShape {
  const shape = inside.shapes.get(`${plugin}:${table}`);
  if (!shape) throw unknown(`The plugin ${plugin} declares no metrics table "${table}". Declare it under metrics, then write it.`);
  return shape;
}

function foundOf({ index }: Inside, metric: string): { shape: TableShape; column: Column } {
  const found = index.get(metric);
  if (!found) throw unknown(`There is no metric "${metric}". Known ones: ${[...index.keys()].slice(0, 40).join(', ')}.`);
  return found;
}

function tell(inside: Inside, batch: SampleBatch): void {
  for (const listener of inside.listeners) {
    try {
      listener(batch);
    } catch (error) {
      inside.options.log.error({ error }, 'a listener of written samples failed');
    }
  }
}

async function send(inside: Inside, encoded: readonly EncodedBatch[]): Promise<void> {
  const { counts } = inside;
  if (counts.waiting >= WAITING_MAX) {
    throw new HubError(
      'metrics_overloaded',
      `More than ${WAITING_MAX} batches wait to be written: the disk is too slow for what is collected. Try again, or collect less often.`,
      { status: 503, retryable: true },
    );
  }
  const batches = encoded.filter((batch) => batch.rows > 0).map((batch) => inside.saveNames(batch));
  const transfer = batches.flatMap(({ values, valid }) => (valid ? [values, valid] : [values]));
  counts.waiting += encoded.length;
  try {
    if (batches.length > 0) await inside.thread.ask('write', { batches }, { transfer });
  } finally {
    counts.waiting -= encoded.length;
  }
}

function count(inside: Inside, samples: number): void {
  inside.counts.batchesWritten++;
  inside.counts.samplesWritten += samples;
}

async function write(inside: Inside, plugin: string, batches: readonly SampleBatch[]): Promise<void> {
  const given = batches.map((batch) => ({ batch, shape: shapeOf(inside, plugin, batch.table) }));
  await send(
    inside,
    given.map(({ batch, shape }) => encodeBatch(shape, batch)),
  );
  for (const { batch, shape } of given) {
    count(inside, batch.rows.length * shape.columns.length);
    inside.latest.put(shape, batch);
    tell(inside, batch);
  }
}

/** The tables that a batch's metrics are of: one, unless several plugins share a table key. */
function shapesOf(inside: Inside, { table, columns }: ColumnBatch): Set<TableShape> {
  const shapes = new Set<TableShape>();
  for (const name of Object.keys(columns)) {
    const found = inside.index.get(`${table}.${name}`);
    if (!found) throw unknown(`There is no metric "${table}.${name}".`);
    shapes.add(found.shape);
  }
  return shapes;
}

async function writeColumns(inside: Inside, batches: readonly ColumnBatch[]): Promise<void> {
  const given = batches.flatMap((batch) => [...shapesOf(inside, batch)].map((shape) => ({ batch, shape })));
  await send(
    inside,
    given.map(({ batch, shape }) => encodeColumns(shape, batch)),
  );
  for (const { batch, shape } of given) {
    count(inside, batch.entities.length * shape.columns.length);
    inside.latest.putColumns(shape, batch);
    if (inside.listeners.size > 0) tell(inside, rowsOf(batch));
  }
}

async function stageFile(inside: Inside, file: string): Promise<{ path: string; format: 'csv' | 'parquet' }> {
  const format = ({ '.csv': 'csv', '.parquet': 'parquet' } as const)[extname(file).toLowerCase()];
  if (!format) throw badImport('The file must end in .csv or .parquet.');
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) throw badImport('There is no such file on the hub. Give the path of a file that the hub can read.');
  if (found.size > IMPORT_BYTES_MAX) throw badImport(`The file has ${found.size} bytes, more than ${IMPORT_BYTES_MAX}. Split it.`);
  const path = join(inside.folder, 'import', `${randomUUID()}.${format}`);
  await copyFile(file, path);
  return { path, format };
}

/** DuckDB may reach no file but its own: the file is copied into its import folder, and the copy removed again. */
async function importFile(inside: Inside, source: { shape: TableShape; file: string }, signal: AbortSignal): Promise<{ rows: number }> {
  signal.throwIfAborted();
  const { path, format } = await stageFile(inside, source.file);
  try {
    const result = await inside.thread.ask('import', { table: source.shape.name, path, format }, { signal });
    inside.latest.fill(await inside.thread.ask('latest', { table: source.shape.name }));
    return result;
  } finally {
    await rm(path, { force: true });
  }
}

async function sealDue(inside: Inside): Promise<void> {
  const { clock, hotDays = 2, retainDays = 400, rollupDays = 1200 } = inside.options;
  const before = dayOf(clock.now() - hotDays * DAY_MS);
  const retain = { samples: dayOf(clock.now() - retainDays * DAY_MS), rollups: dayOf(clock.now() - rollupDays * DAY_MS) };
  await inside.thread.ask('seal', { before, retainFrom: retain });
}

function sealByClock(inside: Inside): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let isOver = false;
  const check = (): void => {
    running = running
      .then(() => (isOver ? undefined : sealDue(inside)))
      .catch((error: unknown) => {
        if (!isOver) inside.options.log.error({ error }, 'sealing a day of metrics failed; it is tried again later');
      });
  };
  const timer = setInterval(check, SEAL_CHECK_MS);
  timer.unref();
  check();
  return async () => {
    isOver = true;
    clearInterval(timer);
    await running;
  };
}

function serve(inside: Inside, end: () => Promise<void>): MetricsStore {
  const { thread, latest, listeners, counts } = inside;
  const declared = new Map<string, Metric>();
  for (const { metrics } of inside.options.declared) {
    for (const [table, byName] of Object.entries(metrics ?? {})) {
      for (const [name, metric] of Object.entries(byName)) declared.set(`${table}.${name}`, metric);
    }
  }
  return {
    write: (plugin, batches) => write(inside, plugin, batches),
    writeColumns: (batches) => writeColumns(inside, batches),
    latest: (table, entities) => latest.get(table, entities),
    newest(metric) {
      const { shape, column } = foundOf(inside, metric);
      return latest.column(shape, column);
    },
    async query(query, signal) {
      const found = foundOf(inside, query.metric);
      checkQuery(query, found.column);
      return thread.ask('query', { table: found.shape.name, column: found.column.name, query: { ...query } }, { signal });
    },
    async windows(query, signal) {
      const found = foundOf(inside, query.metric);
      checkWindows(query);
      // What is saved must be sent.
      signal?.throwIfAborted();
      const { sent, names } = inside.saveTargets(query.targets);
      const asked = { table: found.shape.name, column: found.column.name, query: { ...query, targets: sent } };
      const { entities, ...matrix } = await thread.ask('windows', asked, { signal });
      return { ...matrix, entities: entities ?? names ?? [] };
    },
    async sql(text, { signal, timeoutMs = SQL_TIMEOUT_MS, rowsMax = SQL_ROWS }) {
      const limits = { timeoutMs: Math.min(timeoutMs, SQL_TIMEOUT_MS_MAX), rowsMax: Math.min(rowsMax, SQL_ROWS_MAX) };
      return thread.ask('sql', { text, ...limits }, { signal });
    },
    importFile: async (...[plugin, table, file, signal]) => importFile(inside, { shape: shapeOf(inside, plugin, table), file }, signal),
    declared: () => declared,
    onWrite(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async seal(untilDay) {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(untilDay)) throw badQuery('A day is written YYYY-MM-DD.');
      await thread.ask('seal', { before: untilDay, retainFrom: null });
    },
    stats: async () => ({ ...(await thread.ask('stats', {})), ...counts }),
    close: end,
    [Symbol.asyncDispose]: end,
  };
}

/**
 * Opens the metrics store under `<dataDir>/metrics`: DuckDB in a thread of its own, one per process and folder.
 * Errors: `metrics_locked` (another process or hub has it), `metrics_unreadable`, `metrics_name_invalid`, `metrics_kind_changed`.
 */
export async function openMetrics(options: MetricsOptions): Promise<MetricsStore> {
  const shapes = planTables(options.declared);
  const index = indexMetrics(shapes);
  const folder = join(options.dataDir, 'metrics');
  if (/[*?[\]]/.test(folder))
    throw new HubError('metrics_path_invalid', `The data folder ${folder} has one of * ? [ ] in its path. Choose another.`, {
      status: 400,
    });
  await mkdir(folder, { recursive: true });
  const release = claimFolder(folder);
  try {
    const thread = await superviseThread(
      { folder, tables: shapes },
      { log: options.log, onRestart: () => Object.assign(inside, { saveNames: createNameSaver(), saveTargets: createTargetSaver() }) },
    );
    const inside: Inside = {
      options,
      folder,
      thread,
      shapes: new Map(shapes.map((shape) => [`${shape.plugin}:${shape.table}`, shape])),
      index,
      latest: createLatest(),
      saveNames: createNameSaver(),
      saveTargets: createTargetSaver(),
      listeners: new Set(),
      counts: { waiting: 0, batchesWritten: 0, samplesWritten: 0 },
    };
    for (const shape of shapes) inside.latest.fill(await thread.ask('latest', { table: shape.name }));
    const stopSealing = sealByClock(inside);
    let ended: Promise<void> | null = null;
    const end = async (): Promise<void> => {
      await stopSealing();
      try {
        await thread.ask('close', {});
      } catch (error) {
        // What was acknowledged is in the journal or in the tables: the next start finds it.
        options.log.warn({ error }, 'the metrics database could not be closed in order');
      } finally {
        await thread.end();
        release();
      }
    };
    return serve(inside, () => (ended ??= end()));
  } catch (error) {
    release();
    throw error;
  }
}
