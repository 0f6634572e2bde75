import type { Unit } from 'novacron/plugin';
import { formatValue } from '../plugins/charts/port.ts';
import { DISPLAY, escapeHtml, unbroken, type Displayable, type MimeBundle } from './html.ts';

export type Row = Readonly<Record<string, unknown>>;

/** How a column is shown: under which heading, in which unit or words. */
export interface Column<T extends Row> {
  readonly key: keyof T & string;
  readonly label?: string;
  readonly unit?: Unit;
  /** Wins over `unit`. */
  show?(value: T[keyof T & string], row: T): string;
}

export interface TableOptions<T extends Row> {
  /** Default: all, as they are. */
  readonly columns?: readonly (Column<T> | (keyof T & string))[];
  /** Default 30; how many more there are is said. */
  readonly rowsMax?: number;
}

/** Rows that are an array for your code (`filter`, `map`, Plot) and a table for the reader. */
export class Table<T extends Row = Row> extends Array<T> implements Displayable {
  #options: TableOptions<T> = {};

  /** Derived arrays (`map`, `filter`) are plain ones. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  static of_<T extends Row>(rows: Iterable<T>, options: TableOptions<T> = {}): Table<T> {
    const table = new Table<T>();
    for (const row of rows) table.push(row);
    table.#options = options;
    return table;
  }

  [DISPLAY](): MimeBundle {
    const columns = columnsOf(this, this.#options);
    const shown = this.slice(0, this.#options.rowsMax ?? 30);
    const cells = shown.map((row) => columns.map((column) => ({ text: cellText(row, column), isNumber: isNumber(row[column.key]) })));
    const more = this.length > shown.length ? `The first ${shown.length} of ${this.length} rows.` : '';
    return { 'text/html': htmlOf(columns, cells, more), 'text/plain': textOf(columns, cells, more) };
  }
}

/** A table of rows: `table(rows, { columns: ['name', { key: 'used', unit: 'bytes' }] })`. */
export const table = <T extends Row>(rows: Iterable<T>, options: TableOptions<T> = {}): Table<T> => Table.of_(rows, options);

const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';

const wordsOf = (key: string): string => {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/gu, '$1 $2').toLowerCase();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
};

function columnsOf<T extends Row>(rows: readonly T[], { columns }: TableOptions<T>): readonly (Column<T> & { label: string })[] {
  const named = columns ?? [...new Set(rows.slice(0, 100).flatMap((row) => Object.keys(row)))];
  return named.map((column) => {
    const full: Column<T> = typeof column === 'string' ? { key: column } : column;
    return { ...full, label: full.label ?? wordsOf(full.key) };
  });
}

function cellText<T extends Row>(row: T, { key, unit, show }: Column<T>): string {
  const value = row[key];
  if (show !== undefined) return show(value, row);
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number' && unit !== undefined) return formatValue(value, unit);
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumSignificantDigits: Math.abs(value) >= 100 ? 6 : 4 });
  if (value instanceof Date) return value.toISOString().slice(0, 16).replace('T', ' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

interface CellText {
  readonly text: string;
  readonly isNumber: boolean;
}

/** Characters. */
const ONE_LINE_LENGTH_MAX = 16;
const FONT = "font:13px/1.5 Inter,'Helvetica Neue',Arial,sans-serif";

function htmlOf(columns: readonly { label: string }[], rows: readonly (readonly CellText[])[], more: string): string {
  const isRight = (index: number): boolean =>
    rows.some((row) => row[index]?.isNumber) && rows.every((row) => row[index]?.isNumber || row[index]?.text === '–');
  // Short words stay on one line: what breaks is the column of sentences.
  const wrap = (index: number): string =>
    Math.max(...rows.map((row) => row[index]?.text.length ?? 0)) <= ONE_LINE_LENGTH_MAX ? ';white-space:nowrap' : '';
  const align = (index: number): string => (isRight(index) ? 'right' : 'left');
  const padding = columns.length > 6 ? 9 : 14;
  const head = columns.map(
    ({ label }, index) =>
      `<th style="text-align:${align(index)};padding:6px ${padding}px;color:#677184;font-weight:600;border-bottom:1px solid #d9dde3;vertical-align:bottom">${escapeHtml(label)}</th>`,
  );
  const body = rows.map((row) => {
    const cells = row.map(
      ({ text }, index) =>
        `<td style="text-align:${align(index)};padding:5px ${padding}px;border-bottom:1px solid #eef0f3;font-variant-numeric:tabular-nums${wrap(index)}">${escapeHtml(unbroken(text))}</td>`,
    );
    return `<tr style="background:none">${cells.join('')}</tr>`;
  });
  const note = more === '' ? '' : `<div style="color:#677184;padding:4px 14px">${escapeHtml(more)}</div>`;
  return `<div style="${FONT};color:#1d2430;background:#fff;border:1px solid #d9dde3;border-radius:10px;padding:6px 4px;max-width:800px;box-sizing:border-box;overflow-x:auto"><table style="table-layout:auto;border-collapse:collapse;width:100%;margin:0;${FONT}"><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>${note}</div>`;
}

function textOf(columns: readonly { label: string }[], rows: readonly (readonly CellText[])[], more: string): string {
  const all = [columns.map(({ label }) => label), ...rows.map((row) => row.map(({ text }) => text))];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...(more === '' ? [] : [more])].join('\n');
}
