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

/** Mean of all that the window holds. Added anew each time: a running sum would drift apart from what is in the window. */
export function meanOf(state: Float64Array, start: number, rows: number): number {
  const held = Math.min(at(state, start + ROWS), rows);
  let sum = 0;
  for (let i = 0; i < held; i++) sum += at(state, start + FIRST + i);
  return held === 0 ? 0 : sum / held;
}
