import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  durationText,
  grantHorizon,
  historyNeededSeconds,
  horizonCarriedSeconds,
  stepSecondsFor,
} from '../../../../plugins/analytics/forecast/rules.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

describe('how much history a forecast needs', () => {
  it('says no with less than two hours, and what is there and needed', () => {
    expect(() => grantHorizon(DAY, 43 * 60)).toThrowError(
      expect.objectContaining({
        code: 'forecast_history_short',
        status: 422,
        message:
          'Too little history. There are only 43 min of history; a forecast needs at least 2 h (and 3 days for the whole 24 h). Ask again when more has been measured.',
      }),
    );
    expect(() => grantHorizon(DAY, 0)).toThrowError(/There is no history;/);
  });

  it.each([
    [2 * HOUR, 40 * 60],
    [DAY, 8 * HOUR],
    [3 * DAY, DAY],
    [13.5 * DAY, 7 * DAY],
  ])('%d s of history carry %d s', (history, horizon) => {
    expect(horizonCarriedSeconds(history)).toBe(horizon);
  });

  it('what a horizon needs carries that horizon', () => {
    const horizons = fc.integer({ min: 60, max: 31 * DAY });
    fc.assert(
      fc.property(horizons, (horizon) => {
        expect(horizonCarriedSeconds(historyNeededSeconds(horizon))).toBeGreaterThanOrEqual(horizon - 1);
      }),
    );
  });

  it('more history never carries less', () => {
    const seconds = fc.integer({ min: 0, max: 90 * DAY });
    const carried = fc.property(seconds, seconds, (a, b) => {
      expect(horizonCarriedSeconds(Math.max(a, b))).toBeGreaterThanOrEqual(horizonCarriedSeconds(Math.min(a, b)));
    });
    fc.assert(carried);
  });

  it('chooses the step by the horizon', () => {
    expect([HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY].map(stepSecondsFor)).toEqual([300, 300, 900, 3600, 3600]);
  });

  it('writes durations as people say them', () => {
    expect([2700, 9000, 2 * DAY, 7 * DAY].map(durationText)).toEqual(['45 min', '2.5 h', '2 days', '7 days']);
  });
});
