import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combine, weightsOf } from '../../../../plugins/analytics/forecast/combine.ts';

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
