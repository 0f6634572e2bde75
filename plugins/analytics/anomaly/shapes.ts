import { recall, remember, windowLength } from './window.ts';
import { at } from './state.ts';

/**
 * Memory of contexts: the course of the last rows, coarser the older, is held against the courses seen before. A course that is near
 * a known one draws it a little closer; one that is far from all is new, and takes the place of the one unused for longest.
 */

const SHAPES_MAX = 64;
/** How many rows each number of a course is the mean of, the newest first. */
const WIDTHS = [1, 1, 2, 4, 8, 16] as const;
const PARTS = WIDTHS.length;
const ROWS = WIDTHS.reduce<number>((sum, width) => sum + width, 0);
/** Root mean square distance, in the usual width of the series, beyond which a course is a new one. */
const NEAR = 0.2;
const LEARNING_RATE = 0.1;
const WARMUP_ROWS = 50;

// How many shapes are known and how many rows came; for each shape the row that it was met in last, and its course; then the window.
const KNOWN = 0;
const SEEN = 1;
const CURRENT = 2;
const FIRST_MET = CURRENT + PARTS;
const FIRST_SHAPE = FIRST_MET + SHAPES_MAX;
const WINDOW = FIRST_SHAPE + SHAPES_MAX * PARTS;

export const SHAPES_LENGTH = WINDOW + windowLength(ROWS);

function describeCourse(state: Float64Array): void {
  const window = state.subarray(WINDOW);
  let back = 0;
  for (const [part, width] of WIDTHS.entries()) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += recall(window, back++);
    state[CURRENT + part] = sum / width;
  }
}

function nearest(state: Float64Array): { readonly shape: number; readonly squares: number } {
  const known = at(state, KNOWN);
  let [shape, squares] = [-1, Number.POSITIVE_INFINITY];
  for (let i = 0; i < known; i++) {
    let sum = 0;
    const from = FIRST_SHAPE + i * PARTS;
    for (let part = 0; part < PARTS; part++) {
      const difference = at(state, from + part) - at(state, CURRENT + part);
      sum += difference * difference;
    }
    if (sum < squares) [shape, squares] = [i, sum];
  }
  return { shape, squares };
}

function placeForNew(state: Float64Array): number {
  const known = at(state, KNOWN);
  if (known < SHAPES_MAX) {
    state[KNOWN] = known + 1;
    return known;
  }
  let oldest = 0;
  for (let i = 1; i < SHAPES_MAX; i++) if (at(state, FIRST_MET + i) < at(state, FIRST_MET + oldest)) oldest = i;
  return oldest;
}

function learn(state: Float64Array, shape: number, rate: number): void {
  const from = FIRST_SHAPE + shape * PARTS;
  for (let part = 0; part < PARTS; part++) {
    const known = at(state, from + part);
    state[from + part] = known + rate * (at(state, CURRENT + part) - known);
  }
  state[FIRST_MET + shape] = at(state, SEEN);
}

/** How far the course that ends in `value` is from the nearest known one, in units of `width`; learns it. */
export function novelty(state: Float64Array, value: number, width: number): number {
  const seen = at(state, SEEN);
  state[SEEN] = seen + 1;
  remember(state.subarray(WINDOW), value);
  describeCourse(state);
  const { shape, squares } = nearest(state);
  const distance = shape === -1 ? 0 : Math.sqrt(squares / PARTS) / width;
  const isNew = shape === -1 || distance > NEAR;
  learn(state, isNew ? placeForNew(state) : shape, isNew ? 1 : LEARNING_RATE);
  return seen < WARMUP_ROWS ? 0 : distance;
}
