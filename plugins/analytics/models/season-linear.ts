import type { ModelName } from '../port.ts';
import type { Quantiles } from './model.ts';
import { addRow, normalOfWidth, ridgeOf } from './ridge.ts';
import {
  baseOf,
  FEATURE_MAX,
  seasonFeatureCount,
  seasonHistoryMin,
  trackOf,
  writeSeasonFeatures,
  type SeasonSizes,
  type Track,
} from './season-features.ts';

/**
 * A linear model over values of the same phase, shared by all series and all phases of a block: few weights, learned from many windows.
 * `log` sees ratios instead of differences, which suits loads that swing in proportion to their level.
 */
export interface SeasonTask extends SeasonSizes {
  readonly horizon: number;
  readonly log: boolean;
  /** What the median's weights make least: the absolute error (default), or its square. `npm run bench -- ett` chooses on validation. */
  readonly loss?: 'absolute' | 'square';
}

export interface SeasonLinear {
  readonly kind: 'season-linear';
  readonly task: SeasonTask;
  /** Weights of the median of each block of a quarter season, one after the other. */
  readonly weights: Blocks;
  /** How far p10 and p90 are away from it: a constant, and what the size of the features (their mean distance from 0) counts. */
  readonly low: Blocks;
  readonly high: Blocks;
}

type Blocks = readonly (readonly number[])[];

const PENALTY = 1e-3;
/** Rounds of re-weighting that turn least squares into least absolute error, or into another quantile. */
const ROUNDS = { absolute: 4, square: 0, tail: 8 } as const;
const TAIL_WIDTH = 2;
const SHARES = { low: 0.1, high: 0.9 } as const;
/** Errors below it count as squares: the middle of the absolute value is not sharp. */
const SHARP = 0.05;
const WINDOWS_MAX = 12_000;
/** Not a divisor of a day, so that all phases are seen. */
const STRIDE_MIN = 7;

export const seasonModelName = ({ log }: SeasonTask): ModelName => (log ? 'season-log' : 'season-linear');

const blockSteps = ({ season }: SeasonSizes): number => Math.max(1, Math.floor(season / 4));

/** Logs are of values above 0; a thousandth of the mean keeps the zeros of an idle machine finite. */
function transformOf(history: Float64Array, log: boolean): { forth: (value: number) => number; back: (value: number) => number } {
  if (!log) return { forth: (value) => value, back: (value) => value };
  let sum = 0;
  for (const value of history) sum += Math.abs(value);
  const floor = Math.max((1e-3 * sum) / Math.max(1, history.length), Number.MIN_VALUE);
  return { forth: (value) => Math.log(Math.max(0, value) + floor), back: (value) => Math.max(0, Math.exp(value) - floor) };
}

/** How much the series changes from one season to the next; of logs 1, since they are without unit already. */
function scaleOf(values: Float64Array, { season, log }: SeasonTask): number {
  if (log) return 1;
  let change = 0;
  let size = 0;
  for (let i = season; i < values.length; i++) {
    change += Math.abs((values[i] as number) - (values[i - season] as number));
    size += Math.abs(values[i] as number);
  }
  const count = Math.max(1, values.length - season);
  return Math.max(change / count, (0.02 * size) / count, 1e-12);
}

interface Prepared {
  readonly track: Track;
  readonly scale: number;
  readonly back: (value: number) => number;
}

function prepare(history: Float64Array, task: SeasonTask): Prepared {
  const { forth, back } = transformOf(history, task.log);
  const values = history.map(forth);
  return { track: trackOf(values), scale: scaleOf(values, task), back };
}

interface Window {
  readonly series: Prepared;
  readonly origin: number;
  readonly base: number;
}

function windowsOf(histories: readonly Float64Array[], task: SeasonTask): Window[] {
  const least = seasonHistoryMin(task);
  const room = histories.reduce((sum, { length }) => sum + Math.max(0, length - least - task.horizon), 0);
  const stride = Math.max(STRIDE_MIN, Math.ceil(room / WINDOWS_MAX) | 1);
  return histories.flatMap((history) => {
    const series = prepare(history, task);
    const windows: Window[] = [];
    for (let origin = history.length - task.horizon; origin >= least; origin -= stride) {
      windows.push({ series, origin, base: baseOf(series.track, origin, task) });
    }
    return windows;
  });
}

const clamp = (value: number): number => Math.max(-FEATURE_MAX, Math.min(FEATURE_MAX, value));

