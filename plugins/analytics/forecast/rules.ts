import { HubError } from 'novacron/plugin';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** With less, nothing honest can be said. */
const HISTORY_MIN_SECONDS = 2 * HOUR;
export const STEPS_MIN = 24;
/** From here on the daily rhythm has been seen often enough to be tested. */
const RHYTHM_SECONDS = 3 * DAY;
const SHORT_FACTOR = 3;
const LONG_FACTOR = 1.75;

/** History that a horizon needs: three times as much up to a day (never less than 2 h); 1.75 times of what goes beyond it on top. */
export function historyNeededSeconds(horizonSeconds: number): number {
  if (horizonSeconds <= DAY) return Math.max(HISTORY_MIN_SECONDS, SHORT_FACTOR * horizonSeconds);
  return RHYTHM_SECONDS + LONG_FACTOR * (horizonSeconds - DAY);
}

/** The longest horizon that this much history carries; 0: none. */
export function horizonCarriedSeconds(historySeconds: number): number {
  if (historySeconds < HISTORY_MIN_SECONDS) return 0;
  if (historySeconds < RHYTHM_SECONDS) return historySeconds / SHORT_FACTOR;
  return DAY + (historySeconds - RHYTHM_SECONDS) / LONG_FACTOR;
}

/** Steps of 5 min up to 6 h ahead, 15 min up to 12 h, 1 h beyond. */
export function stepSecondsFor(horizonSeconds: number): number {
  if (horizonSeconds <= 6 * HOUR) return 300;
  return horizonSeconds <= 12 * HOUR ? 900 : HOUR;
}

/** `45 min`, `2.5 h`, `3 days`. */
export function durationText(seconds: number): string {
  if (seconds < 2 * HOUR) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * DAY) return `${Number((seconds / HOUR).toFixed(1))} h`;
  return `${Number((seconds / DAY).toFixed(1))} days`;
}

/** HubError `forecast_history_short`: what is there, and what is needed. */
export function historyShort(historySeconds: number, needs: { horizonSeconds: number; leastSeconds?: number }): HubError {
  const leastSeconds = Math.max(HISTORY_MIN_SECONDS, needs.leastSeconds ?? 0);
  const needsSeconds = Math.max(leastSeconds, historyNeededSeconds(needs.horizonSeconds));
  const there = historySeconds === 0 ? 'There is no history' : `There are only ${durationText(historySeconds)} of history`;
  const full =
    needsSeconds > leastSeconds ? ` (and ${durationText(needsSeconds)} for the whole ${durationText(needs.horizonSeconds)})` : '';
  const least = `a forecast needs at least ${durationText(leastSeconds)}${full}`;
  return new HubError('forecast_history_short', `Too little history. ${there}; ${least}. Ask again when more has been measured.`, {
    status: 422,
    details: { historySeconds, leastSeconds, needsSeconds },
  });
}

/** The horizon that is forecast: what was asked, or what the history carries. HubError `forecast_history_short` when that is nothing. */
export function grantHorizon(horizonSeconds: number, historySeconds: number): number {
  const carried = horizonCarriedSeconds(historySeconds);
  if (carried === 0) throw historyShort(historySeconds, { horizonSeconds });
  return Math.min(horizonSeconds, carried);
}
