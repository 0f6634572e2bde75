import { stripVTControlCharacters, styleText } from 'node:util';
import type { Json } from '../contract/schema.ts';
import type { Card, SuggestedAction, Table, Tone, View } from '../contract/shown.ts';
import { toKebab } from './figures.ts';
import { wordsOf } from './usage.ts';

export interface TerminalOptions {
  /** Width of the terminal, columns; lines of tables are cut there. Absent: never. */
  readonly columnsMax?: number;
  readonly color: boolean;
}

/** A view as lines for a terminal. Control characters from the outside (a VM's console, a name) cannot move the cursor or set colours. */
export function viewLines(view: View, options: TerminalOptions): string[] {
  return [
    ...(view.text === '' ? [] : toSafe(view.text).split('\n')),
    ...(view.card === undefined ? [] : cardLines(view.card, options)),
    ...(view.table === undefined ? [] : tableLines(view.table, options)),
    ...(view.code === undefined ? [] : toSafe(view.code).split('\n')),
    ...(view.pictures ?? []).map((picture) => `[picture: ${toSafe(picture.alt)}]`),
    ...(view.suggestions ?? []).map((suggestion) => `${toLine(suggestion.label)}: ${toLine(commandOf(suggestion))}`),
  ];
}

/** The suggestion as a person would type it; lists are separated by commas. */
function commandOf({ action, input }: SuggestedAction): string {
  const textOf = (value: Json): string =>
    Array.isArray(value) ? value.map(textOf).join(',') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const flags = Object.entries(input).map(([name, value]) => `--${toKebab(name)} ${quoted(textOf(value))}`);
  return ['novacron', wordsOf(action), ...flags].join(' ');
}

const quoted = (value: string): string => (/^[\w./:@%,+=-]+$/u.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);

/** Without escape sequences and control characters, except for the ends of lines and tabs. */
export const toSafe = (text: string): string =>
  stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replaceAll(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '');

const toLine = (text: string): string => toSafe(text).replaceAll(/\s+/gu, ' ');

const COLORS = { good: 'green', busy: 'cyan', warn: 'yellow', bad: 'red', idle: 'gray' } as const satisfies Record<Tone, string>;

const paint = (color: 'bold' | 'dim' | (typeof COLORS)[Tone], text: string, { color: isColored }: TerminalOptions): string =>
  isColored ? styleText(color, text, { validateStream: false }) : text;

function cardLines(card: Card, options: TerminalOptions): string[] {
  const width = Math.max(0, ...card.fields.map((field) => widthOf(toLine(field.label))));
  const state = card.state === undefined ? '' : `  ${paint(COLORS[card.state.tone], toLine(card.state.text), options)}`;
  return [
    `${paint('bold', toLine(card.title), options)}${state}`,
    ...(card.subtitle === undefined ? [] : [paint('dim', toLine(card.subtitle), options)]),
    ...card.fields.map((field) => `  ${paint('dim', pad(toLine(field.label), width), options)}  ${toLine(field.value)}`),
  ];
}

export function tableLines(table: Table, options: TerminalOptions): string[] {
  const rows = [table.columns, ...table.rows].map((row) => row.map(toLine));
  const widths = table.columns.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  const isFigure = table.columns.map(
    (_, column) => table.rows.length > 0 && table.rows.every((row) => /^(?:[-+]?[\d.]+(?: ?\S{1,4})?|–)$/u.test(row[column] ?? '')),
  );
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => pad(cell, widths[column] ?? 0, isFigure[column] ?? false));
    const line = cut(cells.join('  ').trimEnd(), options.columnsMax);
    return index === 0 ? paint('bold', line, options) : line;
  });
}

const pad = (text: string, width: number, toRight = false): string => {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return toRight ? fill + text : text + fill;
};

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE = /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Columns a text takes: CJK and emoji take two. */
const widthOf = (text: string): number =>
  /^[\x20-\x7e]*$/u.test(text)
    ? text.length
    : [...SEGMENTER.segment(text)].reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0);

function cut(line: string, columnsMax: number | undefined): string {
  if (columnsMax === undefined || widthOf(line) <= columnsMax) return line;
  let width = 0;
  let kept = '';
  for (const { segment } of SEGMENTER.segment(line)) {
    width += widthOf(segment);
    if (width > columnsMax - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
