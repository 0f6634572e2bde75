import type { ModelScore } from '../port.ts';
import type { Quantiles } from '../models/model.ts';
import type { Fitted, Model, Shape } from '../models/model.ts';
import { combine, COMBINATION, stepErrors, stepWeights, trustsKept, type CombinationSettings, type Residuals } from './combine.ts';

export interface Tested {
  readonly model: Model;
  readonly score: Omit<ModelScore, 'weight'>;
  /** One per fold, as all that follows. */
  readonly residuals: readonly Residuals[];
  readonly forecasts: readonly Float64Array[];
  /** Of models that learned p10 and p90. */
  readonly quantiles?: readonly Quantiles[];
  /** How far off it was, as each fold may know it; the last: as the forecast itself may. */
  readonly errors: readonly KnownErrors[];
}

interface KnownErrors {
  /** Absolute. */
  readonly mean: number;
  /** The same for each step ahead. */
  readonly steps: Float64Array;
}

const FOLDS_MAX = 30;
const TEST_SHARE = 0.6;
const TEST_HORIZONS = { min: 1.5, wanted: 5 } as const;
const TRAIN_MIN = 12;
/** With so much before the first origin, models of the week can be tested as well. */
const TRAIN_WANTED_DAYS = 8;

/**
 * Where the forecasts of the backtest begin, the earliest first: evenly over the last three fifths, so that they meet all hours of a day; later
 * where that leaves enough tests and lets models of the week take part.
 */
export function originsOf(length: number, { horizon, stepsPerDay }: Shape): number[] {
  const wanted = Math.min(TRAIN_WANTED_DAYS * stepsPerDay, length - TEST_HORIZONS.wanted * horizon);
  const most = Math.min(length * TEST_SHARE, length - wanted);
  const test = Math.min(length - TRAIN_MIN, Math.ceil(Math.max(most, horizon * TEST_HORIZONS.min)));
  const [first, last] = [length - test, length - horizon];
  if (last < first) return [];
  const stride = Math.max(1, Math.ceil((last - first) / (FOLDS_MAX - 1)));
  return Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, fold) => first + fold * stride);
}

/**
 * Forecasts of a model from each origin. It learns once, from what lies before the first origin, and continues what lies before each:
 * no forecast can know a later value.
 */
export async function forecastsAt(
  filled: Float64Array,
  { model, shape }: { model: Model; shape: Shape },
  origins: readonly number[],
): Promise<Pick<Tested, 'forecasts' | 'quantiles'>> {
  const fitted: Fitted = await model.fit(filled.slice(0, origins[0]), shape, 'backtest');
  try {
    const histories = origins.map((origin) => filled.slice(0, origin));
    const quantiles = histories.flatMap((history) => fitted.quantiles?.(history) ?? []);
    if (quantiles.length > 0) return { forecasts: quantiles.map(({ p50 }) => p50), quantiles };
    return { forecasts: histories.map((history) => fitted.forecast(history)) };
  } finally {
    fitted.dispose?.();
  }
}

/** Mean change from one season (or, in a short history, one step) to the next: the measure of MASE. */
export function scaleOfErrors(values: Float64Array, stepsPerDay: number): number {
  const lag = values.length >= 2 * stepsPerDay ? stepsPerDay : 1;
  let sum = 0;
  let count = 0;
  let largest = 0;
  for (const [i, value] of values.entries()) {
    largest = Math.max(largest, Math.abs(Number.isNaN(value) ? 0 : value));
    const change = Math.abs(value - (values[i - lag] ?? Number.NaN));
    if (Number.isNaN(change)) continue;
    sum += change;
    count++;
  }
  // A constant series changes by nothing; the floor keeps the quotient finite.
  return Math.max(count === 0 ? 0 : sum / count, largest * 1e-6, 1e-12);
}

function residualsOf(measured: Float64Array, forecast: Float64Array, origin: number): Residuals {
  return forecast.map((value, step) => (measured[origin + step] ?? Number.NaN) - value);
}

function meanAbsolute(residuals: readonly Residuals[]): number {
  let sum = 0;
  let count = 0;
  for (const fold of residuals) {
    for (const residual of fold) {
      if (Number.isNaN(residual)) continue;
      sum += Math.abs(residual);
      count++;
    }
  }
  return count === 0 ? Infinity : sum / count;
}

export interface BacktestInput {
  /** With NaN where nothing was measured: such steps are not scored. */
  readonly measured: Float64Array;
  readonly filled: Float64Array;
  readonly shape: Shape;
  readonly models: readonly Model[];
}

/** What the models said of the past, before anything is made of it: the same whatever the settings of a combination. */
export interface Rehearsal {
  /** The best first. */
  readonly tested: readonly Tested[];
  readonly measured: Float64Array;
  readonly origins: readonly number[];
  readonly scale: number;
  readonly shape: Shape;
}

