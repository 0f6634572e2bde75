import { assert, double, array, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitFor, limitsOf, NEED, needOf } from '../../../../plugins/analytics/sizing/need.ts';

const DAY_MS = 86_400_000;
const STEP_MS = 300_000;
const steps = (value: readonly (number | null)[]) => ({ at: value.map((_, index) => index * STEP_MS), value });
const need = (value: readonly (number | null)[]) => needOf(steps(value), { now: value.length * STEP_MS })!;
/** A value for each 5 minutes of each of these days, the newest last. */
const days = (value: readonly number[]) => need(value.flatMap((each) => Array.from({ length: 288 }, () => each)));

describe('what a machine needs', () => {
  it('is unknown without a value in the last 7 days', () => {
    expect(needOf(steps([]), { now: 0 })).toBeUndefined();
    expect(needOf(steps([null, Number.NaN]), { now: 2 * STEP_MS })).toBeUndefined();
    expect(needOf(steps([1, 2]), { now: 8 * DAY_MS })).toBeUndefined();
    expect(needOf(steps([1, 2]), { now: 0 })).toBeUndefined();
  });

  it('is what one span says where the other has no value', () => {
    for (const now of [DAY_MS / 2, 3 * DAY_MS]) {
      const { day, before } = needOf(steps([1, 2]), { now })!;
      expect(day).toEqual(before);
      expect([...day].reduce((sum, weight) => sum + weight)).toBeCloseTo(1);
    }
  });
});

describe('a limit', () => {
  const burst = [...Array.from({ length: 95 }, () => 10), ...Array.from({ length: 5 }, () => 1000)];

  it('covers a burst when being short is dear, and cuts it off when it is cheap', () => {
    expect(limitFor(need(burst), { shortCost: 1e6 }).value).toBeGreaterThan(1000);
    const cheap = limitFor(need(burst), { shortCost: 1000 });
    expect(cheap.value).toBeLessThan(20);
    expect(cheap.shortRatio).toBeGreaterThan(0.05);
  });

  const shortAt = (level: number, ofDays: readonly number[]): number =>
    limitsOf(days(ofDays)).find(({ value }) => value > level)?.shortRatio ?? 0;

  it('expects less of a week that was busy after a day that was idle than of one whose last day was busy too', () => {
    const [after, within] = [shortAt(50, [100, 100, 100, 100, 100, 100, 1]), shortAt(50, [100, 100, 100, 100, 100, 100, 100])];
    expect(within).toBeGreaterThan(0.98);
    expect(after).toBeCloseTo(0.5);
    // Mean shares would say 0.21; an idle day makes what was seldom before more so.
    const [seldomAfter, seldom] = [shortAt(50, [1, 1, 1, 1, 1, 100, 1]), 1 / 6];
    expect(seldomAfter).toBeLessThan(seldom / 3);
  });

  it('remembers of a week what its last day did not need', () => {
    expect(shortAt(50, [1, 1, 100, 1, 1, 1, 1])).toBeGreaterThan(2 * shortAt(50, [1, 1, 1, 1, 1, 1, 1]));
  });

  it('follows the last day the more, the more its vote counts', () => {
    const quiet = days([100, 100, 100, 100, 100, 100, 1]);
    const [little = 0, much = 0] = [0.3, 0.7].map(
      (dayVote) => limitsOf(quiet, { ...NEED, dayVote }).find(({ value }) => value > 50)?.shortRatio,
    );
    expect(little).toBeGreaterThan(0.7);
    expect(much).toBeLessThan(0.3);
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
