import { baseAt, bounded, rowAt, rowWidth, scaleOf, SPREAD_FEATURES, spreadAt, weekStepAt, type DenseTask } from './dense.ts';

/** Windows of many series in one list, each a row, how restless it is and the `horizon` values that came, as the model sees them. */
export interface DenseWindows {
  readonly count: number;
  readonly x: Float32Array;
  readonly spread: Float32Array;
  readonly y: Float32Array;
  /** Step of the week at which each begins to be forecast. */
  readonly weekSteps: Uint32Array;
}

/** What is learned from: `beganAt` is the instant (epoch milliseconds) of the first step of each history; absent: the epoch. */
export interface Histories {
  readonly values: readonly Float64Array[];
  readonly beganAt?: readonly number[];
}

/** Taken together, so many values at most: 256 MiB. */
const VALUES_MAX = 64 * 2 ** 20;
export const WINDOWS_MAX = 16_000;
const TAIL_SHARE = 0.15;

interface Place {
  readonly history: Float64Array;
  readonly beganAt: number;
  readonly scale: number;
  readonly origin: number;
}

function placesOf({ values, beganAt = [] }: Histories, task: DenseTask, windowsMax: number): { learn: Place[]; check: Place[] } {
  const { input, horizon, season } = task;
  const room = values.reduce((sum, { length }) => sum + Math.max(0, length - input - horizon + 1), 0);
  const most = Math.min(windowsMax, Math.floor(VALUES_MAX / (rowWidth(task) + horizon)));
  // An odd stride meets all phases of a day.
  const stride = Math.ceil(room / most) | 1;
  const learn: Place[] = [];
  const check: Place[] = [];
  for (const [i, history] of values.entries()) {
    const place = { history, beganAt: beganAt[i] ?? 0, scale: scaleOf(history, season) };
    const tail = history.length - Math.floor((history.length - input) * TAIL_SHARE);
    for (let origin = history.length - horizon; origin >= input; origin -= stride) {
      if (origin >= tail) check.push({ ...place, origin });
      // What is learned from does not reach into what is checked.
      else if (origin + horizon <= tail || tail >= history.length) learn.push({ ...place, origin });
    }
  }
  return learn.length === 0 ? { learn: check, check } : { learn, check: check.length === 0 ? learn : check };
}

function fill(places: readonly Place[], task: DenseTask): DenseWindows {
  const { horizon, season } = task;
  const width = rowWidth(task);
  const x = new Float32Array(places.length * width);
  const spread = new Float32Array(places.length * SPREAD_FEATURES);
  const y = new Float32Array(places.length * horizon);
  for (const [row, { history, scale, origin }] of places.entries()) {
    const base = baseAt(history, origin, task);
    const seen = { task, base, scale };
    x.set(rowAt(history, origin, seen), row * width);
    spread.set(spreadAt(history, origin, seen), row * SPREAD_FEATURES);
    for (let i = 0; i < horizon; i++) y[row * horizon + i] = bounded(((history[origin + i] ?? 0) - base) / scale);
  }
  const weekSteps = Uint32Array.from(places, ({ beganAt, origin }) => weekStepAt(beganAt, origin, season));
  return { count: places.length, x, spread, y, weekSteps };
}

/** The last part of each series checks what the rest teaches. */
export function denseWindows(
  histories: Histories,
  task: DenseTask,
  windowsMax = WINDOWS_MAX,
): { readonly learn: DenseWindows; readonly check: DenseWindows } {
  const { learn, check } = placesOf(histories, task, windowsMax);
  return { learn: fill(learn, task), check: fill(check, task) };
}
