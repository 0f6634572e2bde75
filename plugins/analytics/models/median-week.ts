import { DAYS_OF_WEEK, median, type Model } from './model.ts';

const DAYS_MIN = 3;

/** The median of the same hour on the last 7 days (at least 3). */
export const medianWeek: Model = {
  name: 'median-7d',
  historyMin: ({ stepsPerDay }) => stepsPerDay * DAYS_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const days = Math.min(DAYS_OF_WEEK, Math.floor(history.length / stepsPerDay));
      const sameHour = (step: number): number[] =>
        Array.from({ length: days }, (_, day) => history[history.length - (day + 1) * stepsPerDay + (step % stepsPerDay)] ?? 0);
      return Float64Array.from({ length: horizon }, (_, step) => median(sameHour(step)));
    },
  }),
};
