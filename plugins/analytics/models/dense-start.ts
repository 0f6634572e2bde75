import { rowWidth, type DenseTask } from './dense.ts';
import type { DenseWindows } from './dense-windows.ts';
import { cholesky, solve } from './ridge.ts';

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

/** The matrix of ridge regression, width of a row x `horizon`: a good start that needs no training loop. */
export function ridgeStart(windows: DenseWindows, task: DenseTask): Float32Array {
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