/** Rows and targets of one block of steps, of all windows. */
function rowsOf(windows: readonly Window[], task: SeasonTask, block: number): { rows: Float64Array; targets: Float64Array } {
  const steps = Array.from({ length: blockSteps(task) }, (_, i) => block * blockSteps(task) + i).filter((step) => step < task.horizon);
  const width = seasonFeatureCount(task);
  const rows = new Float64Array(windows.length * steps.length * width);
  const targets = new Float64Array(windows.length * steps.length);
  let row = 0;
  for (const { series, origin, base } of windows) {
    const { track, scale } = series;
    for (const step of steps) {
      writeSeasonFeatures(track, { origin, step, base, scale }, { rows, offset: row * width, sizes: task });
      targets[row++] = clamp(((track.values[origin + step] as number) - base) / scale);
    }
  }
  return { rows, targets };
}

const dot = (rows: Float64Array, offset: number, weights: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (rows[offset + i] as number) * (weights[i] as number);
  return sum;
};

interface Rows {
  readonly rows: Float64Array;
  readonly targets: Float64Array;
}

/** Least pinball loss (of the median: least absolute error), by least squares whose rows weigh less the further off they were, and by the side that they were off to. */
function fitRows({ rows, targets }: Rows, width: number, { share, rounds }: { share: number; rounds: number }): number[] {
  let weights: Float64Array | undefined;
  for (let round = 0; round <= rounds; round++) {
    const normal = normalOfWidth(width);
    for (const [row, target] of targets.entries()) {
      const error = weights === undefined ? 0 : target - dot(rows, row * width, weights);
      const side = 2 * (error > 0 ? share : 1 - share);
      const importance = weights === undefined ? 1 : side / Math.max(SHARP, Math.abs(error));
      addRow(normal, rows, { row, y: target, weight: importance });
    }
    weights = ridgeOf(normal, PENALTY);
  }
  return [...(weights ?? [])];
}

/** Mean distance of a row's features from 0: how restless the series was. */
function sizeOf(rows: Float64Array, offset: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += Math.abs(rows[offset + i] as number);
  return sum / width;
}

/** What the median leaves over, beside what it may depend on. */
function leftOver({ rows, targets }: Rows, width: number, middle: readonly number[]): Rows {
  const sizes = new Float64Array(targets.length * TAIL_WIDTH);
  for (let row = 0; row < targets.length; row++) sizes.set([1, sizeOf(rows, row * width, width)], row * TAIL_WIDTH);
  return { rows: sizes, targets: targets.map((target, row) => target - dot(rows, row * width, middle)) };
}

/** Learns from all windows of all series; undefined when there is none long enough. The same series give the same weights. */
export function trainSeasonLinear(histories: readonly Float64Array[], task: SeasonTask): SeasonLinear | undefined {
  const windows = windowsOf(histories, task);
  if (windows.length === 0) return undefined;
  const blocks = Math.ceil(task.horizon / blockSteps(task));
  const width = seasonFeatureCount(task);
  const fitted = Array.from({ length: blocks }, (_, block) => {
    const rows = rowsOf(windows, task, block);
    const middle = fitRows(rows, width, { share: 0.5, rounds: ROUNDS[task.loss ?? 'absolute'] });
    const rest = leftOver(rows, width, middle);
    const tail = (share: number): number[] => fitRows(rest, TAIL_WIDTH, { share, rounds: ROUNDS.tail });
    return { middle, low: tail(SHARES.low), high: tail(SHARES.high) };
  });
  return {
    kind: 'season-linear',
    task,
    weights: fitted.map(({ middle }) => middle),
    low: fitted.map(({ low }) => low),
    high: fitted.map(({ high }) => high),
  };
}

/** Continues a history of at least `seasonHistoryMin` steps by the horizon. */
export function applySeasonLinear({ task, weights, low, high }: SeasonLinear, history: Float64Array): Quantiles {
  const { track, scale, back } = prepare(history, task);
  const origin = history.length;
  const base = baseOf(track, origin, task);
  const row = new Float64Array(seasonFeatureCount(task));
  const [p10, p50, p90] = [new Float64Array(task.horizon), new Float64Array(task.horizon), new Float64Array(task.horizon)];
  for (let step = 0; step < task.horizon; step++) {
    writeSeasonFeatures(track, { origin, step, base, scale }, { rows: row, offset: 0, sizes: task });
    const block = Math.floor(step / blockSteps(task));
    const middle = dot(row, 0, weights[block] ?? []);
    const size = sizeOf(row, 0, row.length);
    const away = (blocks: Blocks): number => (blocks[block]?.[0] ?? 0) + size * (blocks[block]?.[1] ?? 0);
    p50[step] = back(base + scale * middle);
    p10[step] = back(base + scale * (middle + Math.min(0, away(low))));
    p90[step] = back(base + scale * (middle + Math.max(0, away(high))));
  }
  return { p10, p50, p90 };
}
