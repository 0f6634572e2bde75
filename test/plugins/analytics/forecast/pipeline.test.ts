import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMBINATION } from '../../../../plugins/analytics/forecast/combine.ts';
import { prepare, runPipeline, settle, settleLine } from '../../../../plugins/analytics/forecast/pipeline.ts';
import type { Quantiles } from '../../../../plugins/analytics/models/model.ts';
import type { Model } from '../../../../plugins/analytics/models/model.ts';
import { BASELINES } from '../../../../plugins/analytics/models/pool.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';
import type { Forecast, Series } from '../../../../plugins/analytics/port.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 9);

const hourly = (length: number, value: (step: number) => number | null): Series => ({
  at: Array.from({ length }, (_, step) => START + step * HOUR * 1000),
  value: Array.from({ length }, (_, step) => value(step)),
});

const forecast = (
  series: Series,
  options: { horizonSeconds?: number; stepSeconds?: number; maximum?: number; minimum?: number | null } = {},
) => runPipeline(series, { horizonSeconds: DAY, stepSeconds: HOUR, ...options }, BASELINES);

function expectSound({ points }: Forecast, low: number, high: number): void {
  for (const { p10, p50, p90 } of points) {
    expect([p10, p50, p90].every(Number.isFinite)).toBe(true);
    expect(p10).toBeLessThanOrEqual(p50);
    expect(p50).toBeLessThanOrEqual(p90);
    expect(p10).toBeGreaterThanOrEqual(low);
    expect(p90).toBeLessThanOrEqual(high);
  }
}

describe('too little history', () => {
  it('is said, with what is there', async () => {
    await expect(forecast(hourly(1, () => 1))).rejects.toMatchObject({
      code: 'forecast_history_short',
      status: 422,
      details: { historySeconds: HOUR },
    });
    await expect(forecast({ at: [], value: [] })).rejects.toMatchObject({ code: 'forecast_history_short' });
    await expect(forecast(hourly(400, () => Number.NaN))).rejects.toMatchObject({ code: 'forecast_history_short' });
  });

  it('counts steps too: few wide steps are no history', async () => {
    await expect(forecast(hourly(10, (step) => step))).rejects.toThrowError(/at least 24 h/);
  });

  it('shortens the horizon rather than to guess, and says so', async () => {
    const series = {
      at: Array.from({ length: 36 }, (_, step) => START + step * 300_000),
      value: Array.from({ length: 36 }, (_, step) => step % 3),
    };
    const { horizonSeconds, shortened, points } = await forecast(series, { stepSeconds: 300 });
    expect(horizonSeconds).toBe(HOUR);
    expect(points).toHaveLength(12);
    expect(shortened).toEqual({ askedSeconds: DAY, needsHistorySeconds: 3 * DAY });
  });
});

describe('a forecast', () => {
  it('is sound for whatever was measured: finite, in order, within the bounds', async () => {
    const value = fc.oneof(
      { weight: 8, arbitrary: fc.double({ noNaN: true, min: 0, max: 1 }) },
      fc.constantFrom(null, Number.NaN, Infinity, 1e308, -3),
    );
    const values = fc.array(value, { minLength: 24, maxLength: 240 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 48 }), async (list, hours) => {
        const made = await forecast(
          hourly(list.length, (step) => list[step] ?? null),
          { horizonSeconds: hours * HOUR, maximum: 1 },
        ).catch((error: { code?: string }) => error.code);
        expect(typeof made === 'object' ? 'a forecast' : made).toBeOneOf(['a forecast', 'forecast_history_short']);
        if (typeof made === 'object') expectSound(made, 0, 1);
      }),
      { numRuns: 60 },
    );
  });

  it('of a constant series is that constant, and sure of it', async () => {
    const { points, coverage, backtest } = await forecast(hourly(240, () => 0.4));
    for (const { p10, p50, p90 } of points) for (const value of [p10, p50, p90]) expect(value).toBeCloseTo(0.4, 6);
    expect(coverage).toBe(1);
    expect(backtest.every(({ mase }) => Number.isFinite(mase))).toBe(true);
  });

  it('begins where the history ends, one point a step', async () => {
    const { points, history, observed } = await forecast(hourly(240, (step) => step % 24));
    expect(points.map(({ at }) => at)).toEqual(Array.from({ length: 24 }, (_, step) => START + (240 + step) * HOUR * 1000));
    expect(history).toEqual({ from: START, to: START + 240 * HOUR * 1000, steps: 240, missing: 0 });
    expect(observed.value).toHaveLength(240);
  });

  it('of a series that only grows goes on growing', async () => {
    const { points } = await forecast(hourly(240, (step) => 1000 + step * 7));
    expect(points.at(-1)?.p50).toBeGreaterThan(1000 + 250 * 7);
  });

  it('lives with gaps and says how many there are', async () => {
    const { history, points } = await forecast(hourly(336, (step) => (step > 100 && step < 150 ? null : 10 + (step % 24))));
    expect(history).toMatchObject({ steps: 287, missing: 49 });
    expect(points[12]?.p50).toBeCloseTo(22, 0);
  });

  it('may go below 0 only when told that it may', async () => {
    const falling = hourly(240, (step) => 100 - step);
    expect((await forecast(falling)).points.every(({ p10 }) => p10 >= 0)).toBe(true);
    expect((await forecast(falling, { minimum: null })).points.at(-1)?.p50).toBeLessThan(-100);
  });

  it('is the same for the same series', async () => {
    const series = hourly(240, (step) => (step * 7919) % 31);
    expect(await forecast(series)).toEqual(await forecast(series));
  });
});

