import type { Card, Table, Tone, View } from 'novacron/plugin';
import { context, section, type Block } from './block-kit.ts';
import { bold, codeBlock, escape } from './mrkdwn.ts';

/**
 * A view as blocks. The parts have budgets that add up to less than the text that Slack takes in one message (about 13,200),
 * with room for a heading, buttons and a foot.
 */
const TEXT_LENGTH_MAX = 2_000;
const TABLE_LENGTH_MAX = 2_900;
const CODE_LENGTH_MAX = 2_900;
const CARD_FIELDS_MAX = 20;
const CELL_LENGTH_MAX = 32;
const COLUMNS_MAX = 12;

const TONES: Readonly<Record<Tone, string>> = { good: '🟢', busy: '🔵', warn: '🟠', bad: '🔴', idle: '⚪' };

export const toneSign = (tone: Tone): string => TONES[tone];

export function viewBlocks(view: View): Block[] {
  return [
    ...(view.text.trim() === '' || view.text === view.card?.title ? [] : [section(escape(view.text, TEXT_LENGTH_MAX))]),
    ...(view.card ? cardBlocks(view.card) : []),
    ...(view.table ? tableBlocks(view.table) : []),
    ...(view.code === undefined || view.code === '' ? [] : [section(codeBlock(newest(view.code, CODE_LENGTH_MAX - 100), CODE_LENGTH_MAX))]),
  ];
}

/** What a notification or a screen reader says. */
export const viewText = (view: View): string => escape(view.text || view.card?.title || 'Done.', TEXT_LENGTH_MAX);

export function cardBlocks(card: Card): Block[] {
  const state = card.state ? `${TONES[card.state.tone]} ${escape(card.state.text, 60)}` : '';
  const subtitle = card.subtitle === undefined || card.subtitle === '' ? '' : escape(card.subtitle, 200);
  const under = [state, subtitle].filter((part) => part !== '').join('  ·  ');
  const fields = card.fields.slice(0, CARD_FIELDS_MAX).map(({ label, value }) => ({
    type: 'mrkdwn' as const,
    text: `${bold(label, 40)}\n${escape(value, 120) || '–'}`,
  }));
  const rows = [fields.slice(0, 10), fields.slice(10)].filter((part) => part.length > 0);
  return [
    section(`${bold(card.title, 150)}${under === '' ? '' : `\n${under}`}`),
    ...rows.map((part): Block => ({ type: 'section', fields: part })),
  ];
}

/** The end of a long text: of a console, the newest lines matter. */
const newest = (text: string, lengthMax: number): string => (text.length <= lengthMax ? text : `…\n${text.slice(-lengthMax)}`);

const isNumeric = (text: string): boolean => /^[-+]?\d/.test(text);

/** Monospaced columns: numbers to the right. */
export function tableLines(table: Table): readonly string[] {
  const count = Math.min(COLUMNS_MAX, table.columns.length);
  const clean = (text: string | undefined): string => {
    const flat = (text ?? '').replaceAll(/\s+/g, ' ').trim();
    return flat.length > CELL_LENGTH_MAX ? `${flat.slice(0, CELL_LENGTH_MAX - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : flat;
  };
  const cells = [table.columns, ...table.rows].map((row) => Array.from({ length: count }, (_, index) => clean(row[index])));
  const widths = Array.from({ length: count }, (_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const toRight = widths.map((_, index) => table.rows.length > 0 && cells.slice(1).every((row) => isNumeric(row[index] ?? '')));
  const pad = (text: string, index: number): string => {
    const width = widths[index] ?? 0;
    return toRight[index] ? text.padStart(width) : text.padEnd(width);
  };
  return cells.map((row) => row.map(pad).join('  ').trimEnd());
}

function tableBlocks(table: Table): Block[] {
  if (table.columns.length === 0) return [];
  if (table.rows.length === 0) return [context('_Nothing to show._')];
  const lines = tableLines(table);
  const kept: string[] = [];
  let lengthLeft = TABLE_LENGTH_MAX - 100;
  for (const line of lines) {
    // Escaping makes `<` four characters long: counted here so that no row is cut in the middle.
    lengthLeft -= escape(line.replaceAll('`', '``')).length + 1;
    if (lengthLeft < 0) break;
    kept.push(line);
  }
  const left = lines.length - kept.length;
  const notes = [left > 0 ? `${left} more ${left === 1 ? 'row' : 'rows'}` : '', table.columns.length > COLUMNS_MAX ? 'more columns' : ''];
  const note = notes.filter((text) => text !== '').join(' and ');
  const body = kept.length > 0 ? kept.join('\n') : (lines[0] ?? '');
  return [
    section(codeBlock(body, TABLE_LENGTH_MAX)),
    ...(note === '' ? [] : [context(`_… and ${note}. The web page and the CLI show all._`)]),
  ];
}
