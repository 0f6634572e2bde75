import { describe, expect, it } from 'vitest';
import { formatValue, scaleOf } from '../../../../plugins/charts/draw/units.ts';

describe('units of an axis', () => {
  it.each([
    ['bytes', 0, '0 B'],
    ['bytes', 1023, '1,023 B'],
    ['bytes', 1.5 * 2 ** 30, '1.5 GiB'],
    ['bytes', 2 ** 90, '1,074,000,000 EiB'],
    ['bytesPerSecond', 3 * 2 ** 20, '3 MiB/s'],
    ['ratio', 0.241, '24.1 %'],
    ['ratio', 2.4, '240 %'],
    ['seconds', 0.0021, '2.1 ms'],
    ['seconds', 90, '1.5 min'],
    ['seconds', 172_800, '2 d'],
    ['count', 1_240_000, '1.24 M'],
    ['countPerSecond', 999, '999/s'],
    ['countPerSecond', 12_000, '12 k/s'],
    ['ratio', -0.05, '-5 %'],
  ] as const)('writes %s %d as %s', (unit, value, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });

  it('chooses one scale for an axis by its largest value', () => {
    expect(scaleOf('bytes', 5 * 2 ** 20)).toEqual({ divisor: 2 ** 20, suffix: ' MiB' });
  });
});
