import { setImmediate as breathe } from 'node:timers/promises';
import type { Log, Metrics, WindowMatrix, WindowQuery } from 'novacron/plugin';
import { keyOf, tableOf, type Source } from './source.ts';
import { seriesKey, type TableView } from './tables.ts';

/** Reads the columns of values that rules judge: from memory, or by one query for all things. */
export interface Columns {
  /** `sources` and the answer by the keys of sources. */
  read(
    sources: ReadonlyMap<string, Source>,
    options: { readonly at: number; readonly view: (table: string) => TableView; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, Float64Array>>;
}

export interface ColumnsOptions {
  readonly metrics: Pick<Metrics, 'windows'>;
  readonly log: Log;
  readonly everyMs: number;
}

/** A long window moves slowly: it is read anew after this part of it. */
const WINDOW_PART = 20;
const SLICE = 2000;

type Window = Extract<Source, { is: 'window' }>;

/** All metrics that a source reads the newest value of, by table. */
export function newestOf(source: Source): readonly string[] {
  switch (source.is) {
    case 'newest':
      return [source.metric];
    case 'quotient':
    case 'difference':
      return [...newestOf(source.a), ...newestOf(source.b)];
    case 'window':
    case 'age':
    case 'own':
      return [];
  }
}

export function windowsOf(source: Source): readonly Window[] {
  if (source.is === 'window') return [source];
  return source.is === 'quotient' || source.is === 'difference' ? [...windowsOf(source.a), ...windowsOf(source.b)] : [];
}

type WindowIn = Pick<Window, 'metric' | 'function' | 'parameter' | 'windowMs' | 'agoMs'>;

/** A window at the instants of a grid; one instant when `to` is `from`. */
export function windowQuery(window: WindowIn, grid: { readonly from: number; readonly to: number; readonly stepMs: number }): WindowQuery {
  const { metric, parameter, windowMs, agoMs } = window;
  const [from, to] = [Math.round(grid.from - agoMs), Math.round(grid.to - agoMs)];
  const optional = parameter === null ? {} : { parameter };
  return { metric, targets: null, from, to, stepMs: grid.stepMs, windowMs, function: window.function, ...optional };
}

/** The values at the places of their rows: cells by step, then by row. */
export async function place(matrix: WindowMatrix, indexOf: ReadonlyMap<string, number>, width: number): Promise<Float64Array> {
  const { entities, devices, steps, values } = matrix;
  const cells = new Float64Array(width * steps).fill(Number.NaN);
  for (let series = 0; series < entities.length; series++) {
    const index = indexOf.get(seriesKey(entities[series] ?? '', devices[series]));
    if (index !== undefined)
      for (let step = 0; step < steps; step++) cells[step * width + index] = values[series * steps + step] ?? Number.NaN;
    if (series % SLICE === SLICE - 1) await breathe();
  }
  return cells;
}

function combine(a: Float64Array, b: Float64Array, by: (a: number, b: number) => number): Float64Array {
  return Float64Array.from(a, (value, index) => by(value, b[index] ?? Number.NaN));
}

/** Division by nothing says nothing. */
const divide = (a: number, b: number): number => (b === 0 ? Number.NaN : a / b);

/** A source's column out of those that were read. */
export function compose(source: Source, read: (leaf: Source) => Float64Array): Float64Array {
  switch (source.is) {
    case 'newest':
    case 'window':
    case 'age':
    case 'own':
      return read(source);
    case 'quotient':
      return combine(compose(source.a, read), compose(source.b, read), divide);
    case 'difference':
      return combine(compose(source.a, read), compose(source.b, read), (a, b) => a - b);
  }
}

interface Cached {
  readonly column: Float64Array;
  readonly rows: TableView['rows'];
  readonly readAt: number;
}

export function createColumns({ metrics, log, everyMs }: ColumnsOptions): Columns {
  const cache = new Map<string, Cached>();

  async function readWindow(window: Window, options: { at: number; view: TableView; signal: AbortSignal }): Promise<Cached | undefined> {
    const { at, view, signal } = options;
    const key = keyOf(window);
    const before = cache.get(key);
    // A look that comes a little early must not skip a beat.
    const freshMs = Math.max(everyMs, window.windowMs / WINDOW_PART) * 0.9;
    if (before && before.rows === view.rows && Math.abs(at - before.readAt) < freshMs) return before;
    const matrix = await metrics.windows(windowQuery(window, { from: at, to: at, stepMs: 1000 }), signal);
    const cached = { column: await place(matrix, view.indexOf, view.rows.length), rows: view.rows, readAt: at };
    cache.set(key, cached);
    return cached;
  }
  return {
    async read(sources, { at, view, signal }) {
      const windows = new Map([...sources.values()].flatMap(windowsOf).map((window) => [keyOf(window), window]));
      for (const key of cache.keys()) if (!windows.has(key)) cache.delete(key);
      const tasks = [...windows].map(
        async ([key, window]) => [key, await readWindow(window, { at, view: view(tableOf(window.metric)), signal })] as const,
      );
      const settled = await Promise.allSettled(tasks);
      signal.throwIfAborted();
      for (const one of settled) if (one.status === 'rejected') log.warn({ err: one.reason }, 'values for alert rules could not be read');
      const read = new Map(
        settled.flatMap((one) => (one.status === 'fulfilled' && one.value[1] ? [[one.value[0], one.value[1].column]] : [])),
      );
      const leaf = (source: Source): Float64Array => {
        if (source.is === 'age') return view(source.table).ages;
        const metric = source.is === 'newest' || source.is === 'window' ? source.metric : '';
        const { newest, rows } = view(tableOf(metric));
        const found = source.is === 'newest' ? newest.get(metric.slice(metric.lastIndexOf('.') + 1)) : read.get(keyOf(source));
        return found ?? new Float64Array(rows.length).fill(Number.NaN);
      };
      const columns = new Map<string, Float64Array>();
      for (const [key, source] of sources) {
        columns.set(key, compose(source, leaf));
        await breathe();
      }
      return columns;
    },
  };
}
