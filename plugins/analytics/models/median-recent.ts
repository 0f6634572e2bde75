import type { ModelName } from '../port.ts';
import { DAYS_OF_WEEK, median, type Model } from './model.ts';

const HISTORY_MIN = 12;

function medianOf(name: ModelName, days: number): Model {
  return {
    name,
    // More than a day is only another model than the day when there is more than a day.
    historyMin: ({ stepsPerDay }) => Math.max(HISTORY_MIN, days > 1 ? days * stepsPerDay : 0),
    fit: (_history, { horizon, stepsPerDay }) => ({
      forecast: (history) => new Float64Array(horizon).fill(median(history.subarray(-Math.max(1, Math.round(stepsPerDay * days))))),
    }),
  };
}

export const medianHalfDay = medianOf('median-12h', 0.5);

/** The median of the last 24 hours (or of what there is): hard to beat where load comes in bursts. */
export const medianDay = medianOf('median-24h', 1);

export const medianSevenDays = medianOf('median-168h', DAYS_OF_WEEK);
