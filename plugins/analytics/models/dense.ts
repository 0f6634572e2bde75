import { FEATURE_MAX } from './season-features.ts';

/**
 * A model that sees the latest values as they are: one matrix (NLinear), and, with `hidden` above 0, a small network beside it that adds what is
 * not linear (as in TiDE, the matrix is the way past it).
 */
export interface DenseTask {
  readonly season: number;
  /** Steps looked at. */
  readonly input: number;
  readonly horizon: number;
  readonly hidden: number;
}

export interface Dense {
  readonly kind: 'dense';
  readonly task: DenseTask;
  /** Row by row; `input` x `horizon`. */
  readonly matrix: readonly number[];
  readonly bias: readonly number[];
  /** Empty when `hidden` is 0; `input` x `hidden`, and `hidden` x `horizon`. */
  readonly inner: readonly number[];
  readonly innerBias: readonly number[];
  readonly outer: readonly number[];
}

/** A history is seen in units of its change from season to season … */
export function scaleOf(history: Float64Array, season: number): number {
  let change = 0;
  let size = 0;
  const lag = Math.min(season, Math.max(1, Math.floor(history.length / 2)));
  for (let i = lag; i < history.length; i++) {
    change += Math.abs((history[i] as number) - (history[i - lag] as number));
    size += Math.abs(history[i] as number);
  }
  const count = Math.max(1, history.length - lag);
  return Math.max(change / count, (0.02 * size) / count, 1e-12);
}

/** … and relative to its last value (by a network: to the mean of its last season). */
export function baseAt(history: Float64Array, origin: number, { season, hidden }: DenseTask): number {
  if (hidden === 0) return history[origin - 1] ?? 0;
  let sum = 0;
  for (let i = origin - season; i < origin; i++) sum += history[i] ?? 0;
  return sum / season;
}

/** A burst after a long quiet time must not count for thousands of ordinary values. */
export const bounded = (value: number): number => Math.max(-FEATURE_MAX, Math.min(FEATURE_MAX, value));

/** Adds `row` times `matrix` (as wide as `sums`) to `sums`. */
function addProduct(sums: Float64Array, row: ArrayLike<number>, matrix: ArrayLike<number>): void {
  const width = sums.length;
  for (let i = 0; i < row.length; i++) {
    const value = row[i] as number;
    if (value === 0) continue;
    for (let j = 0; j < width; j++) sums[j] = (sums[j] as number) + value * (matrix[i * width + j] as number);
  }
}

/** Continues a history of at least `input` steps by the horizon. */
export function applyDense({ task, matrix, bias, inner, innerBias, outer }: Dense, history: Float64Array): Float64Array {
  const scale = scaleOf(history, task.season);
  const base = baseAt(history, history.length, task);
  const row = history.slice(-task.input).map((value) => bounded((value - base) / scale));
  const sums = Float64Array.from(bias);
  addProduct(sums, row, matrix);
  if (task.hidden > 0) {
    const hidden = Float64Array.from(innerBias);
    addProduct(hidden, row, inner);
    addProduct(
      sums,
      hidden.map((value) => Math.max(0, value)),
      outer,
    );
  }
  return sums.map((value) => base + scale * value);
}
