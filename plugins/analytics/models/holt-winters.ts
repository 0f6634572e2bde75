import type { ModelName } from '../port.ts';
import type { Model } from './model.ts';

const HISTORY_MIN = 12;
const SEASONS_MIN = 2;

interface Smoothing {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
  /** 1: the trend goes on for ever; less: it fades. */
  readonly damping: number;
}

interface State {
  level: number;
  trend: number;
  /** Empty: no season. The next step's is at index `history length % period`. */
  readonly season: Float64Array;
}

function* grid(seasonal: boolean, damping: number): Generator<Smoothing> {
  for (const level of [0.05, 0.15, 0.35, 0.7]) {
    for (const trend of [0.01, 0.05, 0.2]) {
      for (const season of seasonal ? [0.05, 0.2, 0.5] : [0]) yield { level, trend, season, damping };
    }
  }
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Level and trend from the first two seasons, so that a clean line with a season is followed exactly from the start. */
function begin(history: Float64Array, period: number): State {
  if (period === 0) return { level: history[0] ?? 0, trend: (history[1] ?? 0) - (history[0] ?? 0), season: new Float64Array(0) };
  const first = mean(history.subarray(0, period));
  const trend = (mean(history.subarray(period, 2 * period)) - first) / period;
  const level = first - (trend * (period - 1)) / 2;
  return { level, trend, season: Float64Array.from({ length: period }, (_, i) => (history[i] ?? 0) - level - trend * i) };
}

/** Runs through the history; answers the state after it and the mean absolute error of one step ahead. */
function follow(history: Float64Array, period: number, smoothing: Smoothing): { state: State; error: number } {
  const state = begin(history, period);
  let error = 0;
  for (let i = 1; i < history.length; i++) {
    const value = history[i] ?? 0;
    const trend = smoothing.damping * state.trend;
    const season = period === 0 ? 0 : (state.season[i % period] ?? 0);
    error += Math.abs(value - (state.level + trend + season));
    const level = smoothing.level * (value - season) + (1 - smoothing.level) * (state.level + trend);
    state.trend = smoothing.trend * (level - state.level) + (1 - smoothing.trend) * trend;
    state.level = level;
    if (period > 0) state.season[i % period] = smoothing.season * (value - level) + (1 - smoothing.season) * season;
  }
  return { state, error: error / Math.max(1, history.length - 1) };
}

function extend(state: State, length: number, task: { horizon: number; period: number; damping: number }): Float64Array {
  let trend = 0;
  let factor = 1;
  return Float64Array.from({ length: task.horizon }, (_, step) => {
    factor *= task.damping;
    trend += factor * state.trend;
    return state.level + trend + (task.period === 0 ? 0 : (state.season[(length + step) % task.period] ?? 0));
  });
}

/** Additive, with a season of a day; without two days of history only level and trend. */
const holtWintersOf = (name: ModelName, damping: number): Model => ({
  name,
  historyMin: () => HISTORY_MIN,
  fit: (history, { horizon, stepsPerDay }) => {
    const period = history.length >= SEASONS_MIN * stepsPerDay ? stepsPerDay : 0;
    let best: Smoothing = { level: 0.15, trend: 0.05, season: 0.2, damping };
    let least = Infinity;
    for (const smoothing of grid(period > 0, damping)) {
      const { error } = follow(history, period, smoothing);
      if (error < least) [best, least] = [smoothing, error];
    }
    return {
      forecast: (later) => extend(follow(later, period, best).state, later.length, { horizon, period, damping }),
    };
  },
});

/** Its trend goes on for ever. */
export const holtWinters = holtWintersOf('holt-winters', 1);

/** Its trend fades. A model of its own, since one step ahead the two look the same: only the backtest over the whole horizon tells them apart. */
export const holtDamped = holtWintersOf('holt-damped', 0.98);
