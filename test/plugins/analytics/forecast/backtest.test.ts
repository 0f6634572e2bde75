import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choose,
  combineRehearsed,
  forecastsAt,
  originsOf,
  rehearse,
  scaleOfErrors,
  type Tested,
} from '../../../../plugins/analytics/forecast/backtest.ts';
import { nlinear } from '../../../../plugins/analytics/models/nlinear.ts';
import { BASELINES } from '../../../../plugins/analytics/models/pool.ts';

const shape = { horizon: 12, stepsPerDay: 24 };
const wave = Float64Array.from({ length: 240 }, (_, step) => 10 + 5 * Math.sin((step / 24) * 2 * Math.PI));

describe('the origins of a backtest', () => {
  it('leave room for the horizon and for learning, rise, and are at most thirty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 400 }), (length, horizon) => {
        const origins = originsOf(length, { horizon, stepsPerDay: 24 });
        expect(origins.length).toBeLessThanOrEqual(30);
        for (const [i, origin] of origins.entries()) {
          expect(origin).toBeGreaterThan(origins[i - 1] ?? 11);
          expect(origin + horizon).toBeLessThanOrEqual(length);
        }
      }),
    );
  });

  it('are none when the history is too short for one', () => {
    expect(originsOf(20, shape)).toEqual([]);
  });
});

describe('a backtest', () => {
  it('never sees the future: other later values change no forecast made before', async () => {
    const origins = originsOf(wave.length, shape);
    const cut = origins[5] ?? 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 20 }), async (other) => {
        const changed = wave.map((value, step) => (step < cut ? value : (other[step % other.length] ?? 0)));
        for (const model of BASELINES) {
          const before = await forecastsAt(wave, { model, shape }, origins);
          const after = await forecastsAt(changed, { model, shape }, origins);
          expect(after.forecasts.slice(0, 6)).toEqual(before.forecasts.slice(0, 6));
        }
      }),
      { numRuns: 15 },
    );
  });

  it('never sees the future, NLinear included', async () => {
    const origins = originsOf(wave.length, shape);
    const changed = wave.map((value, step) => (step < (origins[5] ?? 0) ? value : 1e4));
    const before = await forecastsAt(wave, { model: nlinear(1), shape }, origins);
    const after = await forecastsAt(changed, { model: nlinear(1), shape }, origins);
    expect(after.forecasts.slice(0, 6)).toEqual(before.forecasts.slice(0, 6));
    expect(after.forecasts.at(-1)).not.toEqual(before.forecasts.at(-1));
  });

  it('scores an exact model 0 and puts it first', async () => {
    const { tested } = combineRehearsed(await rehearse({ measured: wave, filled: wave, shape, models: BASELINES }));
    const [best] = tested;
    expect(best?.score.mae).toBeCloseTo(0, 9);
    expect(['seasonal-24h', 'seasonal-168h', 'median-7d', 'day-shape', 'profile-week', 'holt-winters']).toContain(best?.score.model);
  });

  it('leaves out models that the history is too short for', async () => {
    const short = wave.subarray(0, 60);
    const { tested } = combineRehearsed(await rehearse({ measured: short, filled: short, shape, models: BASELINES }));
    expect(tested.map(({ model }) => model.name)).not.toContain('seasonal-168h');
  });

  it('does not score what was not measured', async () => {
    const measured = wave.map((value, step) => (step > 200 ? Number.NaN : value));
    const filled = wave.map((value, step) => (step > 200 ? 1e9 : value));
    const seasonal = BASELINES.filter(({ name }) => name === 'seasonal-24h');
    const [tested] = (await rehearse({ measured, filled, shape, models: seasonal })).tested;
    expect(tested?.score.mae).toBeLessThan(1e9 / 2);
    expect(tested?.residuals.some((fold) => fold.some(Number.isNaN))).toBe(true);
  });
});

describe('the combination', () => {
  it('is not worse than the worst, and weighs those more that were better', async () => {
    const noisy = wave.map((value, step) => value + ((step * 7919) % 13) / 13);
    const { tested, combined } = combineRehearsed(await rehearse({ measured: noisy, filled: noisy, shape, models: BASELINES }));
    expect(combined?.weights).toHaveLength(tested.length);
    for (let step = 0; step < shape.horizon; step++) {
      expect(combined?.weights.reduce((sum, weights) => sum + (weights[step] ?? 0), 0)).toBeCloseTo(1, 9);
    }
    const total = (weights: Float64Array | undefined): number => weights?.reduce((sum, weight) => sum + weight, 0) ?? 0;
    expect(total(combined?.weights[0])).toBeGreaterThan(total(combined?.weights.at(-1)));
    expect(combined?.score.mae).toBeLessThan(tested.at(-1)?.score.mae ?? 0);
  });

  it('is absent where there is nothing to combine', async () => {
    const one = BASELINES.slice(0, 1);
    expect(combineRehearsed(await rehearse({ measured: wave, filled: wave, shape, models: one })).combined).toBeUndefined();
  });
});

describe('the choice', () => {
  const scored = (name: string, mae: number): Tested[] =>
    BASELINES.filter((model) => model.name === name).map((model) => ({
      model,
      residuals: [],
      forecasts: [],
      errors: [],
      score: { model: model.name, mae, mase: mae },
    }));
  const combined = { residuals: [], forecasts: [], weights: [], score: { model: 'combination', mae: 1, mase: 1 } } as const;

  it('is the combination unless a single model is better by three tenths', () => {
    expect(choose({ tested: scored('last-value', 0.75), combined })?.is).toBe('combination');
    expect(choose({ tested: scored('last-value', 0.65), combined })).toMatchObject({
      is: 'single',
      best: { score: { model: 'last-value' } },
    });
  });

  it('is the best where nothing was combined, and none of none', () => {
    expect(choose({ tested: scored('seasonal-24h', 1), combined: undefined })?.is).toBe('single');
    expect(choose({ tested: [], combined: undefined })).toBeUndefined();
  });
});

describe('the measure of MASE', () => {
  it('is the mean change to the same hour of the next day', () => {
    expect(
      scaleOfErrors(
        Float64Array.from({ length: 72 }, (_, step) => Math.floor(step / 24) * 3),
        24,
      ),
    ).toBe(3);
  });

  it('is the mean change to the next step in a short history', () => {
    expect(scaleOfErrors(Float64Array.from([1, 3, 5, 7]), 24)).toBe(2);
  });

  it('is never 0', () => {
    expect(scaleOfErrors(new Float64Array(100), 24)).toBeGreaterThan(0);
  });
});
