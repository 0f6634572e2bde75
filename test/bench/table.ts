import type { BenchTable } from './main.ts';

/** Three digits that matter; whole numbers in full. */
export function formatFigure(value: string | number): string {
  if (typeof value === 'string') return value;
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A table as text: words to the left, numbers to the right. */
export function formatTable({ title, columns, rows }: BenchTable): string {
  const cells = [columns.map(String), ...rows.map((row) => row.map(formatFigure))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  const isNumber = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const lines = cells.map((row) =>
    row.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  '),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [title, lines[0]?.trimEnd(), rule, ...lines.slice(1).map((line) => line.trimEnd())].join('\n');
}
