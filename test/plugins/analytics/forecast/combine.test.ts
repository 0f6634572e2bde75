import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combine, stepErrors, stepWeights, trustsKept, weightsOf } from '../../../../plugins/analytics/forecast/combine.ts';

describe('the weights of models', () => {
  it('are of sum 1, larger for smaller errors, whatever the errors', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 }), (errors) => {
        const weights = weightsOf(errors, 1);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        const [least, most] = [errors.indexOf(Math.min(...errors)), errors.indexOf(Math.max(...errors))];
        expect(weights[least] ?? 0).toBeGreaterThanOrEqual(weights[most] ?? 0);
      }),
    );
  });

  it('are equal for models that are all exact', () => {
    expect(weightsOf([0, 0], 0)).toEqual([0.5, 0.5]);
  });
});

describe('the combination of lines', () => {
  const line = (...values: number[]): Float64Array => Float64Array.from(values);

  it('is the mean of two that weigh the same', () => {
    expect([...combine([line(1, 10), line(3, 20)], [line(0.5, 0.5), line(0.5, 0.5)])]).toEqual([2, 15]);
  });

  it('is not moved by one that is far off', () => {
    const [near = 0] = combine([line(1), line(1.1), line(1e9)], [line(0.4), line(0.4), line(0.2)]);
    expect(near).toBeLessThan(1.2);
  });

  it('is the line of the only one', () => {
    expect([...combine([line(4, 5)], [line(1, 1)])]).toEqual([4, 5]);
  });
});

describe('how far off a model is at each step', () => {
  const shape = { horizon: 24, stepsPerDay: 24 };
  /** It is off by 9 at 6 o'clock, whenever it was asked, and by 1 at all other times. */
  const folds = [0, 5, 10, 15, 20, 25].map((origin) => ({
    origin,
    residuals: Float64Array.from({ length: 24 }, (_, step) => ((origin + step) % 24 === 6 ? -9 : 1)),
  }));

  it('is told by the time of the day too, not only by the number of steps ahead', () => {
    const errors = stepErrors(folds, 48, shape);
    expect(errors.indexOf(Math.max(...errors))).toBe(6);
    expect(errors[6]).toBeGreaterThan(5);
    expect(errors[18]).toBeLessThan(2.5);
  });

  it('is the mean of what is known where nothing was measured, and 0 of nothing', () => {
    const gaps = folds.map(({ origin, residuals }) => ({
      origin,
      residuals: residuals.map((value, step) => (step > 12 ? Number.NaN : value)),
    }));
    expect(stepErrors(gaps, 48, shape).every(Number.isFinite)).toBe(true);
    expect([...stepErrors([], 48, shape)]).toEqual(Array.from({ length: 24 }, () => 0));
  });

  it('decides what it weighs at that step', () => {
    const [one, other] = stepWeights([Float64Array.from([1, 4]), Float64Array.from([4, 1])], 1);
    expect(one?.[0]).toBeGreaterThan(0.9);
    expect(one?.[1]).toBeLessThan(0.1);
    expect((one?.[0] ?? 0) + (other?.[0] ?? 0)).toBeCloseTo(1, 12);
  });
});

describe('trust in a model', () => {
  it('counts at about the same error, fades with more of it, and ends where the evidence is clear', () => {
    expect(trustsKept([1, 1.1], 1, [1, 10])).toEqual([1, 10]);
    expect(trustsKept([1, 3], 1, [1, 10])).toEqual([1, 1]);
    const [, between = 0] = trustsKept([1, 1.55], 1, [1, 10]);
    expect(between).toBeGreaterThan(1.5);
    expect(between).toBeLessThan(9);
  });

  it('makes a model count as many', () => {
    const [trusted = 0, other = 1] = weightsOf([1, 1], 1, { trusts: [10, 1] });
    expect(trusted / other).toBeCloseTo(10, 9);
  });
});