/** Scores every model that the history before the first origin is long enough for. */
export async function rehearse({ measured, filled, shape, models }: BacktestInput): Promise<Rehearsal> {
  const origins = originsOf(filled.length, shape);
  const [first] = origins;
  if (first === undefined) return { tested: [], measured, origins, scale: 1, shape };
  const scale = scaleOfErrors(measured.subarray(0, first), shape.stepsPerDay);
  const scored: Tested[] = [];
  for (const model of models) {
    if (model.historyMin(shape) > first) continue;
    const said = await forecastsAt(filled, { model, shape }, origins);
    const residuals = said.forecasts.map((forecast, fold) => residualsOf(measured, forecast, origins[fold] ?? 0));
    const mae = meanAbsolute(residuals);
    if (!Number.isFinite(mae)) continue;
    const errors = errorsKnown(residuals, { origins, end: filled.length, shape });
    scored.push({ model, residuals, errors, ...said, score: { model: model.name, mae, mase: mae / scale } });
  }
  return { tested: scored.toSorted((a, b) => a.score.mae - b.score.mae), measured, origins, scale, shape };
}

/** Each fold may know of the other folds (those that share no step with it, while there are some): else it would know its own answer. `end`: where the real forecast begins. */
function errorsKnown(
  residuals: readonly Residuals[],
  { origins, end, shape }: { readonly origins: readonly number[]; readonly end: number; readonly shape: Shape },
): KnownErrors[] {
  const folds = origins.map((origin, i) => ({ origin, residuals: residuals[i] ?? new Float64Array(0) }));
  const of = (origin: number, known: typeof folds): KnownErrors => ({
    mean: meanAbsolute(known.map((fold) => fold.residuals)),
    steps: stepErrors(known, origin, shape),
  });
  const ofFolds = folds.map((own) => {
    const apart = folds.filter(({ origin }) => Math.abs(origin - own.origin) >= shape.horizon);
    return of(own.origin, apart.length > 0 ? apart : folds.filter((other) => other !== own));
  });
  return [...ofFolds, of(end, folds)];
}

export interface Backtest {
  /** The best first. */
  readonly tested: readonly Tested[];
  /** The weighted median of all of `tested`; undefined when there is nothing to combine. */
  readonly combined: Combined | undefined;
}

export interface Combined {
  readonly score: Omit<ModelScore, 'weight'>;
  readonly residuals: readonly Residuals[];
  readonly forecasts: readonly Float64Array[];
  /** What each of `tested` weighs, in that order, per step ahead; the sum of a step is 1. */
  readonly weights: readonly Float64Array[];
}

/** The models and their combination. */
export const combineRehearsed = (rehearsal: Rehearsal, settings: CombinationSettings = COMBINATION): Backtest => ({
  tested: rehearsal.tested,
  combined: combinedOf(rehearsal, settings),
});

function combinedOf({ tested, measured, origins, scale, shape }: Rehearsal, settings: CombinationSettings): Combined | undefined {
  if (tested.length < 2 || origins.length < 2) return undefined;
  const { sharpness } = settings;
  const trusts = tested.map(({ model }) => (model.isTrusted ? settings.trust : 1));
  const weightsAt = (fold: number): Float64Array[] => {
    const known = tested.map(({ errors }) => errors[fold] ?? { mean: Infinity, steps: new Float64Array(shape.horizon) });
    const kept = trustsKept(
      known.map(({ mean }) => mean),
      scale,
      trusts,
    );
    return stepWeights(
      known.map(({ steps }) => steps),
      scale,
      { sharpness, trusts: kept },
    );
  };
  const forecasts = origins.map((_, fold) =>
    combine(
      tested.map((one) => one.forecasts[fold] ?? new Float64Array(shape.horizon)),
      weightsAt(fold),
    ),
  );
  const residuals = forecasts.map((line, fold) => residualsOf(measured, line, origins[fold] ?? 0));
  const mae = meanAbsolute(residuals);
  return { residuals, forecasts, weights: weightsAt(origins.length), score: { model: 'combination', mae, mase: mae / scale } };
}

export type Choice = { readonly is: 'combination'; readonly combined: Combined } | { readonly is: 'single'; readonly best: Tested };

/** What to use; undefined when nothing could be tested. */
export function choose({ tested, combined }: Backtest, { preference }: CombinationSettings = COMBINATION): Choice | undefined {
  const [best] = tested;
  if (best === undefined) return undefined;
  if (combined === undefined || best.score.mae < preference * combined.score.mae) return { is: 'single', best };
  return { is: 'combination', combined };
}
