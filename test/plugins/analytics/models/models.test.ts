import { describe, expect, it } from 'vitest';
import { holtWinters } from '../../../../plugins/analytics/models/holt-winters.ts';
import type { Model, Shape } from '../../../../plugins/analytics/models/model.ts';
import { median } from '../../../../plugins/analytics/models/model.ts';
import { BASELINES } from '../../../../plugins/analytics/models/pool.ts';

const shape: Shape = { horizon: 24, stepsPerDay: 24 };
const series = (length: number, value: (step: number) => number): Float64Array => Float64Array.from({ length }, (_, step) => value(step));

async function forecastOf(model: Model, history: Float64Array, task = shape): Promise<number[]> {
  const fitted = await model.fit(history, task);
  return [...fitted.forecast(history)];
}

const modelOf = (name: string): Model => {
  const model = BASELINES.find((one) => one.name === name);
  if (model === undefined) throw new Error(name);
  return model;
};

describe('baselines against their closed forms', () => {
  const history = series(24 * 8, (step) => step * 1.5 + (step % 24));

  it('last value repeats the last value', async () => {
    expect(await forecastOf(modelOf('last-value'), history)).toEqual(Array.from({ length: 24 }, () => history.at(-1)));
  });

  it.each([
    ['seasonal-24h', 24],
    ['seasonal-168h', 168],
  ])('%s repeats the season, also over a longer horizon', async (name, period) => {
    const forecast = await forecastOf(modelOf(name), history, { horizon: period + 10, stepsPerDay: 24 });
    const expected = Array.from({ length: period + 10 }, (_, step) => history[history.length - period + (step % period)]);
    expect(forecast).toEqual(expected);
  });

  it('median of 24 h does not see what is older, nor one outlier', async () => {
    const quiet = series(100, (step) => (step < 76 ? 1000 : step === 80 ? 9999 : 5));
    expect(await forecastOf(modelOf('median-24h'), quiet)).toEqual(Array.from({ length: 24 }, () => 5));
  });

  it('median of 7 days takes the same hour of each day', async () => {
    const days = series(24 * 7, (step) => (step % 24) + (Math.floor(step / 24) === 3 ? 500 : 0));
    expect(await forecastOf(modelOf('median-7d'), days)).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
  });

  it('median of an even number is the mean of the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('every model answers as many finite values as asked, for a constant series that constant', async () => {
    for (const model of BASELINES) {
      const forecast = await forecastOf(
        model,
        series(200, () => 0.25),
      );
      expect(forecast).toHaveLength(24);
      for (const value of forecast) expect(value).toBeCloseTo(0.25, 12);
    }
  });
});

describe('Holt-Winters', () => {
  it('continues a clean line exactly when there is no season yet', async () => {
    const forecast = await forecastOf(
      holtWinters,
      series(30, (step) => 5 + 2 * step),
    );
    for (const [step, value] of forecast.entries()) expect(value).toBeCloseTo(5 + 2 * (30 + step), 6);
  });

  it('continues a line with a clean season exactly', async () => {
    const clean = (step: number): number => 100 + 0.5 * step + 10 * Math.sin((step / 24) * 2 * Math.PI);
    const forecast = await forecastOf(holtWinters, series(24 * 6, clean));
    for (const [step, value] of forecast.entries()) expect(Math.abs(value - clean(24 * 6 + step))).toBeLessThan(0.5);
  });

  it('continues each later history, with what it learned from the first', async () => {
    const clean = (step: number): number => 3 * step;
    const fitted = await holtWinters.fit(series(20, clean), { horizon: 2, stepsPerDay: 24 });
    const [next] = fitted.forecast(series(40, clean));
    expect(next).toBeCloseTo(120, 6);
  });
});
