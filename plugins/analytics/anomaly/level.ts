import { at } from './state.ts';

/** The usual range of a series: its 2nd, 10th, 50th, 90th and 98th percentile, each followed by small steps. Robust, and a handful of numbers. */

const ETA = 1 / 1000;
const SPREAD_ETA = 1 / 500;
const WARMUP_ROWS = 50;
const QUANTILES = [0.02, 0.1, 0.5, 0.9, 0.98] as const;

const ROWS = 0;
const SPREAD = 1;
const FIRST = 2;
const [LOWEST, LOW, MIDDLE, HIGH, HIGHEST] = [FIRST, FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 4] as const;

export const LEVEL_LENGTH = FIRST + QUANTILES.length;

export interface Range {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** 10th, 50th and 90th percentile. */
export const rangeOf = (state: Float64Array): Range => ({
  low: at(state, LOW),
  middle: at(state, MIDDLE),
  high: at(state, HIGH),
});

/** Width of what is usual; never 0. */
export const widthOf = (state: Float64Array): number =>
  Math.max(at(state, HIGHEST) - at(state, LOWEST), Math.abs(at(state, HIGHEST)) * 1e-3, 1e-9);

/** Distance from the median in units of the distance to the percentile on that side. */
export function distance(state: Float64Array, value: number): number {
  if (at(state, ROWS) < WARMUP_ROWS) return 0;
  const { low, middle, high } = rangeOf(state);
  const floor = Math.max((high - low) / 2.56, 1e-9 + Math.abs(middle) * 1e-3) / 2;
  return value > middle ? (value - middle) / Math.max(floor, high - middle) : (middle - value) / Math.max(floor, middle - low);
}

export function follow(state: Float64Array, value: number): void {
  const rows = at(state, ROWS) + 1;
  state[ROWS] = rows;
  if (rows === 1) {
    state.fill(value, FIRST, LEVEL_LENGTH);
    return;
  }
  const spread = at(state, SPREAD);
  const deviation = Math.abs(value - at(state, MIDDLE));
  state[SPREAD] = spread + (deviation - spread) * Math.max(SPREAD_ETA, 1 / rows);
  const step = Math.max(ETA, 1 / rows) * 3 * at(state, SPREAD);
  for (const [i, share] of QUANTILES.entries()) {
    const index = FIRST + i;
    state[index] = at(state, index) + (value < at(state, index) ? share - 1 : share) * step;
  }
}
