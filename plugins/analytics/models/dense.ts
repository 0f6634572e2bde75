import { DAYS_OF_WEEK, type Quantiles } from './model.ts';
import { FEATURE_MAX } from './season-features.ts';

/**
 * How a model that is trained across series sees the latest values: `nlinear` relative to the last one; `dlinear` taken apart into a moving mean
 * and what remains; `tide` with the time of the week of what is forecast.
 */
export type DenseForm = 'nlinear' | 'dlinear' | 'tide';

export interface DenseTask {
  readonly form: DenseForm;
  /** Steps of a day. */
  readonly season: number;
  /** Steps looked at. */
  readonly input: number;
  readonly horizon: number;
}

const DAY_MS = 86_400_000;

/** Values of a row as the model sees it. */
export const rowWidth = ({ form, input }: DenseTask): number => (form === 'dlinear' ? 2 * input : input);

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

/** … and relative to its last value (`nlinear`) or the mean of its last season. */
export function baseAt(history: Float64Array, origin: number, { season, form }: DenseTask): number {
  if (form === 'nlinear') return history[origin - 1] ?? 0;
  let sum = 0;
  for (let i = origin - season; i < origin; i++) sum += history[i] ?? 0;
  return sum / season;
}

/** A burst after a long quiet time must not count for thousands of ordinary values. */
export const bounded = (value: number): number => Math.max(-FEATURE_MAX, Math.min(FEATURE_MAX, value));

/** Splits `row` (as wide as the input) in place of its first half: the mean of a season around each value, then what remains. Beyond its ends a row goes on as it ends. */
function decompose(row: Float64Array, { input, season }: DenseTask): void {
  const reach = Math.max(1, Math.floor(season / 2));
  const at = (i: number): number => row[Math.max(0, Math.min(input - 1, i))] as number;
  let sum = 0;
  for (let i = -reach; i <= reach; i++) sum += at(i);
  const trend = new Float64Array(input);
  for (let i = 0; i < input; i++) {
    trend[i] = sum / (2 * reach + 1);
    sum += at(i + reach + 1) - at(i - reach);
  }
  for (let i = 0; i < input; i++) row[input + i] = (row[i] as number) - (trend[i] as number);
  row.set(trend);
}

/** What stands before `origin`, as the model sees it. */
export function rowAt(
  history: Float64Array,
  origin: number,
  seen: { readonly task: DenseTask; base: number; scale: number },
): Float64Array {
  const { task, base, scale } = seen;
  const row = new Float64Array(rowWidth(task));
  for (let i = 0; i < task.input; i++) row[i] = bounded(((history[origin - task.input + i] ?? 0) - base) / scale);
  if (task.form === 'dlinear') decompose(row, task);
  return row;
}

/** How restless the latest values were: mean distance from the base over a quarter of a season, a season, and all that is looked at. */
export const SPREAD_FEATURES = 3;
export function spreadAt(history: Float64Array, origin: number, seen: { readonly task: DenseTask; base: number; scale: number }): number[] {
  const { task, base, scale } = seen;
  return [Math.max(1, Math.floor(task.season / 4)), task.season, task.input].map((steps) => {
    let sum = 0;
    for (let i = origin - steps; i < origin; i++) sum += Math.abs(bounded(((history[i] ?? 0) - base) / scale));
    return sum / steps;
  });
}

/** What is known of a future step: its hour of the day and its day of the week, each as a point on a circle. */
export const CALENDAR_FEATURES = 4;

/** Of each step of a week, the first that of the epoch. */
export function calendarOf(season: number): Float32Array {
  const steps = DAYS_OF_WEEK * season;
  const table = new Float32Array(steps * CALENDAR_FEATURES);
  for (let step = 0; step < steps; step++) {
    const [day, week] = [(2 * Math.PI * step) / season, (2 * Math.PI * step) / steps];
    table.set([Math.sin(day), Math.cos(day), Math.sin(week), Math.cos(week)], step * CALENDAR_FEATURES);
  }
  return table;
}

/** The step of the week at `steps` after `beganAt` (epoch milliseconds). */
export function weekStepAt(beganAt: number, steps: number, season: number): number {
  const size = DAYS_OF_WEEK * season;
  return (((Math.round((beganAt * season) / DAY_MS) + steps) % size) + size) % size;
}

/** All weights learn at the same pace; how far p10 and p90 are away must be found within the same few steps, so a weight of theirs counts as many times. */
export const SPREAD_PACE = 20;

export const softplus = (value: number): number => (value > 30 ? value : Math.log1p(Math.exp(value)));

/** What `softplus` makes `value` of, which is above 0. */
export const softplusInverse = (value: number): number => (value > 30 ? value : Math.log(Math.expm1(value)));

/** From what a model says, in its own units, to values: `below` and `above` become what p10 and p90 are away from the median, times the pace, by softplus. */
export function quantilesOf(
  said: { median: Float64Array; below: Float64Array; above: Float64Array },
  base: number,
  scale: number,
): Quantiles {
  const p50 = said.median.map((value) => base + scale * value);
  return {
    p10: p50.map((value, step) => value - scale * softplus(SPREAD_PACE * (said.below[step] as number))),
    p50,
    p90: p50.map((value, step) => value + scale * softplus(SPREAD_PACE * (said.above[step] as number))),
  };
}

/** A layer as plain numbers: `matrix` row by row, as many rows as inputs; `bias` as wide as the output. */
export interface Layer {
  readonly matrix: readonly number[];
  readonly bias: readonly number[];
}

/** What a layer makes of `row`. */
export function applyLayer({ matrix, bias }: Layer, row: ArrayLike<number>): Float64Array {
  const sums = Float64Array.from(bias);
  const width = sums.length;
  for (let i = 0; i < row.length; i++) {
    const value = row[i] as number;
    if (value === 0) continue;
    for (let j = 0; j < width; j++) sums[j] = (sums[j] as number) + value * (matrix[i * width + j] as number);
  }
  return sums;
}
