import { assert, boolean, double, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missingForPromotion, recordOf, shouldAct } from '../../../../plugins/analytics/scaling/policy.ts';

const costs = { overloadCost: 50, actCost: 2 };

describe('the record of a policy', () => {
  const decision = (chance: number, overloaded: boolean | null) => ({ chance, overloaded, wouldAct: shouldAct(chance, costs) });
  const good = [...Array.from({ length: 10 }, () => decision(0.9, true)), ...Array.from({ length: 50 }, () => decision(0.01, false))];

  it('acts where chance times cost is above the cost of acting', () => {
    expect([0.03, 0.05].map((chance) => shouldAct(chance, costs))).toEqual([false, true]);
  });

  it('counts only what was judged, and charges misses and needless actions', () => {
    const decisions = [decision(0.9, true), decision(0.01, true), decision(0.5, false), decision(0.01, false), decision(0.9, null)];
    expect(recordOf(decisions, costs)).toMatchObject({
      judged: 4,
      overloads: 2,
      foreseen: 1,
      needless: 1,
      cost: 54,
      neverCost: 100,
      alwaysCost: 8,
    });
  });

  it('lets a policy up that foresees, and says what is missing in one that does not', () => {
    expect(missingForPromotion(recordOf(good, costs))).toEqual([]);
    expect(missingForPromotion(recordOf(good.slice(0, 12), costs))[0]).toBe('It has 12 judged decisions; it needs 50.');
    const blind = good.map(({ overloaded }) => decision(0.5, overloaded));
    expect(missingForPromotion(recordOf(blind, costs))).toEqual([
      expect.stringMatching(/^Its decisions cost 120; never or always acting would have cost 120/) as string,
      'Its chances are no better than saying each time how often it happens.',
    ]);
    expect(missingForPromotion(recordOf([], costs))[0]).toBe('It has 0 judged decisions; it needs 50.');
  });

  it('never calls an oracle worse than doing nothing', () => {
    assert(
      property(boolean(), double({ min: 1, max: 100, noNaN: true }), (overloaded, overloadCost) => {
        const record = recordOf([decision(overloaded ? 1 : 0, overloaded)], { overloadCost, actCost: 1 });
        expect(record.cost).toBeLessThanOrEqual(Math.min(record.neverCost, record.alwaysCost) + 1e-9);
      }),
    );
  });
});
