import { describe, expect, test } from 'vitest';
import { formatValue } from '../../../plugins/monitoring/format.ts';
import { parseInstant, parseRange, stepFor } from '../../../plugins/monitoring/range.ts';

const NOW = Date.UTC(2026, 0, 5, 12);

describe('ranges', () => {
  test.each(['', 'yesterday', '-1', '-1y', '1h', '2026', '2026-13-01', '2026-01-01T99:00', '12', "now'", '-9999999h'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseInstant(text, NOW)).toThrow(expect.objectContaining({ code: 'range_invalid', status: 400 }));
    },
  );

  test.each([
    ['now', NOW],
    ['-90s', NOW - 90_000],
    ['-1h', NOW - 3_600_000],
    ['-2w', NOW - 1_209_600_000],
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01 10:30', Date.UTC(2026, 0, 1, 10, 30)],
    ['2026-01-01T10:30:00.5+02:00', Date.UTC(2026, 0, 1, 8, 30, 0, 500)],
    [String(NOW), NOW],
  ])('takes "%s"', (text, at) => {
    expect(parseInstant(text, NOW)).toBe(at);
  });

  test('refuses a range that ends before it begins', () => {
    expect(() => parseRange({ from: 'now', to: '-1h' }, NOW)).toThrow(expect.objectContaining({ code: 'range_invalid' }));
  });

  test.each([
    [600_000, 10, 10],
    [3_600_000, 10, 15],
    [86_400_000, 10, 300],
    [604_800_000, 10, 3600],
    [3_600_000, 60, 60],
    [365 * 86_400_000 * 10, 10, 13 * 86_400],
  ])('%i ms measured every %i s are shown in steps of %i s', (length, every, step) => {
    expect(stepFor({ from: NOW - length, to: NOW }, every)).toBe(step);
  });

  test.each([
    [null, 'bytes', '-'],
    [0, 'bytes', '0 B'],
    [1536, 'bytes', '1.5 KiB'],
    [2 ** 31, 'bytes', '2 GiB'],
    [1_234_567, 'bytesPerSecond', '1.18 MiB/s'],
    [0.4567, 'ratio', '45.7 %'],
    [12.5, 'seconds', '12.5 s'],
    [3, 'count', '3'],
    [3, undefined, '3'],
    [0.25, 'countPerSecond', '0.25/s'],
  ] as const)('%s of %s is written %s', (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });
});
