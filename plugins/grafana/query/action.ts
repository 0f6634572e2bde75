import type { Json } from 'novacron/plugin';
import type { GrafanaContext } from '../config.ts';
import { askDoor, notARead, offered } from '../door.ts';
import { encodeFrame, type Cell, type Column, type FrameJson } from '../frames.ts';
import type { ActionAsk } from './request.ts';

const ROWS_MAX = 1000;
const COLUMNS_MAX = 60;
const TEXT_MAX = 500;

type Row = { readonly [key: string]: Json };

const isRow = (value: Json | undefined): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
const isRows = (value: Json): value is readonly Row[] => Array.isArray(value) && value.every(isRow);

/** The rows of an answer: the answer itself, the first list of things in it, or itself as the only row. */
export function rowsOf(output: Json): readonly Row[] {
  if (isRows(output)) return output;
  if (!isRow(output)) return [{ value: output }];
  return Object.values(output).find(isRows) ?? [output];
}

/** What stands in a cell: of a thing its name, of a state what it is. */
function cellOf(value: Json | undefined): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return typeof value === 'string' ? value.slice(0, TEXT_MAX) : value;
  if (isRow(value)) {
    const word = value['name'] ?? value['is'] ?? value['id'];
    if (typeof word === 'string') return word;
  } else if (value.every((each) => typeof each === 'string')) return value.join(', ').slice(0, TEXT_MAX);
  return JSON.stringify(value).slice(0, TEXT_MAX);
}

const INSTANT = /(^at|At|^from|^to|^since|Until)$/;
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/Bytes$/, 'bytes'],
  [/Seconds$/, 's'],
  [/Ms$/, 'ms'],
  [/([rR]atio|coverage|probability)$/, 'percentunit'],
];

function toColumn(name: string, rows: readonly Row[]): Column {
  const values = rows.map((row) => cellOf(row[name]));
  const given = values.filter((value) => value !== null);
  const is = (type: string): boolean => given.length > 0 && given.every((value) => typeof value === type);
  if (is('number') && INSTANT.test(name)) return { name, type: 'time', values };
  const unit = UNITS.find(([suffix]) => suffix.test(name))?.[1];
  if (is('number')) return { name, type: 'number', values, ...(unit !== undefined && { config: { unit } }) };
  if (is('boolean')) return { name, type: 'boolean', values };
  return { name, type: 'string', values: values.map((value) => (value === null ? null : String(value))) };
}

/** The answer of an action as a table: each row one thing, columns by the names of their fields. */
export function toTable(refId: string, output: Json): FrameJson {
  const all = rowsOf(output);
  const rows = all.slice(0, ROWS_MAX);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, COLUMNS_MAX);
  const notices =
    all.length > rows.length ? [{ severity: 'warning' as const, text: `The first ${ROWS_MAX} of ${all.length} are shown.` }] : [];
  const meta = { preferredVisualisationType: 'table' as const, ...(notices.length > 0 && { notices }) };
  return encodeFrame(
    { refId, name: refId, meta },
    names.map((name) => toColumn(name, rows)),
  );
}

const fits = (id: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll('.', '\\.'))
      .join('.*')}$`,
  ).test(id);

/** Any action that only shows something, of any plugin: a panel need not wait for somebody to write its data source. */
export async function actionFrames(ctx: GrafanaContext, { refId, action, input }: ActionAsk): Promise<FrameJson[]> {
  const described = offered(ctx, action);
  if (described === undefined) {
    const text = `There is no action '${action}' for you here. Is it misspelt, or its plugin off?`;
    return [encodeFrame({ refId, name: refId, meta: { preferredVisualisationType: 'table', notices: [{ severity: 'info', text }] } }, [])];
  }
  if (described.risk !== 'read' || !ctx.config.frames.actions.some((pattern) => fits(action, pattern))) throw notARead(action);
  return [toTable(refId, await askDoor(ctx, action, input))];
}
