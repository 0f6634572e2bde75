import { describe, expect, it } from 'vitest';
import { dayShape } from '../../../../plugins/analytics/models/day-shape.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';

const DAY = 24;

async function forecastOf(values: (hour: number) => number, hours: number, horizon = DAY): Promise<number[]> {
  const history = Float64Array.from({ length: hours }, (_, hour) => values(hour));
  const fitted = await dayShape.fit(history, { horizon, stepsPerDay: DAY });
  return [...fitted.forecast(history)];
}

describe('the shape of the day on the present level', () => {
  it('has a daily job at its hour and nothing of it at any other', async () => {
    const forecast = await forecastOf((hour) => (hour % DAY === 8 ? 400 : 3), 10 * DAY, 2 * DAY);
    expect(forecast).toEqual(Array.from({ length: 2 * DAY }, (_, hour) => (hour % DAY === 8 ? 400 : 3)));
  });

  it('has no bursts that come at any hour, however many they were', async () => {
    const random = randomOf(11);
    const bursts = Array.from({ length: 10 * DAY }, () => (random() < 0.2 ? 500 : 5));
    const forecast = await forecastOf((hour) => bursts[hour] ?? 0, bursts.length);
    expect(Math.max(...forecast)).toBeLessThan(6);
  });

  it('follows a level that moved yesterday, with the job on top of it', async () => {
    const values = (hour: number): number => (hour < 9 * DAY ? 10 : 60) + (hour % DAY === 8 ? 40 : 0);
    const forecast = await forecastOf(values, 10 * DAY);
    expect(forecast[0]).toBeCloseTo(60, 6);
    expect(forecast[8]).toBeCloseTo(100, 6);
  });

  it('is not led astray by one odd hour at the end', async () => {
    const forecast = await forecastOf((hour) => (hour === 10 * DAY - 1 ? 900 : 7), 10 * DAY);
    expect(forecast.every((value) => value === 7)).toBe(true);
  });

  it('beats the median of the day where there is a rhythm and noise', async () => {
    const random = randomOf(4);
    const truth = (hour: number): number => 20 + (hour % DAY > 8 && hour % DAY < 17 ? 15 : 0);
    const forecast = await forecastOf((hour) => truth(hour) + 2 * normalOf(random), 12 * DAY);
    const error = forecast.reduce((sum, value, hour) => sum + Math.abs(value - truth(hour)), 0) / DAY;
    expect(error).toBeLessThan(2.5);
  });
});
