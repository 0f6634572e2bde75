import { describe, expect, it } from 'vitest';
import { outlookOf } from '../../../../plugins/analytics/forecast/limit.ts';

const line = Float64Array.from({ length: 10 }, (_, step) => step);
const at = Array.from(line, (_, step) => 1000 * step);
const ahead = (errors: readonly number[]) => ({
  line,
  at,
  stepSeconds: 60,
  residuals: errors.map((error) => new Float64Array(10).fill(error)),
});

describe('the outlook on a limit', () => {
  it('says how early, when most likely and how late, from the errors of the backtest', () => {
    const outlook = outlookOf({ value: 5 }, ahead([2, 1, 0, -1, -2]));
    expect(outlook).toMatchObject({ value: 5, direction: 'above', horizonSeconds: 600, p10At: 3000, p50At: 5000, p90At: 7000 });
    expect(outlook.probability.slice(2, 8)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it('never falls, also where the value does', () => {
    const hump = Float64Array.from([0, 5, 0, 0]);
    const { probability } = outlookOf({ value: 5 }, { ...ahead([]), line: hump, residuals: [new Float64Array(4)] });
    expect(probability).toEqual([0, 1, 1, 1]);
  });

  it('has no instants for what is not reached', () => {
    expect(outlookOf({ value: 50 }, ahead([0, 1]))).toMatchObject({ p10At: null, p50At: null, p90At: null });
  });

  it('may lie below', () => {
    expect(outlookOf({ value: 0, direction: 'below' }, ahead([0])).p50At).toBe(0);
    expect(outlookOf({ value: -1, direction: 'below' }, ahead([0])).p50At).toBeNull();
  });

  it('goes on with the last known error where nothing was measured', () => {
    const gap = Float64Array.from({ length: 10 }, (_, step) => (step < 2 ? 3 : Number.NaN));
    expect(outlookOf({ value: 8 }, { ...ahead([]), residuals: [gap] }).p50At).toBe(5000);
  });
});
