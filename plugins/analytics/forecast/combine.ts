import type { Shape } from '../models/model.ts';
import { byValue, weightedMedian } from '../models/weighted-median.ts';

/** What decides how much each model has to say. `npm run bench -- bitbrains` and `m4h` choose among such settings, on forecasts that they do not score. */
export interface CombinationSettings {
  /** How strongly a smaller error counts: half of it weighs 2 ** sharpness times as much. */
  readonly sharpness: number;
  /** As how many a trusted model counts at about equal error: the backtest of a short past alone must not decide. */
  readonly trust: number;
  /** A single model is used instead when its error is below this share of the combination's: of many models the luckiest looks better than it is. */
  readonly preference: number;
}

/** What all VMs of `bitbrains` and the validation stretch of `m4h` choose together (the second table of `m4h`): neither alone speaks for a hub. */
export const COMBINATION: CombinationSettings = { sharpness: 3, trust: 3, preference: 0.7 };

/** How much more error than the best a trusted model may have before its trust fades, and when nothing is left of it. */
const TRUST_FADES = 1.3;
const TRUST_ENDS = 1.8;
/** An error of nearly nothing must not make all others worth nothing. */
const ERROR_MIN = 1e-3;
/** Neighbours that are taken together: steps ahead (share of the horizon), and phases of the day (share of a day). */
const REACH = { step: 1 / 24, phase: 1 / 48 } as const;

/** Measured minus forecast of each step ahead, of one forecast; NaN where nothing was measured. */
export type Residuals = Float64Array;

/** One forecast of a backtest: where it began, and how far off it was. */
export interface Fold {
  readonly origin: number;
  readonly residuals: Residuals;
}

/** Mean absolute errors with, for each place, those of `reach` places to both sides; `round`: the last is beside the first. NaN: none is known. */
function meansAround(sums: Float64Array, counts: Float64Array, { reach, round }: { reach: number; round: boolean }): Float64Array {
  const size = sums.length;
  return sums.map((_, place) => {
    let [sum, count] = [0, 0];
    for (let near = place - reach; near <= place + reach; near++) {
      const at = round ? (near + size) % size : near;
      sum += sums[at] ?? 0;
      count += counts[at] ?? 0;
    }
    return count === 0 ? Number.NaN : sum / count;
  });
}

/**
 * What a model was off by, for each step ahead of `origin`: half of it from the same number of steps ahead, half from the same time of the day. A
 * model may know well when the nightly job runs and be no good for the rest of the day.
 */
export function stepErrors(folds: readonly Fold[], origin: number, { horizon, stepsPerDay }: Shape): Float64Array {
  const [steps, stepCounts] = [new Float64Array(horizon), new Float64Array(horizon)];
  const [phases, phaseCounts] = [new Float64Array(stepsPerDay), new Float64Array(stepsPerDay)];
  let [sum, count] = [0, 0];
  for (const { origin: begin, residuals } of folds) {
    for (let step = 0; step < horizon; step++) {
      const error = Math.abs(residuals[step] ?? Number.NaN);
      if (Number.isNaN(error)) continue;
      const phase = (begin + step) % stepsPerDay;
      steps[step] = (steps[step] as number) + error;
      stepCounts[step] = (stepCounts[step] as number) + 1;
      phases[phase] = (phases[phase] as number) + error;
      phaseCounts[phase] = (phaseCounts[phase] as number) + 1;
      sum += error;
      count++;
    }
  }
  const byStep = meansAround(steps, stepCounts, { reach: Math.max(1, Math.round(horizon * REACH.step)), round: false });
  const byPhase = meansAround(phases, phaseCounts, { reach: Math.floor(stepsPerDay * REACH.phase), round: true });
  const mean = count === 0 ? 0 : sum / count;
  const known = (value: number): number => (Number.isNaN(value) ? mean : value);
  return byStep.map((value, step) => (known(value) + known(byPhase[(origin + step) % stepsPerDay] as number)) / 2);
}

/** `trusts`: as how many each counts, default 1. */
interface Weighing {
  readonly sharpness?: number;
  readonly trusts?: readonly number[];
}

/** What each of several with these mean absolute errors weighs; the sum is 1. `scale`: of errors, in the same unit. */
export function weightsOf(
  errors: readonly number[],
  scale: number,
  { sharpness = COMBINATION.sharpness, trusts = [] }: Weighing = {},
): number[] {
  const floored = errors.map((error) => error + ERROR_MIN * scale + Number.MIN_VALUE);
  const least = Math.min(...floored);
  const raw = floored.map((error, i) => (trusts[i] ?? 1) * (error / least) ** -sharpness);
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}

/** What is left of each model's trust, by its mean absolute error: where the evidence is clear, trust ends. */
export function trustsKept(errors: readonly number[], scale: number, trusts: readonly number[]): number[] {
  const least = Math.min(...errors) + ERROR_MIN * scale + Number.MIN_VALUE;
  return trusts.map((trust, i) => {
    const ratio = ((errors[i] ?? 0) + ERROR_MIN * scale + Number.MIN_VALUE) / least;
    return trust ** Math.min(1, Math.max(0, (TRUST_ENDS - ratio) / (TRUST_ENDS - TRUST_FADES)));
  });
}

/** The same for each step ahead, of the errors of each model for each step: a list of one line of weights per model. */
export function stepWeights(errors: readonly Float64Array[], scale: number, weighing: Weighing = {}): Float64Array[] {
  const [first = new Float64Array(0)] = errors;
  const weights = errors.map(() => new Float64Array(first.length));
  for (let step = 0; step < first.length; step++) {
    const own = weightsOf(
      errors.map((line) => line[step] ?? Infinity),
      scale,
      weighing,
    );
    for (const [model, weight] of own.entries()) (weights[model] as Float64Array)[step] = weight;
  }
  return weights;
}

/** Step by step the weighted median of what the models say: no single model that is far off can move it far. */
export function combine(lines: readonly Float64Array[], weights: readonly Float64Array[]): Float64Array {
  const [first = new Float64Array(0)] = lines;
  return first.map((_, step) =>
    weightedMedian(byValue(lines.map((line, i) => ({ value: line[step] ?? 0, weight: weights[i]?.[step] ?? 0 })))),
  );
}
