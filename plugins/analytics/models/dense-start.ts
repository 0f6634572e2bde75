import { rowWidth, softplusInverse, SPREAD_PACE, type DenseTask } from './dense.ts';
import { quantile } from './model.ts';
import type { DenseWindows } from './dense-windows.ts';
import { cholesky, solve } from './ridge.ts';

/** Where training begins. */
export interface DenseStart {
  /** Width of a row x horizon. */
  readonly matrix: Float32Array;
  /** Of each step: how far p10 and p90 are away from the median, as a model says it. */
  readonly below: Float32Array;
  readonly above: Float32Array;
}

const RESIDUALS_MAX = 2_000;
/** Softplus never says 0; where nothing ever changes it is near enough. */
const AWAY_MIN = 1e-3;
/** Per window, of inputs in units of change: hundreds of neighbouring values that say the same need a firm hand. */
const PENALTY = 1;

/** Sums of products of all inputs (lower triangle) and of inputs with targets, in float64. */
function productsOf({ count, x, y }: DenseWindows, task: DenseTask): { xx: Float64Array; xy: Float64Array } {
  const [input, horizon] = [rowWidth(task), task.horizon];
  const xx = new Float64Array(input * input);
  const xy = new Float64Array(input * horizon);
  for (let row = 0; row < count; row++) {
    const from = row * input;
    const to = row * horizon;
    for (let i = 0; i < input; i++) {
      const value = x[from + i] as number;
      if (value === 0) continue;
      const line = i * input;
      for (let j = 0; j <= i; j++) xx[line + j] = (xx[line + j] as number) + value * (x[from + j] as number);
      const out = i * horizon;
      for (let j = 0; j < horizon; j++) xy[out + j] = (xy[out + j] as number) + value * (y[to + j] as number);
    }
  }
  return { xx, xy };
}

/** The matrix of ridge regression. */
function ridgeMatrix(windows: DenseWindows, task: DenseTask): Float32Array {
  const [input, horizon] = [rowWidth(task), task.horizon];
  const { xx, xy } = productsOf(windows, task);
  const lower = cholesky({ width: input, products: xx }, Math.max(PENALTY * windows.count, 1e-9));
  const matrix = new Float32Array(input * horizon);
  for (let step = 0; step < horizon; step++) {
    const weights = solve(
      lower,
      Float64Array.from({ length: input }, (_, i) => xy[i * horizon + step] as number),
    );
    for (let i = 0; i < input; i++) matrix[i * horizon + step] = weights[i] as number;
  }
  return matrix;
}

/** What is left over by the matrix at one step ahead, sorted; of some of the windows. */
function residualsAt(
  step: number,
  { count, x, y }: DenseWindows,
  { matrix, task }: { matrix: Float32Array; task: DenseTask },
): Float64Array {
  const [width, horizon] = [rowWidth(task), task.horizon];
  const stride = Math.max(1, Math.ceil(count / RESIDUALS_MAX));
  const residuals = Float64Array.from({ length: Math.ceil(count / stride) }, (_, i) => {
    const row = i * stride;
    let said = 0;
    for (let j = 0; j < width; j++) said += (x[row * width + j] as number) * (matrix[j * horizon + step] as number);
    return (y[row * horizon + step] as number) - said;
  });
  return residuals.toSorted();
}

const away = (distance: number): number => softplusInverse(Math.max(AWAY_MIN, distance)) / SPREAD_PACE;

/** The matrix of ridge regression, and the quantiles of what it leaves over: a good start that needs no training loop. */
export function ridgeStart(windows: DenseWindows, task: DenseTask): DenseStart {
  const matrix = ridgeMatrix(windows, task);
  const [below, above] = [new Float32Array(task.horizon), new Float32Array(task.horizon)];
  for (let step = 0; step < task.horizon; step++) {
    const residuals = residualsAt(step, windows, { matrix, task });
    below[step] = away(-quantile(residuals, 0.1));
    above[step] = away(quantile(residuals, 0.9));
  }
  return { matrix, below, above };
}
