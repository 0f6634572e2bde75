import { setImmediate as breathe } from 'node:timers/promises';
import type { Aggregate, Frame, MetricQuery, Metrics } from 'novacron/plugin';
import { compose } from './columns.ts';
import { tableOf, type Source } from './source.ts';
import { seriesKey } from './tables.ts';

/** Instants of the past at which a rule is looked at: `from + stepMs`, `from + 2 * stepMs` … */
export interface Grid {
  readonly from: number;
  readonly stepMs: number;
  readonly steps: number;
  /** Place of each series: `<entity>[/<device>]`. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** Entities to ask for; empty: all. */
  readonly targets: readonly string[];
  /** A metric whose samples say that there was one at all. */
  readonly presence: string | null;
}

/** Rows of one answer: larger ones would hold up the main loop while they are taken over. */
const ROWS_MAX = 20_000;
/** A value that is older says nothing of its instant. */
const FRESH_MS = 300_000;
const SLICE = 200_000;

/** Cells by step, then by thing; NaN where there is nothing. */
type Cells = Float64Array;

function put(cells: Cells, frame: Frame, { grid, first }: { grid: Grid; first: number }): void {
  const field = (name: string) => frame.fields.find((one) => one.name === name)?.values ?? [];
  const [times, entities, devices, values] = [field('time'), field('entity'), field('device'), field('value')];
  const { indexOf, stepMs } = grid;
  for (let nth = 0; nth < values.length; nth++) {
    const index = indexOf.get(seriesKey(String(entities[nth]), devices[nth] as string | null | undefined));
    const value = values[nth];
    if (index === undefined || typeof value !== 'number') continue;
    const step = Math.round((Number(times[nth]) - first) / stepMs);
    const at = step * indexOf.size + index;
    if (at >= 0 && at < cells.length) cells[at] = value;
  }
}

/** One value a step and thing: the aggregate of the samples in the step that ends there. */
async function buckets(
  metrics: Pick<Metrics, 'query'>,
  grid: Grid,
  {
    metric,
    aggregate,
    before,
    agoMs,
    signal,
  }: { metric: string; aggregate: Aggregate; before: number; agoMs: number; signal: AbortSignal },
): Promise<Cells> {
  const { stepMs, indexOf, targets } = grid;
  const steps = grid.steps + before;
  const first = grid.from - before * stepMs - agoMs;
  const cells = new Float64Array(steps * indexOf.size).fill(Number.NaN);
  const perQuery = Math.max(1, Math.floor(ROWS_MAX / Math.max(1, indexOf.size)));
  for (let step = 0; step < steps; step += perQuery) {
    const from = first + step * stepMs;
    const to = first + Math.min(steps, step + perQuery) * stepMs;
    const query: MetricQuery = { metric, targets, from, to, stepSeconds: stepMs / 1000, aggregate, buckets: 'from' };
    put(cells, await metrics.query(query, signal), { grid, first });
    await breathe();
  }
  return cells;
}

/** Carries a value on for as long as it is fresh. */
function carry(cells: Cells, { indexOf, stepMs }: Grid): Cells {
  const width = indexOf.size;
  const stepsMax = Math.floor(FRESH_MS / stepMs);
  const age = new Float64Array(width).fill(Infinity);
  for (let at = width; at < cells.length; at++) {
    const index = at % width;
    if (!Number.isNaN(cells[at])) age[index] = 0;
    else if ((age[index] = (age[index] ?? Infinity) + 1) <= stepsMax) cells[at] = cells[at - width] ?? Number.NaN;
  }
  return cells;
}

const COMBINED: Partial<Record<Aggregate, (values: readonly number[]) => number>> = {
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  last: (values) => values.at(-1) ?? Number.NaN,
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
};
const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Windows that are some steps long, one ending at each step. Percentiles cannot be put together: their step is their window. */
async function slide(cells: Cells, { width, count, aggregate }: { width: number; count: number; aggregate: Aggregate }): Promise<Cells> {
  if (count <= 1) return cells;
  const combine = COMBINED[aggregate] ?? meanOf;
  const out = new Float64Array(cells.length - (count - 1) * width);
  for (let at = 0; at < out.length; at++) {
    const values: number[] = [];
    for (let nth = 0; nth < count; nth++) {
      const value = cells[at + nth * width] ?? Number.NaN;
      if (!Number.isNaN(value)) values.push(value);
    }
    out[at] = values.length === 0 ? Number.NaN : combine(values);
    if ((at * count) % SLICE === 0) await breathe();
  }
  return out;
}

/** Seconds since the newest sample at each step; NaN before the first. */
function ages(present: Cells, { indexOf, stepMs }: Grid): Cells {
  const width = indexOf.size;
  const age = new Float64Array(width).fill(Number.NaN);
  return present.map((value, at) => (age[at % width] = Number.isNaN(value) ? (age[at % width] ?? Number.NaN) + stepMs / 1000 : 0));
}

type Leaf = Extract<Source, { is: 'newest' | 'window' | 'age' }>;

async function readLeaf(
  metrics: Pick<Metrics, 'query'>,
  grid: Grid,
  { leaf, signal }: { leaf: Leaf; signal: AbortSignal },
): Promise<Cells> {
  const width = grid.indexOf.size;
  if (leaf.is === 'newest') {
    const fresh = Math.ceil(FRESH_MS / grid.stepMs);
    const cells = await buckets(metrics, grid, { metric: leaf.metric, aggregate: 'last', before: fresh, agoMs: 0, signal });
    return carry(cells, grid).subarray(fresh * width);
  }
  if (leaf.is === 'age') {
    if (grid.presence === null) return new Float64Array(grid.steps * width).fill(Number.NaN);
    return ages(await buckets(metrics, grid, { metric: grid.presence, aggregate: 'last', before: 0, agoMs: 0, signal }), grid);
  }
  const { metric, aggregate, windowMs, agoMs } = leaf;
  const count = Math.max(1, Math.round(windowMs / grid.stepMs));
  const cells = await buckets(metrics, grid, { metric, aggregate, before: count - 1, agoMs, signal });
  return slide(cells, { width, count, aggregate });
}

function leavesOf(source: Source): readonly Leaf[] {
  switch (source.is) {
    case 'quotient':
    case 'difference':
      return [...leavesOf(source.a), ...leavesOf(source.b)];
    case 'newest':
    case 'window':
    case 'age':
      return [source];
    case 'own':
      return [];
  }
}

/** The values of a source over a grid of the past, from what was recorded. */
export async function readHistory(
  metrics: Pick<Metrics, 'query'>,
  grid: Grid,
  { source, signal }: { source: Source; signal: AbortSignal },
): Promise<Cells> {
  const read = new Map<Source, Cells>();
  for (const leaf of leavesOf(source)) read.set(leaf, await readLeaf(metrics, grid, { leaf, signal }));
  return compose(source, (leaf) => read.get(leaf) ?? new Float64Array(grid.steps * grid.indexOf.size).fill(Number.NaN));
}

/** The table whose things a source is about. */
export function tableOfSource(source: Source): string | null {
  const [leaf] = leavesOf(source);
  if (leaf === undefined) return null;
  return leaf.is === 'age' ? leaf.table : tableOf(leaf.metric);
}
