/** The last values of something, for means over them. */

const ROWS = 0;
const FIRST = 1;

export const windowLength = (rows: number): number => FIRST + rows;

const at = (state: Float64Array, index: number): number => state[index] ?? 0;

/** The value `back` rows ago; the oldest when there are not that many. 0 is the newest. */
export function recall(state: Float64Array, start: number, rows: number, back: number): number {
  const seen = at(state, start + ROWS);
  const age = Math.min(back, Math.min(seen, rows) - 1);
  return at(state, start + FIRST + ((seen - 1 - age) % rows));
}

export function remember(state: Float64Array, start: number, rows: number, value: number): void {
  const seen = at(state, start + ROWS);
  state[start + FIRST + (seen % rows)] = value;
  state[start + ROWS] = seen + 1;
}

export interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** Of the newest `count` values. Added anew each time: running sums would drift apart from what is in the window. */
export function momentsOf(state: Float64Array, start: number, rows: number, count: number): Moments {
  const seen = at(state, start + ROWS);
  const held = Math.min(seen, count);
  let [sum, squares] = [0, 0];
  // Against the newest value, so that large values with small changes keep their digits.
  const newest = recall(state, start, rows, 0);
  for (let i = 0; i < held; i++) {
    const difference = at(state, start + FIRST + ((seen - 1 - i) % rows)) - newest;
    sum += difference;
    squares += difference * difference;
  }
  return { mean: newest + sum / held, deviation: Math.sqrt(Math.max(0, squares / held - (sum / held) ** 2)) };
}
