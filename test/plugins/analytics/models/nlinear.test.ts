import { describe, expect, it } from 'vitest';
import { nlinear } from '../../../../plugins/analytics/models/nlinear.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';
import { startTensorflow, tf } from '../../../../plugins/analytics/models/tensorflow.ts';

const shape = { horizon: 24, stepsPerDay: 24 };
const wave = (step: number): number => 50 + 20 * Math.sin((step / 24) * 2 * Math.PI);

function noisy(length: number): Float64Array {
  const random = randomOf(5);
  return Float64Array.from({ length }, (_, step) => wave(step) + normalOf(random));
}

describe('NLinear', () => {
  it('runs on WebAssembly when the native package is absent, from local files', async () => {
    expect(['wasm', 'tensorflow']).toContain(await startTensorflow());
  });

  it('leaves no tensor behind', async () => {
    await startTensorflow();
    const before = tf.memory().numTensors;
    const fitted = await nlinear(1).fit(noisy(240), shape);
    fitted.forecast(noisy(240));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('learns a daily wave', async () => {
    const fitted = await nlinear(1).fit(noisy(240), shape);
    const errors = Array.from(fitted.forecast(noisy(240)), (value, step) => Math.abs(value - wave(240 + step)));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(3);
  });

  it('gives the same for the same seed, and another for another', async () => {
    const forecast = async (seed: number): Promise<number[]> => [...(await nlinear(seed).fit(noisy(240), shape)).forecast(noisy(240))];
    const [one, again, other] = [await forecast(7), await forecast(7), await forecast(8)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('goes on from its own forecast when the horizon is longer than a day', async () => {
    const fitted = await nlinear(1).fit(noisy(336), { horizon: 60, stepsPerDay: 24 });
    const forecast = [...fitted.forecast(noisy(336))];
    expect(forecast).toHaveLength(60);
    expect(forecast.every((value) => value > 10 && value < 90)).toBe(true);
  });

  it('copes with a constant series', async () => {
    const fitted = await nlinear(1).fit(new Float64Array(200).fill(3), shape);
    for (const value of fitted.forecast(new Float64Array(200).fill(3))) expect(value).toBeCloseTo(3, 2);
  });
});
