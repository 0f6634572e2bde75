import type { ModelName } from '../port.ts';
import { applyDense, type Dense } from './dense.ts';
import type { Model, Shape } from './model.ts';
import { seasonHistoryMin } from './season-features.ts';
import { applySeasonLinear, seasonModelName, type SeasonLinear } from './season-linear.ts';

/** Weights of a model that was trained across series: plain data, so that it can be kept in a file. */
export type Weights = SeasonLinear | Dense;

/** What training made: `held` knows nothing of the stretch that backtests look at, `final` knows everything. */
export interface TrainedModel {
  readonly held: Weights;
  readonly final: Weights;
}

export function modelNameOf(weights: Weights): ModelName {
  switch (weights.kind) {
    case 'season-linear':
      return seasonModelName(weights.task);
    case 'dense':
      return weights.task.hidden === 0 ? 'global-linear' : 'global-mlp';
  }
}

/** Fewest steps that it can go on from. */
export function historyMinOf(weights: Weights): number {
  switch (weights.kind) {
    case 'season-linear':
      return seasonHistoryMin(weights.task);
    case 'dense':
      return weights.task.input;
  }
}

/** Continues a history that is long enough by the horizon that the weights were trained for. */
export function applyWeights(weights: Weights, history: Float64Array): Float64Array {
  switch (weights.kind) {
    case 'season-linear':
      return applySeasonLinear(weights, history);
    case 'dense':
      return applyDense(weights, history);
  }
}

/** A trained model takes part where the task is the one that it was trained for, or a shorter one. */
export const isUsable = ({ final: { task } }: TrainedModel, { horizon, stepsPerDay }: Shape): boolean =>
  horizon <= task.horizon && stepsPerDay === task.season;

/** A trained model as one of the pool. */
export function trainedModel(model: TrainedModel): Model {
  const { held, final } = model;
  return {
    name: modelNameOf(final),
    historyMin: (shape) => (isUsable(model, shape) ? historyMinOf(final) : Infinity),
    fit: (_history, { horizon }, stage = 'final') => {
      const weights = stage === 'final' ? final : held;
      return { forecast: (history) => applyWeights(weights, history).subarray(0, horizon) };
    },
  };
}
