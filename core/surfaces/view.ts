import type { Action } from '../contract/declare.ts';
import type { Json } from '../contract/schema.ts';
import type { Picture, Table, Tone, View } from '../contract/shown.ts';
import { formatFigure, labelOf } from './figures.ts';

/** How the result of an action is shown: as the action says, else decently by its shape. Never throws for an output of any shape. */
export function viewOf(
  action: Pick<Action, 'show' | 'label' | 'title'>,
  output: Json,
  { input, offers }: { readonly input: unknown; readonly offers: (action: string) => boolean },
): View {
  return shown(action.show === undefined ? defaultView(action.label, output) : action.show(output, input), offers);
}

/** Without the heads of empty tables, and without what no plugin offers, or this person may not do: that is advice in words only. */
function shown({ table, suggestions, ...view }: View, offers: (action: string) => boolean): View {
  const doable = suggestions?.filter(({ action }) => offers(action)) ?? [];
  return {
    ...view,
    ...(table !== undefined && table.rows.length > 0 && { table }),
    ...(doable.length > 0 && { suggestions: doable }),
  };
}

type JsonObject = { readonly [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const isRows = (value: Json | undefined): value is readonly JsonObject[] =>
  Array.isArray(value) && value.length > 0 && value.every(isObject);

export function defaultView(label: string, output: Json | undefined): View {
  if (output === null || output === undefined) return { text: `${label}: done.` };
  if (typeof output === 'string')
    return output.includes('\n') ? { text: label, code: output } : { text: output === '' ? `${label}: nothing.` : output };
  if (isRows(output)) return tableView(output);
  if (isObject(output)) return objectView(label, output);
  if (Array.isArray(output))
    return { text: output.length === 0 ? `${label}: none.` : output.map((item) => formatFigure(label, item)).join(', ') };
  return { text: formatFigure(label, output) };
}

const COLUMNS_MAX = 10;

const rowsText = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);

function tableView(rows: readonly JsonObject[]): View {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const shown = names.filter((name) => !rows.every((row) => isObject(row[name]) || isRows(row[name]))).slice(0, COLUMNS_MAX);
  const table: Table = { columns: shown.map(labelOf), rows: rows.map((row) => shown.map((name) => formatFigure(name, row[name]))) };
  return { text: rowsText(rows.length), table };
}

function objectView(label: string, output: JsonObject): View {
  const frame = frameTable(output);
  if (frame !== null)
    return { text: `${rowsText(frame.rows.length)}${output['truncated'] === true ? ' (more were left off)' : ''}`, table: frame };
  const pictures = Object.values(output).filter(isPicture);
  const lists = Object.values(output).filter(isRows);
  const fields = Object.entries(output).filter(([, value]) => !isObject(value) && !isRows(value) && !isPicture(value));
  const [list] = lists;
  const title = firstText(output, ['name', 'title', 'id']) ?? label;
  return {
    text: typeof output['text'] === 'string' ? output['text'] : list === undefined ? title : tableView(list).text,
    ...(fields.length > 0 && { card: cardOf(title, output, fields) }),
    ...(list !== undefined && tableView(list)),
    ...(pictures.length > 0 && { pictures }),
  };
}

function cardOf(title: string, output: JsonObject, fields: readonly (readonly [string, Json])[]): NonNullable<View['card']> {
  const state = output['state'];
  return {
    title,
    ...(typeof state === 'string' && { state: { text: state, tone: toneOf(state) } }),
    fields: fields
      .filter(([name]) => name !== 'name' && !(name === 'state' && typeof state === 'string'))
      .map(([name, value]) => ({ label: labelOf(name), value: formatFigure(name, value) })),
    actions: [],
  };
}

const TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  connected: 'good',
  succeeded: 'good',
  ready: 'good',
  paused: 'warn',
  degraded: 'warn',
  crashed: 'bad',
  failed: 'bad',
  unreachable: 'bad',
  queued: 'busy',
  starting: 'busy',
  cancelling: 'busy',
};

export const toneOf = (state: string): Tone => (Object.hasOwn(TONES, state) ? TONES[state] : undefined) ?? 'idle';

const firstText = (output: JsonObject, names: readonly string[]): string | undefined =>
  names.map((name) => output[name]).find((value): value is string => typeof value === 'string' && value !== '');

const isPicture = (value: Json): value is Json & Picture =>
  isObject(value) && typeof value['base64'] === 'string' && typeof value['mediaType'] === 'string' && typeof value['alt'] === 'string';

/** Columns of numbers, as metrics answer, become rows. */
function frameTable(output: JsonObject): Table | null {
  const fields = output['fields'];
  if (!isRows(fields) || !fields.every((field) => typeof field['name'] === 'string' && Array.isArray(field['values']))) return null;
  const columns = fields.map((field) => ({
    name: typeof field['name'] === 'string' ? field['name'] : '',
    type: field['type'],
    unit: field['unit'],
    values: field['values'] as readonly Json[],
  }));
  const count = Math.max(0, ...columns.map((column) => column.values.length));
  const rows = Array.from({ length: count }, (_, row) => columns.map((column) => formatFigure(figureName(column), column.values[row])));
  return { columns: columns.map((column) => labelOf(column.name)), rows };
}

function figureName(column: { readonly name: string; readonly type: Json | undefined; readonly unit: Json | undefined }): string {
  if (column.type === 'time') return 'instantAt';
  if (column.type !== 'number' || typeof column.unit !== 'string') return column.name;
  return { bytes: 'valueBytes', seconds: 'valueSeconds', ratio: 'valueRatio', bytesPerSecond: 'valueBytes' }[column.unit] ?? 'value';
}
