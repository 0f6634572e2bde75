import { at } from './state.ts';

/** The last values of something, for means over them. */

const ROWS = 0;
const FIRST = 1;

export const windowLength = (rows: number): number => FIRST + rows;

/** The value `back` rows ago; the oldest when there are not that many. 0 is the newest. */
export function recall(state: Float64Array, back: number): number {
  const rows = state.length - FIRST;
  const seen = at(state, ROWS);
  const age = Math.min(back, Math.min(seen, rows) - 1);
  return at(state, FIRST + ((seen - 1 - age) % rows));
}

export function remember(state: Float64Array, value: number): void {
  const seen = at(state, ROWS);
  state[FIRST + (seen % (state.length - FIRST))] = value;
  state[ROWS] = seen + 1;
}

export interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** Of the newest `count` values. Added anew each time: running sums would drift apart from what is in the window. */
export function momentsOf(state: Float64Array, count: number): Moments {
  const rows = state.length - FIRST;
  const seen = at(state, ROWS);
  const held = Math.min(seen, count);
  let [sum, squares] = [0, 0];
  // Against the newest value, so that large values with small changes keep their digits.
  const newest = recall(state, 0);
  for (let i = 0; i < held; i++) {
    const difference = at(state, FIRST + ((seen - 1 - i) % rows)) - newest;
    sum += difference;
    squares += difference * difference;
  }
  return { mean: newest + sum / held, deviation: Math.sqrt(Math.max(0, squares / held - (sum / held) ** 2)) };
}
