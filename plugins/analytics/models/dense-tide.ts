import {
  applyLayer,
  baseAt,
  CALENDAR_FEATURES,
  calendarOf,
  quantilesOf,
  rowAt,
  scaleOf,
  weekStepAt,
  type DenseTask,
  type Layer,
} from './dense.ts';
import type { Quantiles } from './model.ts';

/** A dense residual block: a hidden layer beside a linear way past it; with `norm` their sum is brought to mean 0 and deviation 1, then scaled and shifted. */
export interface Block {
  readonly inner: Layer;
  readonly outer: Layer;
  readonly skip: Layer;
  readonly norm: { readonly gain: readonly number[]; readonly shift: readonly number[] } | null;
}

/**
 * After TiDE, small: the lookback and the time of the week go through the encoder's blocks, the decoder makes a few numbers for each step ahead, and
 * a last block joins each step's numbers with what is known of that step (hour of the day, day of the week) to its three quantiles. A linear map of the
 * lookback leads past all of it.
 */
export interface DenseTide {
  readonly kind: 'dense-tide';
  readonly task: DenseTask;
  readonly encoder: readonly Block[];
  readonly decoder: Block;
  /** Shared by all steps. */
  readonly step: Block;
  readonly past: Layer;
  /** Of each step: how far p10 and p90 are away before the network has a say. */
  readonly below: readonly number[];
  readonly above: readonly number[];
}

/** Of the encoder and of hidden layers; of the last block. */
export const TIDE_WIDTH = 64;
export const TIDE_STEP_WIDTH = 16;
/** Numbers that the decoder makes for each step. */
export const TIDE_DECODED = 4;
export const NORM_FLOOR = 1e-5;

function normalized(values: Float64Array, { gain, shift }: NonNullable<Block['norm']>): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const factor = 1 / Math.sqrt(variance + NORM_FLOOR);
  return values.map((value, i) => (value - mean) * factor * (gain[i] ?? 1) + (shift[i] ?? 0));
}

function applyBlock({ inner, outer, skip, norm }: Block, row: ArrayLike<number>): Float64Array {
  const hidden = applyLayer(inner, row).map((value) => Math.max(0, value));
  const straight = applyLayer(skip, row);
  const sum = applyLayer(outer, hidden).map((value, i) => value + (straight[i] as number));
  return norm === null ? sum : normalized(sum, norm);
}

/** Continues a history of at least `input` steps, the first of which began at `beganAt` (epoch milliseconds), by the horizon. */
export function applyTide(
  { task, encoder, decoder, step: last, past, ...away }: DenseTide,
  history: Float64Array,
  beganAt: number,
): Quantiles {
  const { season, horizon } = task;
  const scale = scaleOf(history, season);
  const base = baseAt(history, history.length, task);
  const row = rowAt(history, history.length, { task, base, scale });
  const calendar = calendarOf(season);
  const known = (steps: number): Float32Array => {
    const at = weekStepAt(beganAt, steps, season) * CALENDAR_FEATURES;
    return calendar.subarray(at, at + CALENDAR_FEATURES);
  };
  const encoded = encoder.reduce<ArrayLike<number>>((values, block) => applyBlock(block, values), [...row, ...known(history.length)]);
  const decoded = applyBlock(decoder, encoded);
  const median = applyLayer(past, row);
  const [below, above] = [Float64Array.from(away.below), Float64Array.from(away.above)];
  for (let step = 0; step < horizon; step++) {
    const own = decoded.subarray(step * TIDE_DECODED, (step + 1) * TIDE_DECODED);
    const [m = 0, b = 0, a = 0] = applyBlock(last, [...own, ...known(history.length + step)]);
    median[step] = (median[step] as number) + m;
    below[step] = (below[step] as number) + b;
    above[step] = (above[step] as number) + a;
  }
  return quantilesOf({ median, below, above }, base, scale);
}
