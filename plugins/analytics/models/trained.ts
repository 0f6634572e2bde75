import type { ModelName } from '../port.ts';
import type { Model } from './model.ts';
import { applySeasonLinear, seasonModelName, type SeasonLinear } from './season-linear.ts';
import { seasonHistoryMin } from './season-features.ts';

/** Weights of a model that was trained across series: plain data, so that it can be kept in a file. */
export type Weights = SeasonLinear;

/** What training made: `held` knows nothing of the stretch that backtests look at, `final` knows everything. */
export interface TrainedModel {
  readonly held: Weights;
  readonly final: Weights;
}

const nameOf = (weights: Weights): ModelName => seasonModelName(weights.task);

function historyMinOf(weights: Weights): number {
  return seasonHistoryMin(weights.task);
}

function applyTo(weights: Weights, history: Float64Array): Float64Array {
  return applySeasonLinear(weights, history);
}

/** A trained model as one of the pool. It takes part where the task is the one that it was trained for. */
export function trainedModel({ held, final }: TrainedModel): Model {
  const { horizon: trainedHorizon, season } = final.task;
  return {
    name: nameOf(final),
    historyMin: ({ horizon, stepsPerDay }) => (horizon <= trainedHorizon && stepsPerDay === season ? historyMinOf(final) : Infinity),
    fit: (_history, { horizon }, stage) => {
      const weights = stage === 'final' ? final : held;
      return { forecast: (history) => applyTo(weights, history).subarray(0, horizon) };
    },
  };
}
