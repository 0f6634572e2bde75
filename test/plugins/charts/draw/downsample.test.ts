import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { downsample, withGaps, type Point } from '../../../../plugins/charts/draw/downsample.ts';

const breaks = (points: readonly Point[]): number => points.filter(({ value }) => Number.isNaN(value)).length;

describe('gaps', () => {
  it('breaks the line at null, NaN and infinity', () => {
    const points = withGaps({ at: [0, 1, 2, 3, 4], value: [1, null, Number.NaN, Infinity, 2] });
    expect(points.map(({ value }) => value)).toEqual([1, Number.NaN, Number.NaN, Number.NaN, 2]);
  });

  it('breaks the line where samples stayed away for more than 2.5 steps', () => {
    expect(breaks(withGaps({ at: [0, 10, 20, 60, 70], value: [1, 1, 1, 1, 1] }))).toBe(1);
    expect(breaks(withGaps({ at: [0, 10, 20, 40, 50], value: [1, 1, 1, 1, 1] }))).toBe(0);
  });
});

describe('downsampling', () => {
  const points = fc
    .array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NaN)), { minLength: 1, maxLength: 3000 })
    .map((values) => values.map((value, i) => ({ at: i * 1000, value })));

  it('keeps the lowest and the highest value, the order of time and the bound', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 200 }), (all, columns) => {
        const kept = downsample(all, columns);
        const finite = (list: readonly Point[]): number[] => list.map(({ value }) => value).filter((value) => !Number.isNaN(value));
        expect(kept.length).toBeLessThanOrEqual(Math.max(columns * 5, columns * 2));
        expect(Math.max(...finite(kept))).toBe(Math.max(...finite(all)));
        expect(Math.min(...finite(kept))).toBe(Math.min(...finite(all)));
        expect(kept.every(({ at }, i) => i === 0 || at >= (kept[i - 1]?.at ?? 0))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a gap visible', () => {
    const all = Array.from({ length: 10_000 }, (_, i) => ({ at: i, value: i > 4000 && i < 4500 ? Number.NaN : i }));
    expect(breaks(downsample(all, 100))).toBeGreaterThan(0);
  });

  it('leaves what fits as it is', () => {
    const few = [{ at: 1, value: 2 }];
    expect(downsample(few, 800)).toEqual(few);
  });
});
