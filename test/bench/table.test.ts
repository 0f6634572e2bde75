import { expect, test } from 'vitest';
import { formatFigure, formatTable } from './table.ts';

test('a figure keeps three digits that matter, and whole numbers stay whole', () => {
  expect([0.012_345, 12.345, 12, 1_234_567.8, 'p99'].map(formatFigure)).toEqual(['0.0123', '12.3', '12', '1,234,568', 'p99']);
});

test('columns of numbers stand to the right, words to the left', () => {
  const table = formatTable({
    title: 'door',
    columns: ['callers', 'p50 ms', 'note'],
    rows: [
      [1, 0.5, 'alone'],
      [256, 12.25, 'all'],
    ],
  });
  expect(table).toBe(
    ['door', 'callers  p50 ms  note', '──────────────────────', '      1     0.5  alone', '    256    12.3  all'].join('\n'),
  );
});

test('a table without rows is its head', () => {
  expect(formatTable({ title: 'none', columns: ['a', 'b'], rows: [] })).toBe('none\na  b\n────');
});
