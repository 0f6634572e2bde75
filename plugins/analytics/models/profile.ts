import { DAYS_OF_WEEK, median, type Model } from './model.ts';

const WEEKS_MAX = 4;
/** A level that rose by a tenth is expected to stay risen by nine parts in a hundred. */
const LEVEL_SHARE = 0.9;
const LEVEL_RATIO_MAX = 10;

/** The median of the same phase of the last seasons, `seasonsMax` at most. */
export function phaseMedians(history: Float64Array, season: number, seasonsMax: number): Float64Array {
  const seasons = Math.min(seasonsMax, Math.floor(history.length / season));
  return Float64Array.from({ length: season }, (_, phase) =>
    median(Array.from({ length: seasons }, (_unused, back) => history[history.length - (back + 1) * season + phase] ?? 0)),
  );
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** What followed the same hour of the last weeks, each raised or lowered by how much the day before it differs from the last day. */
export const profileWeek: Model = {
  name: 'profile-week',
  historyMin: ({ stepsPerDay }) => (DAYS_OF_WEEK + 1) * stepsPerDay,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const week = DAYS_OF_WEEK * stepsPerDay;
      const weeks = Math.min(WEEKS_MAX, Math.floor((history.length - stepsPerDay) / week));
      const now = sumOf(history.subarray(-stepsPerDay));
      const levels = Array.from({ length: weeks }, (_, i) => {
        const begin = history.length - (i + 1) * week;
        const then = sumOf(history.subarray(begin - stepsPerDay, begin));
        const ratio = now > 0 && then > 0 ? Math.min(LEVEL_RATIO_MAX, Math.max(1 / LEVEL_RATIO_MAX, now / then)) : 1;
        return { begin, factor: ratio ** LEVEL_SHARE };
      });
      return Float64Array.from({ length: horizon }, (_, step) =>
        median(levels.map(({ begin, factor }) => (history[begin + (step % week)] ?? 0) * factor)),
      );
    },
  }),
};
