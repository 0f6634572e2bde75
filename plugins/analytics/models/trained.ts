import type { ModelName } from '../port.ts';
import type { DenseForm } from './dense.ts';
import type { Quantiles } from './model.ts';
import { applyLinear, type DenseLinear } from './dense-linear.ts';
import { applyTide, type DenseTide } from './dense-tide.ts';
import type { Model, Shape } from './model.ts';
import { seasonHistoryMin } from './season-features.ts';
import { applySeasonLinear, seasonModelName, type SeasonLinear } from './season-linear.ts';

export type Dense = DenseLinear | DenseTide;

/** Weights of a model that was trained across series: plain data, so that it can be kept in a file. */
export type Weights = SeasonLinear | Dense;

/** What training made: `held` knows nothing of the stretch that backtests look at, `final` knows everything. */
export interface TrainedModel {
  readonly held: Weights;
  readonly final: Weights;
}

const DENSE_NAMES: Readonly<Record<DenseForm, ModelName>> = { nlinear: 'global-linear', dlinear: 'global-dlinear', tide: 'global-mlp' };

export function modelNameOf(weights: Weights): ModelName {
  switch (weights.kind) {
    case 'season-linear':
      return seasonModelName(weights.task);
    case 'dense-linear':
    case 'dense-tide':
      return DENSE_NAMES[weights.task.form];
  }
}

/** Fewest steps that it can go on from. */
export function historyMinOf(weights: Weights): number {
  switch (weights.kind) {
    case 'season-linear':
      return seasonHistoryMin(weights.task);
    case 'dense-linear':
    case 'dense-tide':
      return weights.task.input;
  }
}

/** Continues a history that is long enough, the first step of which began at `beganAt` (epoch milliseconds), by the horizon that the weights were trained for. */
export function applyWeights(weights: Weights, history: Float64Array, beganAt = 0): Quantiles {
  switch (weights.kind) {
    case 'season-linear':
      return applySeasonLinear(weights, history);
    case 'dense-linear':
      return applyLinear(weights, history);
    case 'dense-tide':
      return applyTide(weights, history, beganAt);
  }
}

/** Files may be older than this code: weights of `season-linear` once had no quantiles, those of networks another form. */
export const isKnown = ({ held, final }: TrainedModel): boolean =>
  [held, final].every((weights) => (weights.kind === 'season-linear' ? Array.isArray(weights.low) : weights.task.form in DENSE_NAMES));

/** A trained model takes part where the task is the one that it was trained for, or a shorter one. */
export const isUsable = ({ final: { task } }: TrainedModel, { horizon, stepsPerDay }: Shape): boolean =>
  horizon <= task.horizon && stepsPerDay === task.season;

/** A trained model as one of the pool. */
export function trainedModel(model: TrainedModel): Model {
  const { held, final } = model;
  return {
    name: modelNameOf(final),
    isTrusted: true,
    historyMin: (shape) => (isUsable(model, shape) ? historyMinOf(final) : Infinity),
    fit: (_history, { horizon, beganAt }, stage = 'final') => {
      const weights = stage === 'final' ? final : held;
      const quantiles = (history: Float64Array): Quantiles => {
        const { p10, p50, p90 } = applyWeights(weights, history, beganAt);
        return { p10: p10.subarray(0, horizon), p50: p50.subarray(0, horizon), p90: p90.subarray(0, horizon) };
      };
      return { forecast: (history) => quantiles(history).p50, quantiles };
    },
  };
}
