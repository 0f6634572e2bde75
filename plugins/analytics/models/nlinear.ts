import type { Fitted, Model, Shape } from './model.ts';
import type { Sizes, Trained } from './nlinear-train.ts';
import { randomOf } from './random.ts';

const WINDOWS_MIN = 48;

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** It looks back one or two days, and forecasts at most a day at once; further ahead it goes on from its own forecast. */
function sizesOf(length: number, { horizon, stepsPerDay }: Shape): Sizes {
  const output = Math.min(horizon, stepsPerDay);
  const wanted = Math.min(2 * stepsPerDay, Math.max(24, 2 * output));
  const input = Math.max(stepsPerDay <= 24 ? stepsPerDay : 24, Math.min(wanted, Math.floor(length / 4)));
  return { input, output };
}

function momentsOf(history: Float64Array): Moments {
  let sum = 0;
  for (const value of history) sum += value;
  const mean = sum / history.length;
  let squares = 0;
  for (const value of history) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / history.length) || 1 };
}

/** One linear layer over the latest values, their last one subtracted; trained by TensorFlow.js. The same seed gives the same weights. */
export function nlinear(seed: number): Model {
  return {
    name: 'nlinear',
    historyMin: (shape) => {
      const output = Math.min(shape.horizon, shape.stepsPerDay);
      return Math.max(3 * Math.min(shape.stepsPerDay, 96), 2 * output + WINDOWS_MIN);
    },
    fit: async (history, shape): Promise<Fitted> => {
      // Loaded when it is needed: a history that is too short for it need not wait for TensorFlow.
      const { train } = await import('./nlinear-train.ts');
      const sizes = sizesOf(history.length, shape);
      const moments = momentsOf(history);
      const scaled = history.map((value) => (value - moments.mean) / moments.deviation);
      const trained = await train(scaled, sizes, randomOf(seed));
      return { forecast: (later) => apply(later, { ...sizes, ...moments, ...trained }, shape.horizon) };
    },
  };
}

function apply(history: Float64Array, model: Sizes & Moments & Trained, horizon: number): Float64Array {
  const { input, output, mean, deviation, weights, bias } = model;
  const scaled = Array.from(history.subarray(-input), (value) => (value - mean) / deviation);
  while (scaled.length < input + horizon) {
    const begin = scaled.length - input;
    const last = scaled.at(-1) ?? 0;
    for (let step = 0; step < output; step++) {
      let sum = last + (bias[step] ?? 0);
      for (let i = 0; i < input; i++) sum += ((scaled[begin + i] ?? 0) - last) * (weights[i * output + step] ?? 0);
      scaled.push(sum);
    }
  }
  return Float64Array.from(scaled.slice(input, input + horizon), (value) => value * deviation + mean);
}
