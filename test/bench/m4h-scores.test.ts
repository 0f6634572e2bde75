import { describe, expect, it } from 'vitest';
import { errorsOf, originsOf, PARTS } from './ett-data.ts';
import { maseOf, naive2, parseM4, smapeOf } from './m4h-scores.ts';

const line = (...values: number[]): Float64Array => Float64Array.from(values);

describe('the scores of M4', () => {
  it('are those of the definition', () => {
    expect(smapeOf(line(100, 200), line(110, 180))).toBeCloseTo((200 * (10 / 210 + 20 / 380)) / 2, 12);
    expect(smapeOf(line(0), line(0))).toBe(0);
    const history = Float64Array.from({ length: 48 }, (_, i) => (i < 24 ? 0 : 4));
    expect(maseOf(line(4, 4), line(6, 2), history)).toBe(0.5);
  });

  it('are relative to a naive forecast that keeps the season', () => {
    const history = Float64Array.from({ length: 240 }, (_, i) => 100 + 50 * Math.sin((i / 24) * 2 * Math.PI));
    const forecast = naive2(history, 24);
    for (const [step, value] of forecast.entries()) expect(value).toBeCloseTo(100 + 50 * Math.sin((step / 24) * 2 * Math.PI), 1);
    const flat = Float64Array.from({ length: 240 }, (_, i) => ((i * 7919) % 13) + 1);
    expect(new Set(naive2(flat, 5))).toEqual(new Set([flat[239]]));
  });

  it('read one series a row', () => {
    expect(parseM4('"V1","V2","V3"\n"H1","1","2.5"\n"H2","3",""\n').map((series) => [...series])).toEqual([[1, 2.5], [3]]);
  });
});

describe('the protocol of ETT', () => {
  it('has 2,785 windows in its test part', () => {
    const origins = originsOf(PARTS.test);
    expect([origins.length, origins[0], origins.at(-1)]).toEqual([2785, 11_520, 14_304]);
  });

  it('scores all columns, windows and steps', () => {
    const values = new Float64Array(200).fill(1);
    const lines = [[new Float64Array(96), new Float64Array(96).fill(3)]];
    expect(errorsOf([values], [0, 10], lines)).toEqual({ mse: 2.5, mae: 1.5 });
  });
});