describe('what happens to real series', () => {
  const daily = (hour: number): number => 50 + 30 * Math.sin((hour / 24) * 2 * Math.PI);
  const errorOf = ({ points }: Forecast, begin: number, truth: (hour: number) => number): number =>
    points.reduce((sum, { p50 }, i) => sum + Math.abs(p50 - truth(begin + i)), 0) / points.length;

  it('a clock that was put forward an hour is followed within three days', async () => {
    const shifted = (hour: number): number => daily(hour >= 336 ? hour + 1 : hour);
    const made = await forecast(hourly(336 + 72, shifted));
    expect(errorOf(made, 336 + 72, shifted)).toBeLessThan(3);
  });

  it('a day without values does not spoil the rhythm', async () => {
    const made = await forecast(hourly(336, (hour) => (hour >= 290 && hour < 314 ? null : daily(hour))));
    expect(errorOf(made, 336, daily)).toBeLessThan(2);
  });

  it('a value that was cleared now and then is forecast to grow again from there', async () => {
    const sawtooth = (hour: number): number => 100 + ((hour + 40) % 100);
    const made = await forecast(hourly(500, sawtooth));
    expect(made.seasonSeconds).toBe(100 * HOUR);
    expect(errorOf(made, 500, sawtooth)).toBeLessThan(3);
  });

  it('a rhythm that is not the day is found and said', async () => {
    const odd = (hour: number): number => (hour % 7 === 0 ? 80 : 10) + ((hour * 31) % 5) / 5;
    const made = await forecast(hourly(400, odd));
    expect(made.seasonSeconds).toBe(7 * HOUR);
    expect(errorOf(made, 400, odd)).toBeLessThan(2);
  });
});

describe('the time to a limit', () => {
  it('of a disk that fills at a steady pace is what arithmetic says, noise or not', async () => {
    const random = randomOf(5);
    // 88 % now, 1.6 points a day: full in 7.5 days.
    const filling = hourly(28 * 24, (step) => 0.88 - (0.016 * (28 * 24 - step)) / 24 + 0.002 * normalOf(random));
    const now = START + 28 * DAY * 1000;
    const options = { horizonSeconds: 14 * DAY, stepSeconds: HOUR, maximum: 1, limit: { value: 1 } };
    const { limit } = await runPipeline(filling, options, BASELINES);
    const daysUntil = (at: number | null | undefined): number => ((at ?? Number.NaN) - now) / (DAY * 1000);
    expect(Math.abs(daysUntil(limit?.p50At) - 7.5)).toBeLessThan(0.4);
    expect(daysUntil(limit?.p10At)).toBeGreaterThan(6.5);
    expect(daysUntil(limit?.p90At)).toBeLessThan(8.5);
  });
});

describe('the settings of a combination', () => {
  const say = (name: Model['name'], value: number, isTrusted = false): Model & { readonly asked: string[] } => {
    const asked: string[] = [];
    return {
      name,
      ...(isTrusted && { isTrusted: true as const }),
      asked,
      historyMin: () => 24,
      fit: (_history, { horizon }, stage = 'final') => {
        asked.push(stage);
        return { forecast: () => new Float64Array(horizon).fill(value) };
      },
    };
  };
  // Both are off by 1, one above, one below.
  const models = [say('last-value', 9), say('day-shape', 11, true)];
  const prepared = prepare(
    hourly(10 * 24, () => 10),
    { horizonSeconds: DAY, stepSeconds: HOUR },
    models,
  );

  it('decide what is forecast, and the models are asked once for all of them', async () => {
    const [none = 0, much = 0] = (
      await Promise.all([1, 30].map(async (trust) => settleLine(await prepared, { ...COMBINATION, trust })))
    ).map(([first]) => first);
    expect(none).toBeCloseTo(10, 9);
    expect(much).toBeGreaterThan(10.9);
    expect(models.map(({ asked }) => asked)).toEqual([
      ['backtest', 'final'],
      ['backtest', 'final'],
    ]);
  });

  it('give the same line with a band and without', async () => {
    const { points } = await settle(await prepared);
    expect(points.map(({ p50 }) => p50)).toEqual([...(await settleLine(await prepared))]);
  });
});

describe('a model that learned p10 and p90', () => {
  const random = randomOf(12);
  const isLoud = (hour: number): boolean => hour % 24 >= 12;
  const series = hourly(336, (step) => 50 + (isLoud(step) ? 10 : 1) * normalOf(random));
  /** Knows at which hours the series is restless. */
  const knowing: Model = {
    name: 'global-mlp',
    historyMin: () => 24,
    fit: (_history, { horizon }) => {
      const lineOf = (history: Float64Array, share: number): Float64Array =>
        Float64Array.from({ length: horizon }, (_, step) => 50 + share * (isLoud(history.length + step) ? 10 : 1));
      const quantiles = (history: Float64Array): Quantiles => ({
        p10: lineOf(history, -1.28),
        p50: lineOf(history, 0),
        p90: lineOf(history, 1.28),
      });
      return { forecast: (history) => quantiles(history).p50, quantiles };
    },
  };

  it('makes the band wide where it is restless and narrow where it is not', async () => {
    const options = { horizonSeconds: DAY, stepSeconds: HOUR };
    const ratioOf = ({ points }: Forecast): number => {
      const width = (loud: boolean): number => points.reduce((sum, { p10, p90 }, step) => sum + (isLoud(step) === loud ? p90 - p10 : 0), 0);
      return width(true) / width(false);
    };
    const without = ratioOf(await runPipeline(series, options, BASELINES));
    const made = await runPipeline(series, options, [...BASELINES, knowing]);
    expect(ratioOf(made)).toBeGreaterThan(1.5 * without);
    expect(Math.abs(made.coverage - 0.8)).toBeLessThan(0.1);
    expectSound(made, 0, Infinity);
  });
});
