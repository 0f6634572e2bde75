import { median, type Model } from './model.ts';

const DAYS_SEEN = 7;
const HISTORY_MIN = 24;

/** It goes on as it mostly went: the median change over a day (with less history, over a quarter of it), which neither a burst nor a clean-up bends. */
export const drift: Model = {
  name: 'drift',
  historyMin: () => HISTORY_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const seen = history.subarray(-DAYS_SEEN * stepsPerDay);
      const lag = Math.min(stepsPerDay, Math.max(1, Math.floor(seen.length / 4)));
      const changes = Array.from({ length: seen.length - lag }, (_, i) => (seen[i + lag] ?? 0) - (seen[i] ?? 0));
      const slope = median(changes) / lag;
      const near = seen.subarray(-Math.max(1, Math.round(lag / 8)));
      // The median of the latest values is that of their middle.
      const level = median(near) + (slope * (near.length - 1)) / 2;
      return Float64Array.from({ length: horizon }, (_, step) => level + slope * (step + 1));
    },
  }),
};
