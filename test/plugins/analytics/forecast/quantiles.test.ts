import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate, conformalQuantile, type Band } from '../../../../plugins/analytics/forecast/quantiles.ts';
import { quantile } from '../../../../plugins/analytics/models/model.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';

describe('quantiles', () => {
  it('interpolate between order statistics', () => {
    expect([0, 0.1, 0.5, 1].map((share) => quantile([0, 10, 20, 30, 40], share))).toEqual([0, 4, 20, 40]);
  });

  it('the conformal one is the ceil((n + 1) x share)-th smallest', () => {
    expect(conformalQuantile([5, 1, 4, 2, 3], 0.8)).toBe(5);
    expect(
      conformalQuantile(
        Array.from({ length: 99 }, (_, i) => i + 1),
        0.8,
      ),
    ).toBe(80);
  });
});

describe('the band of residuals', () => {
  const finite = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
  const folds = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 30 })).chain(([count, horizon]) =>
    fc.array(fc.array(fc.oneof({ weight: 9, arbitrary: finite }, fc.constant(Number.NaN)), { minLength: horizon, maxLength: horizon }), {
      minLength: count,
      maxLength: count,
    }),
  );

  it('never crosses and is finite, whatever the residuals are', () => {
    fc.assert(
      fc.property(folds, fc.integer({ min: 1, max: 9 }), (list, stride) => {
        const residuals = list.map((fold) => Float64Array.from(fold));
        const { band, coverage } = calibrate(residuals, { horizon: residuals[0]?.length ?? 1, stride });
        expect(coverage).toBeGreaterThanOrEqual(0);
        expect(coverage).toBeLessThanOrEqual(1);
        for (const [step, below] of band.p10.entries()) {
          const above = band.p90[step] ?? Number.NaN;
          expect(Number.isFinite(below) && Number.isFinite(above)).toBe(true);
          expect(below).toBeLessThanOrEqual(0);
          expect(above).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('holds 8 of 10 new values of the same kind, and says so', () => {
    const random = randomOf(42);
    const fold = (): Float64Array => Float64Array.from({ length: 24 }, (_, step) => normalOf(random) * (1 + step / 12));
    const { band, coverage } = calibrate(Array.from({ length: 20 }, fold), { horizon: 24, stride: 24 });
    let inside = 0;
    const trials = 400;
    for (let trial = 0; trial < trials; trial++) {
      for (const [step, value] of fold().entries()) if (value >= (band.p10[step] ?? 0) && value <= (band.p90[step] ?? 0)) inside++;
    }
    expect(inside / (trials * 24)).toBeGreaterThan(0.75);
    expect(inside / (trials * 24)).toBeLessThan(0.87);
    expect(Math.abs(coverage - 0.8)).toBeLessThan(0.08);
  });

  it('is wider further ahead when errors are', () => {
    const random = randomOf(1);
    const residuals = Array.from({ length: 20 }, () => Float64Array.from({ length: 24 }, (_, step) => normalOf(random) * (1 + step)));
    const { band } = calibrate(residuals, { horizon: 24, stride: 24 });
    const width = (step: number): number => (band.p90[step] ?? 0) - (band.p10[step] ?? 0);
    expect(width(23)).toBeGreaterThan(3 * width(0));
  });

  describe('with a model that learned where it is restless', () => {
    const random = randomOf(6);
    /** Loud folds and quiet folds in turn: their own past tells nothing of it, the model knows. */
    const widths = Array.from({ length: 24 }, (_, fold) => (fold % 2 === 0 ? 1 : 10));
    const folds = widths.map((width) => Float64Array.from({ length: 12 }, () => width * normalOf(random)));
    const knowing = (width: number): Band => ({
      p10: new Float64Array(12).fill(-1.28 * width),
      p90: new Float64Array(12).fill(1.28 * width),
    });
    const widthOf = (band: Band): number => (band.p90[5] ?? 0) - (band.p10[5] ?? 0);
    const task = { horizon: 12, stride: 12 };

    it('is narrow before a quiet time and wide before a loud one', () => {
      const before = (width: number): number =>
        widthOf(calibrate(folds, { ...task, learned: [{ folds: widths.map(knowing), final: knowing(width) }] }).band);
      const without = widthOf(calibrate(folds, task).band);
      expect(before(1)).toBeLessThan(0.7 * without);
      expect(before(10)).toBeGreaterThan(1.5 * before(1));
    });

    it('hardly listens to one whose pinball loss is large', () => {
      const wrong = widths.map((width) => knowing(width === 1 ? 40 : 0.1));
      const { band } = calibrate(folds, { ...task, learned: [{ folds: wrong, final: knowing(100) }] });
      expect(widthOf(band)).toBeLessThan(2.5 * widthOf(calibrate(folds, task).band));
    });
  });
});
