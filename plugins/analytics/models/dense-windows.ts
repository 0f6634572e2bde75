import { baseAt, bounded, scaleOf, type DenseTask } from './dense.ts';

/** Windows of many series in one list, each `input` values and then `horizon` values, as the model sees them. */
export interface DenseWindows {
  readonly count: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Taken together, so many values at most: 256 MiB. */
const VALUES_MAX = 64 * 2 ** 20;
export const WINDOWS_MAX = 16_000;
const TAIL_SHARE = 0.15;

interface Place {
  readonly history: Float64Array;
  readonly scale: number;
  readonly origin: number;
}

function placesOf(histories: readonly Float64Array[], task: DenseTask, windowsMax: number): { learn: Place[]; check: Place[] } {
  const { input, horizon, season } = task;
  const room = histories.reduce((sum, { length }) => sum + Math.max(0, length - input - horizon + 1), 0);
  const most = Math.min(windowsMax, Math.floor(VALUES_MAX / (input + horizon)));
  // An odd stride meets all phases of a day.
  const stride = Math.ceil(room / most) | 1;
  const learn: Place[] = [];
  const check: Place[] = [];
  for (const history of histories) {
    const scale = scaleOf(history, season);
    const tail = history.length - Math.floor((history.length - input) * TAIL_SHARE);
    for (let origin = history.length - horizon; origin >= input; origin -= stride) {
      if (origin >= tail) check.push({ history, scale, origin });
      // What is learned from does not reach into what is checked.
      else if (origin + horizon <= tail || tail >= history.length) learn.push({ history, scale, origin });
    }
  }
  return learn.length === 0 ? { learn: check, check } : { learn, check: check.length === 0 ? learn : check };
}

function fill(places: readonly Place[], task: DenseTask): DenseWindows {
  const { input, horizon } = task;
  const x = new Float32Array(places.length * input);
  const y = new Float32Array(places.length * horizon);
  for (const [row, { history, scale, origin }] of places.entries()) {
    const base = baseAt(history, origin, task);
    for (let i = 0; i < input; i++) x[row * input + i] = bounded(((history[origin - input + i] ?? 0) - base) / scale);
    for (let i = 0; i < horizon; i++) y[row * horizon + i] = bounded(((history[origin + i] ?? 0) - base) / scale);
  }
  return { count: places.length, x, y };
}

/** The last part of each series checks what the rest teaches. */
export function denseWindows(
  histories: readonly Float64Array[],
  task: DenseTask,
  windowsMax = WINDOWS_MAX,
): { readonly learn: DenseWindows; readonly check: DenseWindows } {
  const { learn, check } = placesOf(histories, task, windowsMax);
  return { learn: fill(learn, task), check: fill(check, task) };
}
