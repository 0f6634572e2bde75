import type { ModelName, ModelScore } from '../port.ts';
import type { Fitted, Model, Shape } from '../models/model.ts';

/** Measured minus forecast of each step ahead, of one forecast; NaN where nothing was measured. */
export type Residuals = Float64Array;

export interface Tested {
  readonly model: Model;
  readonly score: ModelScore;
  /** One per fold. */
  readonly residuals: readonly Residuals[];
}

const FOLDS_MAX = 20;
const TEST_SHARE = 0.4;
const TEST_HORIZONS = 1.5;
const TRAIN_MIN = 12;

/** Where the forecasts of the backtest begin, the earliest first: evenly over the last two fifths, so that they meet all hours of a day. */
export function originsOf(length: number, horizon: number): number[] {
  const test = Math.min(length - TRAIN_MIN, Math.ceil(Math.max(length * TEST_SHARE, horizon * TEST_HORIZONS)));
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
): Promise<Float64Array[]> {
  const fitted: Fitted = await model.fit(filled.slice(0, origins[0]), shape);
  try {
    return origins.map((origin) => fitted.forecast(filled.slice(0, origin)));
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

/** Scores every model that the history before the first origin is long enough for; the best first. */
export async function backtest({ measured, filled, shape, models }: BacktestInput): Promise<Tested[]> {
  const origins = originsOf(filled.length, shape.horizon);
  const [first] = origins;
  if (first === undefined) return [];
  const scale = scaleOfErrors(measured.subarray(0, first), shape.stepsPerDay);
  const tested: Tested[] = [];
  for (const model of models) {
    if (model.historyMin(shape) > first) continue;
    const forecasts = await forecastsAt(filled, { model, shape }, origins);
    const residuals = forecasts.map((forecast, fold) => residualsOf(measured, forecast, origins[fold] ?? 0));
    const mae = meanAbsolute(residuals);
    if (Number.isFinite(mae)) tested.push({ model, residuals, score: { model: model.name satisfies ModelName, mae, mase: mae / scale } });
  }
  return tested.toSorted((a, b) => a.score.mae - b.score.mae);
}

/** Bursts make scores noisy: another model is preferred to the plain median of a day only when it is better by a tenth. */
const PREFERENCE = 0.9;

/** The model to use, of `tested` with the best first; undefined when there is none. */
export function choose(tested: readonly Tested[]): Tested | undefined {
  const [best] = tested;
  const plain = tested.find(({ model }) => model.name === 'median-24h');
  return best === undefined || plain === undefined || best.score.mae < PREFERENCE * plain.score.mae ? best : plain;
}
