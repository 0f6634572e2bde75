import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillGaps, STEPS_MAX, toSteps } from '../../../../plugins/analytics/forecast/steps.ts';

const MINUTE = 60_000;

describe('a series that is none', () => {
  it.each([
    ['columns of unequal length', { at: [1, 2], value: [1] }, 300],
    ['an instant that is no number', { at: [Number.NaN], value: [1] }, 300],
    ['a step that is too short', { at: [], value: [] }, 1],
    ['a step of half a second', { at: [], value: [] }, 60.5],
  ])('is refused: %s', (_, series, stepSeconds) => {
    expect(() => toSteps(series, stepSeconds)).toThrowError(expect.objectContaining({ code: 'forecast_input_invalid', status: 422 }));
  });
});

describe('equal steps', () => {
  it('are the means of what was measured in each', () => {
    const { from, values } = toSteps({ at: [0, 10_000, MINUTE, 3 * MINUTE], value: [1, 3, 5, 7] }, 60);
    expect(from).toBe(0);
    expect([...values]).toEqual([2, 5, Number.NaN, 7]);
  });

  it('leave out null, NaN, infinity and what no measurement can be', () => {
    const at = [0, 1, 2, 3, 4].map((step) => step * MINUTE);
    expect([...toSteps({ at, value: [null, 1, Number.NaN, 1e300, 2] }, 60).values]).toEqual([1, Number.NaN, Number.NaN, 2]);
  });

  it('are none for an empty series', () => {
    expect(toSteps({ at: [], value: [] }, 60).values).toHaveLength(0);
  });

  it('are the latest, when there are too many', () => {
    const at = Array.from({ length: STEPS_MAX + 500 }, (_, step) => step * MINUTE);
    const { from, values } = toSteps({ at, value: at }, 60);
    expect(values).toHaveLength(STEPS_MAX);
    expect(from).toBe(500 * MINUTE);
  });

  it('do not depend on the order of the samples', () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 * MINUTE }), fc.integer({ min: -1000, max: 1000 })), { minLength: 1 });
    const grid = (list: readonly (readonly [number, number])[]): number[] => [
      ...toSteps({ at: list.map(([at]) => at), value: list.map(([, value]) => value) }, 60).values,
    ];
    fc.assert(
      fc.property(samples, (list) => {
        expect(grid(list.toReversed())).toEqual(grid(list));
      }),
    );
  });
});

describe('filling gaps', () => {
  it('takes the value of a day before, else the last one', () => {
    expect([...fillGaps(Float64Array.from([1, Number.NaN, 3, Number.NaN, 5]), 3)]).toEqual([1, 1, 3, 1, 5]);
  });

  it('never looks ahead: what comes later changes nothing before', () => {
    const values = fc.array(fc.option(fc.double({ noNaN: true }), { nil: Number.NaN }), { minLength: 2, maxLength: 80 });
    fc.assert(
      fc.property(values, fc.nat(), (list, at) => {
        const cut = at % list.length;
        const whole = fillGaps(Float64Array.from(list), 7).slice(0, cut);
        expect([...whole]).toEqual([...fillGaps(Float64Array.from(list.slice(0, cut)), 7)]);
      }),
    );
  });
});
