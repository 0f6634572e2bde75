import { byValue, weightedMedian } from '../models/weighted-median.ts';

/** How strongly a smaller error counts: half of it weighs 8 times as much. */
const SHARPNESS = 3;
/** An error of nearly nothing must not make all others worth nothing. */
const ERROR_MIN = 1e-3;

/** What each model weighs in the combination, of its mean absolute errors; the sum is 1. `scale`: of errors, in the same unit. */
export function weightsOf(errors: readonly number[], scale: number): number[] {
  const floored = errors.map((error) => error + ERROR_MIN * scale + Number.MIN_VALUE);
  const least = Math.min(...floored);
  const raw = floored.map((error) => (error / least) ** -SHARPNESS);
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}

/** Step by step the weighted median of what the models say: no single model that is far off can move it far. */
export function combine(lines: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const [first = new Float64Array(0)] = lines;
  return first.map((_, step) => weightedMedian(byValue(lines.map((line, i) => ({ value: line[step] ?? 0, weight: weights[i] ?? 0 })))));
}
