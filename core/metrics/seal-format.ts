import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column, TableShape } from './schema.ts';
import { DAY_MS, dayOf, dayStart, ident, literal } from './sql-text.ts';
import { baseOf, hotRows, seriesKey } from './views.ts';

/** The type that each metric has in a sealed file: INTEGER or BIGINT for a counter's growth, a DECIMAL where it loses nothing or DOUBLE for a gauge. */
export type SealTypes = ReadonlyMap<string, string>;

/** Decimal places that are tried. Gauges are mostly whole or rounded; as integers they pack in half the bytes. */
const SCALES = [0, 2, 4, 6];
/** How many things are looked at to guess the types; the guess is then checked on all. */
const SAMPLE_ENTITIES = 16;
/** A fraction of what an INTEGER holds: others may grow faster than those looked at. */
const GROWTH_MAX = 2 ** 28;

/** Rows of the day in the columns of the hot table. */
export const dayCondition = (day: string): string =>
  `ts >= TIMESTAMP ${literal(day)} AND ts < TIMESTAMP ${literal(dayOf(dayStart(day) + DAY_MS))}`;

const asDecimal = (name: string, scale: number): string =>
  `coalesce(TRY_CAST(${name} AS DECIMAL(18, ${scale}))::DOUBLE = ${name}, ${name} IS NULL)`;

/** One row of answers about the day's rows: of a few things by `few`, else of all. */
async function askDay(
  connection: DuckDBConnection,
  shape: TableShape,
  ask: { day: string; cells: string[]; few: boolean },
): Promise<unknown[]> {
  const table = `hot.${ident(shape.name)}`;
  const day = dayCondition(ask.day);
  const few = ask.few ? ` AND entity_id IN (SELECT DISTINCT entity_id FROM ${table} WHERE ${day} LIMIT ${SAMPLE_ENTITIES})` : '';
  const key = shape.hasDevice ? 'entity_id, device_id' : 'entity_id';
  const steps = shape.columns
    .filter(({ kind }) => ask.few && kind === 'counter')
    .map(({ name }) => `, abs(${ident(name)} - lag(${ident(name)} IGNORE NULLS) OVER w) AS ${ident(`${name}_step`)}`);
  const window = steps.length > 0 ? ` WINDOW w AS (PARTITION BY ${key} ORDER BY ts)` : '';
  const reader = await connection.runAndReadAll(
    `SELECT ${ask.cells.join(', ')} FROM (SELECT *${steps.join('')} FROM ${table} WHERE ${day}${few}${window}) rows`,
  );
  return reader.getRows()[0] ?? [];
}

function guessCell({ name, kind }: Column): string {
  if (kind === 'counter') return `coalesce(max(${ident(`${name}_step`)}), 0) < ${GROWTH_MAX}`;
  const scales = SCALES.map((scale) => `WHEN bool_and(${asDecimal(ident(name), scale)}) THEN ${scale}`);
  return `CASE ${scales.join(' ')} END`;
}

/** Guesses by a few things; what is guessed of gauges is checked on all of the day. A counter that grows faster than guessed makes the sealing fail, and be done again with `widest`. */
export async function chooseTypes(connection: DuckDBConnection, shape: TableShape, day: string): Promise<SealTypes> {
  if (shape.columns.length === 0) return new Map();
  const guesses = await askDay(connection, shape, { day, cells: shape.columns.map(guessCell), few: true });
  const types = new Map(widest(shape));
  const decimals: { name: string; scale: number }[] = [];
  for (const [index, { name, kind }] of shape.columns.entries()) {
    const guess = guesses[index];
    if (kind === 'counter' && guess === true) types.set(name, 'INTEGER');
    if (kind === 'gauge' && typeof guess === 'number') decimals.push({ name, scale: guess });
  }
  if (decimals.length === 0) return types;
  const cells = decimals.flatMap(({ name, scale }) => [
    `bool_and(${asDecimal(ident(name), scale)})`,
    `coalesce(max(abs(${ident(name)})), 0) < ${10 ** (9 - scale)}`,
  ]);
  const checked = await askDay(connection, shape, { day, cells, few: false });
  for (const [index, { name, scale }] of decimals.entries()) {
    const [isExact, isSmall] = [checked[2 * index], checked[2 * index + 1]];
    if (isExact === true) types.set(name, `DECIMAL(${isSmall === true ? 9 : 18}, ${scale})`);
  }
  return types;
}

/** The types that hold everything. */
export const widest = (shape: TableShape): SealTypes =>
  new Map(shape.columns.map(({ name, kind }) => [name, kind === 'counter' ? 'BIGINT' : 'DOUBLE']));

function sealCell({ name, kind }: Column, type: string): string {
  const cell = ident(name);
  if (kind === 'gauge') return `, ${cell}::${type} AS ${cell}`;
  const before = `lag(${cell} IGNORE NULLS) OVER w`;
  return `, (${cell} - ${before})::${type} AS ${cell}, CASE WHEN ${before} IS NULL OR ${cell} < ${before} THEN ${cell} END AS ${ident(baseOf(name))}`;
}

/**
 * A day's rows as they are sealed, sorted so that a thing's rows stand together: counters as their growth since the row before; the first value of a series, and
 * the first after a reset, absolute in a column beside it.
 */
export function sealQuery(shape: TableShape, range: { day: string; part: number }, types: SealTypes): string {
  const cells = shape.columns.map((column) => sealCell(column, types.get(column.name)!));
  return `SELECT ${range.part}::INTEGER AS part, ${seriesKey(shape)}, ts${cells.join('')}
    FROM (${hotRows(shape, shape.columns)}) rows WHERE ${dayCondition(range.day)}
    WINDOW w AS (PARTITION BY ${seriesKey(shape)} ORDER BY ts) ORDER BY ${seriesKey(shape)}, ts`;
}

/** The columns of such a file. */
export const sealedColumns = (shape: TableShape): string[] =>
  shape.columns.flatMap(({ name, kind }) => (kind === 'counter' ? [name, baseOf(name)] : [name]));
