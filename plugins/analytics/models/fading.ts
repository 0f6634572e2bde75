import { median, type Model } from './model.ts';

const HISTORY_MIN = 12;
/** Of a day: how fast the present fades. */
const FADE = 1 / 8;

/** What it was just now, fading into the median of the day. */
export const fadingLast: Model = {
  name: 'fading-last',
  historyMin: () => HISTORY_MIN,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const fade = Math.max(1, stepsPerDay * FADE);
      const now = median(history.subarray(-Math.ceil(fade)));
      const day = median(history.subarray(-stepsPerDay));
      return Float64Array.from({ length: horizon }, (_, step) => day + (now - day) * Math.exp(-step / fade));
    },
  }),
};
