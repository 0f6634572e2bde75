import { DAYS_OF_WEEK, median, type Model } from './model.ts';
import { byValue, weightedMedian } from './weighted-median.ts';

const HISTORY_MIN = 12;
/** Of a day: how fast older values lose weight, and how wide "the same hour" is. */
const FADE = { last: 1 / 8, median: 1 / 2, hour: 3 / 4 } as const;
const HOUR_WIDTH = 1 / 16;
/** How much more a value of the same hour counts. */
const HOUR_BONUS = 3;

/** What it was just now, fading into the median of the day. */
export const fadingLast: Model = {
  name: 'fading-last',
  historyMin: () => HISTORY_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const fade = Math.max(1, stepsPerDay * FADE.last);
      const now = median(history.subarray(-Math.ceil(fade)));
      const day = median(history.subarray(-stepsPerDay));
      return Float64Array.from({ length: horizon }, (_, step) => day + (now - day) * Math.exp(-step / fade));
    },
  }),
};

/** The latest week of values, each with its age in steps (the latest: 0). */
const recent = (history: Float64Array, stepsPerDay: number): { readonly value: number; readonly age: number }[] => {
  const week = history.subarray(-DAYS_OF_WEEK * stepsPerDay);
  return Array.from(week, (value, i) => ({ value, age: week.length - 1 - i })).toSorted((a, b) => a.value - b.value);
};

/** The median of what was, newer values counting more. */
export const fadingMedian: Model = {
  name: 'fading-median',
  historyMin: () => HISTORY_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const weight = (age: number): number => Math.exp(-age / (stepsPerDay * FADE.median));
      const values = recent(history, stepsPerDay).map(({ value, age }) => ({ value, weight: weight(age) }));
      return new Float64Array(horizon).fill(weightedMedian(byValue(values)));
    },
  }),
};

/** The same, and values of the same hour of a day count more. */
export const fadingHour: Model = {
  name: 'fading-hour',
  historyMin: ({ stepsPerDay }) => 2 * stepsPerDay,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const values = recent(history, stepsPerDay);
      const width = Math.max(1, stepsPerDay * HOUR_WIDTH);
      const fading = values.map(({ age }) => Math.exp(-age / (stepsPerDay * FADE.hour)));
      const ofPhase = (phase: number): number => {
        const weighted = values.map(({ value, age }, i) => {
          const apart = (age + 1 + phase) % stepsPerDay;
          const near = Math.exp(-((Math.min(apart, stepsPerDay - apart) / width) ** 2));
          return { value, weight: (fading[i] ?? 0) * (1 + HOUR_BONUS * near) };
        });
        return weightedMedian(weighted);
      };
      const day = Array.from({ length: Math.min(horizon, stepsPerDay) }, (_, phase) => ofPhase(phase));
      return Float64Array.from({ length: horizon }, (_, step) => day[step % stepsPerDay] ?? 0);
    },
  }),
};
