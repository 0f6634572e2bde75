import { assert, double, array, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitFor, limitsOf, needOf } from '../../../../plugins/analytics/sizing/need.ts';

const DAY_MS = 86_400_000;
const STEP_MS = 300_000;
const steps = (value: readonly (number | null)[]) => ({ at: value.map((_, index) => index * STEP_MS), value });
const need = (value: readonly (number | null)[], halfLifeDays = 1) => needOf(steps(value), { now: value.length * STEP_MS, halfLifeDays })!;

describe('what a machine needs', () => {
  it('is unknown without a value', () => {
    expect(needOf(steps([]), { now: 0, halfLifeDays: 1 })).toBeUndefined();
    expect(needOf(steps([null, Number.NaN]), { now: 0, halfLifeDays: 1 })).toBeUndefined();
  });

  it('is forgotten by half in each half-life', () => {
    const series = { at: [0, DAY_MS], value: [100, 10] };
    const { shortRatio = 0 } = limitsOf(needOf(series, { now: DAY_MS, halfLifeDays: 1 })!).find(({ value }) => value > 30) ?? {};
    expect(shortRatio).toBeCloseTo(1 / 3, 1);
  });
});

describe('a limit', () => {
  const burst = [...Array.from({ length: 95 }, () => 10), ...Array.from({ length: 5 }, () => 1000)];

  it('covers a burst when being short is dear, and cuts it off when it is cheap', () => {
    expect(limitFor(need(burst, 1000), { shortCost: 1e6 }).value).toBeGreaterThan(1000);
    const cheap = limitFor(need(burst, 1000), { shortCost: 1000 });
    expect(cheap.value).toBeLessThan(20);
    expect(cheap.shortRatio).toBeGreaterThan(0.05);
  });

  it('leaves a small machine more room in proportion than a large one', () => {
    const [small, large] = [100, 10_000].map(
      (use) => limitFor(need(Array.from({ length: 100 }, () => use)), { shortCost: 100_000 }).value / use,
    );
    expect(small).toBeGreaterThan(large! * 1.05);
  });

  it('is never cheaper when being short costs more, and is short less often the higher it is', () => {
    assert(
      property(array(double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 }), (values) => {
        const one = need(values);
        const limits = limitsOf(one);
        for (const [index, limit] of limits.entries()) {
          expect(limit.shortRatio).toBeGreaterThanOrEqual(0);
          expect(limit.shortRatio).toBeLessThanOrEqual(1 + 1e-9);
          expect(limit.value).toBeGreaterThan(limits[index - 1]?.value ?? -1);
          expect(limit.shortRatio).toBeLessThanOrEqual((limits[index - 1]?.shortRatio ?? 1) + 1e-9);
        }
        const costs = [1, 1e3, 1e6, 1e9];
        const chosen = costs.map((shortCost) => limitFor(one, { shortCost }).value);
        expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
      }),
    );
  });
});
