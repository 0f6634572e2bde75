import { DAYS_OF_WEEK, type Model } from './model.ts';
import { phaseMedians } from './profile.ts';

const DAYS_MIN = 3;

/** The median of the same hour on the last 7 days (at least 3). */
export const medianWeek: Model = {
  name: 'median-7d',
  historyMin: ({ stepsPerDay }) => stepsPerDay * DAYS_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const phases = phaseMedians(history, stepsPerDay, DAYS_OF_WEEK);
      return Float64Array.from({ length: horizon }, (_, step) => phases[step % stepsPerDay] ?? 0);
    },
  }),
};
