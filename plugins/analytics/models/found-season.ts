import { DAYS_OF_WEEK, type Model } from './model.ts';
import { phaseMedians } from './profile.ts';

/** Only where a rhythm was found that is not the day: else these say what others say. */
const seasonsNeeded = (season: number | undefined, seasons: number): number => (season === undefined ? Infinity : seasons * season);

/** As one found season before. */
export const seasonalFound: Model = {
  name: 'seasonal-found',
  historyMin: ({ season }) => seasonsNeeded(season, 1),
  fit: (_history, { horizon, stepsPerDay, season = stepsPerDay }) => ({
    forecast: (history) => Float64Array.from({ length: horizon }, (_, step) => history[history.length - season + (step % season)] ?? 0),
  }),
};

/** The median of the same phase of the last found seasons. */
export const medianFound: Model = {
  name: 'median-found',
  historyMin: ({ season }) => seasonsNeeded(season, 3),
  fit: (_history, { horizon, stepsPerDay, season = stepsPerDay }) => ({
    forecast: (history) => {
      const phases = phaseMedians(history, season, DAYS_OF_WEEK);
      return Float64Array.from({ length: horizon }, (_, step) => phases[step % season] ?? 0);
    },
  }),
};
