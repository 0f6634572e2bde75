import type { ModelName } from '../port.ts';
import { DAYS_OF_WEEK, type Model } from './model.ts';

function repeatOf(name: ModelName, days: number): Model {
  return {
    name,
    historyMin: ({ stepsPerDay }) => stepsPerDay * days,
    fit: (_history, { horizon, stepsPerDay }) => {
      const period = stepsPerDay * days;
      return {
        forecast: (history) => Float64Array.from({ length: horizon }, (_, step) => history[history.length - period + (step % period)] ?? 0),
      };
    },
  };
}

/** As at the same hour yesterday. */
export const seasonalDay = repeatOf('seasonal-24h', 1);

/** As at the same hour of the same weekday. */
export const seasonalWeek = repeatOf('seasonal-168h', DAYS_OF_WEEK);
