import { ident, literal } from './sql-text.ts';
import type { Column, TableShape } from './schema.ts';

/** A Parquet file that the catalogue knows: the rows of one table and day that were sealed together. */
export interface SealedFile {
  readonly table: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  /** 1 for the first file of a day; rows that came later are sealed into a further one. */
  readonly part: number;
  /** Metrics that the file has a column for: it may be older than a metric. */
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly path: string;
}

export const cellType = (column: Column): string => (column.kind === 'counter' ? 'BIGINT' : 'DOUBLE');

/** Names a table's rows among each other: `entity` or `entity, device`. */
export const seriesKey = (shape: TableShape): string => (shape.hasDevice ? 'entity, device' : 'entity');

/** The same of hot rows, by number. */
export const hotKey = (shape: TableShape): string => (shape.hasDevice ? 'entity_id, device_id' : 'entity_id');

/** Hot rows with their names; columns ts, day, entity, [device], then the metrics as stored. */
export function hotRows(shape: TableShape, columns: readonly Column[]): string {
  const device = shape.hasDevice ? ', dev.name AS device' : '';
  const join = shape.hasDevice ? ' JOIN hot.device dev ON dev.id = hot.device_id' : '';
  const cells = columns.map((column) => `, hot.${ident(column.name)}`).join('');
  return `SELECT hot.ts, hot.ts::DATE AS day, ent.name AS entity${device}${cells}
    FROM hot.${ident(shape.name)} hot JOIN hot.entity ent ON ent.id = hot.entity_id${join}`;
}

/** The column of a sealed file that holds a counter's first value, and the first after each reset. No metric has such a name. */
export const baseOf = (name: string): string => `${name}_base`;

/**
 * A sealed counter is its growth since the row before, the running sum within the file brings it back. Its first value stands in a column of its own; in files
 * of the first format in the counter's own column.
 */
function sealedCell(column: Column, file: Pick<SealedFile, 'columns'>): string {
  const name = ident(column.name);
  if (!file.columns.includes(column.name)) return `NULL::${cellType(column)} AS ${name}`;
  if (column.kind === 'gauge') return `${name}::DOUBLE AS ${name}`;
  if (!file.columns.includes(baseOf(column.name))) return `CASE WHEN ${name} IS NOT NULL THEN (sum(${name}) OVER w)::BIGINT END AS ${name}`;
  const base = ident(baseOf(column.name));
  return `CASE WHEN coalesce(${name}, ${base}) IS NOT NULL
    THEN (first_value(${base} IGNORE NULLS) OVER w + coalesce(sum(${name}) OVER w, 0))::BIGINT END AS ${name}`;
}

/**
 * Sealed files as one source of rows, in the order given. Each day's columns have the narrowest types that held its values, so the types are brought together by name:
 * DuckDB would cast all files to the types of the first, and round what does not fit.
 */
export function parquetOf(files: readonly Pick<SealedFile, 'path'>[], options = 'hive_partitioning = false'): string {
  const together = files.length > 1 ? ', union_by_name = true' : '';
  return `read_parquet([${files.map(({ path }) => literal(path)).join(', ')}], ${options}${together})`;
}

/** Sealed rows in the columns of `hotRows`. Files with the same columns are read together. */
export function sealedRows(shape: TableShape, columns: readonly Column[], files: readonly SealedFile[]): string[] {
  const has = (file: SealedFile, name: string): string => (file.columns.includes(name) ? '1' : '0');
  const groups = Map.groupBy(files, (file) => columns.map(({ name }) => has(file, name) + has(file, baseOf(name))).join(''));
  return [...groups.values()].map((group) => {
    const cells = columns.map((column) => `, ${sealedCell(column, group[0]!)}`).join('');
    return `SELECT ts, day, ${seriesKey(shape)}${cells}
      FROM ${parquetOf(group, "hive_partitioning = true, hive_types = {'day': DATE}")}
      WINDOW w AS (PARTITION BY day, part, ${seriesKey(shape)} ORDER BY ts)`;
  });
}

/** The metric as people read it: seconds, not the nanoseconds that are stored. */
export const shownCell = (column: Column): string =>
  column.scale === 1 ? ident(column.name) : `${ident(column.name)} / ${column.scale}::DOUBLE`;

/**
 * A view that people query: time, day, entity, [device], then the metrics as declared (camelCase needs no quotes: DuckDB ignores case).
 * Not "at": that is a word of DuckDB's grammar, `max(at)` would not parse. It is made for each query with the columns that the query names, since
 * bringing back a counter costs a running sum even where nobody looks. A condition on `day` spares the reading of the other days' files.
 */
export function viewStatement(shape: TableShape, view: string, from: { columns: readonly Column[]; files: readonly SealedFile[] }): string {
  const { columns, files } = from;
  const rows = [hotRows(shape, columns), ...sealedRows(shape, columns, files)].join('\nUNION ALL\n');
  const cells = columns.map((column) => `, ${shownCell(column)} AS ${ident(column.name)}`).join('');
  return `CREATE TEMP VIEW ${ident(view)} AS SELECT ts AS time, day, ${seriesKey(shape)}${cells} FROM (${rows}) rows`;
}
