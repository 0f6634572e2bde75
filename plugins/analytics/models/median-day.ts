import { median, type Model } from './model.ts';

const HISTORY_MIN = 12;

/** The median of the last 24 hours (or of what there is): hard to beat where load comes in bursts. */
export const medianDay: Model = {
  name: 'median-24h',
  historyMin: () => HISTORY_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => new Float64Array(horizon).fill(median(history.subarray(-stepsPerDay))),
  }),
};
