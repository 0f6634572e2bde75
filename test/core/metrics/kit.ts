import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Frame, Log, Metric, SampleBatch } from '../../../core/contract.ts';
import { encodeBatch } from '../../../core/metrics/encode.ts';
import { openMetrics, type MetricsOptions, type MetricsStore } from '../../../core/metrics/metrics.ts';
import { closeStore, openStore } from '../../../core/metrics/open.ts';
import { planTables } from '../../../core/metrics/schema.ts';
import { sealBefore } from '../../../core/metrics/sealed.ts';
import { openViews } from '../../../core/metrics/sql-views.ts';
import type { Store } from '../../../core/metrics/store.ts';

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

const metric = (kind: Metric['kind'], unit: Metric['unit']): Metric => ({ kind, unit, help: 'For a test.' });

export const METRICS = {
  vm: {
    cpuTimeSeconds: metric('counter', 'seconds'),
    sent: metric('counter', 'bytes'),
    cpuRatio: metric('gauge', 'ratio'),
  },
  'vm.disk': { readBytes: metric('counter', 'bytes') },
} as const;

/** Noon of a Wednesday. */
export const NOW = Date.UTC(2026, 0, 7, 12);
export const DAY_MS = 86_400_000;
export const NEVER = new AbortController().signal;

export interface TestFolder extends AsyncDisposable {
  readonly dataDir: string;
}

export async function testFolder(): Promise<TestFolder> {
  const dataDir = await mkdtemp(join(tmpdir(), 'novacron-metrics-'));
  return { dataDir, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) };
}

export const openTest = (dataDir: string, more: Partial<MetricsOptions> & { clock?: Clock } = {}): Promise<MetricsStore> =>
  openMetrics({ dataDir, clock: { now: () => NOW }, log: silent, declared: [{ plugin: 'monitoring', metrics: METRICS }], ...more });

/** A store in its own folder; both go at the end. */
export async function testMetrics(more: Partial<MetricsOptions> = {}): Promise<MetricsStore & { readonly dataDir: string }> {
  const folder = await testFolder();
  const metrics = await openTest(folder.dataDir, more);
  const end = async (): Promise<void> => {
    await metrics.close();
    await folder[Symbol.asyncDispose]();
  };
  return { ...metrics, dataDir: folder.dataDir, [Symbol.asyncDispose]: end };
}

export function valuesOf(frame: Frame, name = 'value'): readonly (number | string | boolean | null)[] {
  const field = frame.fields.find((one) => one.name === name);
  if (!field) throw new Error(`no field ${name} in ${frame.fields.map((one) => one.name).join(', ')}`);
  return field.values;
}

/** The rows of a frame as arrays. */
export const rowsOf = (frame: Frame): unknown[][] =>
  (frame.fields[0]?.values ?? []).map((_, index) => frame.fields.map((field) => field.values[index]));

export interface BareStore extends AsyncDisposable {
  readonly store: Store;
  write(batches: readonly SampleBatch[]): Promise<void>;
  read(sql: string): Promise<unknown[][]>;
  seal(before: string): Promise<number>;
}

/** The same store in this thread, for what does not need one of its own: it opens five times as fast. */
export async function openBare(dataDir: string): Promise<BareStore> {
  const tables = planTables([{ plugin: 'monitoring', metrics: METRICS }]);
  const store = await openStore({ folder: join(dataDir, 'metrics'), tables });
  return {
    store,
    async write(batches) {
      const encoded = batches.map((batch) => {
        const { names, ...rest } = encodeBatch(
          tables.find((shape) => shape.table === batch.table)!,
          batch,
        );
        return { ...rest, names: names! };
      });
      await store.tail.write(encoded);
      await store.tail.flush();
    },
    async read(sql) {
      const connection = await store.db.connect();
      await openViews(store, connection, { views: new Set(['vm', 'vm_disk']), columns: null });
      const rows = (await connection.runAndReadAll(sql)).getRows();
      connection.closeSync();
      return rows;
    },
    seal: (before) => sealBefore(store, before),
    [Symbol.asyncDispose]: () => closeStore(store),
  };
}
