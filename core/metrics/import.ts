import type { DuckDBConnection } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';
import { growHotRange } from './hot-range.ts';
import type { StoreTable } from './migrate.ts';
import type { Column, TableShape } from './schema.ts';
import { ident, literal } from './sql-text.ts';
import type { Store } from './store.ts';
import { sealedRows, seriesKey } from './views.ts';

export interface ImportTask {
  readonly table: StoreTable;
  /** A copy in the import folder. */
  readonly path: string;
  readonly format: 'csv' | 'parquet';
  /** Runs `work` as a write: alone with the dictionaries. */
  asWrite(work: () => Promise<void>): Promise<void>;
}

const ROWS_MAX = 50_000_000;

const invalid = (message: string, cause?: unknown): HubError => new HubError('metrics_import_invalid', message, { status: 400, cause });

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/** An instant: whole epoch milliseconds, or a date and time (UTC when it names no zone). Years 1970 to 2199. */
const AT = `(CASE WHEN regexp_full_match("at", '\\d{1,14}(\\.0)?') THEN make_timestamp((TRY_CAST("at" AS DOUBLE) * 1000)::BIGINT)
  ELSE TRY_CAST("at" AS TIMESTAMPTZ)::TIMESTAMP END)`;

function cellSql(column: Column): string {
  const name = ident(column.name);
  if (column.kind === 'gauge') return `TRY_CAST(${name} AS DOUBLE)`;
  return column.scale === 1 ? `TRY_CAST(${name} AS BIGINT)` : `TRY_CAST(TRY_CAST(${name} AS DECIMAL(27, 9)) * ${column.scale} AS BIGINT)`;
}

async function stage(connection: DuckDBConnection, task: ImportTask): Promise<void> {
  const source =
    task.format === 'csv'
      ? `read_csv(${literal(task.path)}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')`
      : `read_parquet(${literal(task.path)}, hive_partitioning = false)`;
  try {
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE staged AS SELECT row_number() OVER () AS row_number, * FROM (SELECT COLUMNS(*)::VARCHAR FROM ${source}) source`,
    );
  } catch (error) {
    throw invalid(`The file is not readable as ${task.format === 'csv' ? 'CSV with a header line' : 'Parquet'}: ${reasonOf(error)}`, error);
  }
}

async function one(connection: DuckDBConnection, sql: string): Promise<readonly unknown[] | undefined> {
  return (await connection.runAndReadAll(sql)).getRows()[0];
}

/** The metrics that the file has columns for. */
async function columnsOf(connection: DuckDBConnection, shape: TableShape): Promise<Column[]> {
  const reader = await connection.runAndReadAll('SELECT column_name FROM (DESCRIBE staged)');
  const names = reader
    .getRows()
    .map(([name]) => String(name))
    .filter((name) => name !== 'row_number');
  const fixed = shape.hasDevice ? ['at', 'entity', 'device'] : ['at', 'entity'];
  const metrics = shape.columns.filter((column) => column.unit !== null);
  const expected = [...fixed, ...metrics.map((column) => column.name)];
  const missing = fixed.find((name) => !names.includes(name));
  if (missing) throw invalid(`The file has no column "${missing}". It needs ${fixed.join(', ')} and at least one metric.`);
  const odd = names.find((name) => !expected.includes(name));
  if (odd !== undefined) throw invalid(`The column "${odd}" is not known. Columns may be: ${expected.join(', ')}.`);
  const present = metrics.filter((column) => names.includes(column.name));
  if (present.length === 0) throw invalid(`The file has no metric. Metrics may be: ${metrics.map((column) => column.name).join(', ')}.`);
  return present;
}

/** The first row that does not fit, by its number: row 1 is the first after the header. */
async function checkRows(connection: DuckDBConnection, shape: TableShape, columns: readonly Column[]): Promise<void> {
  const keys = shape.hasDevice ? ['entity', 'device'] : ['entity'];
  const bad = [
    `WHEN ${AT} IS NULL OR ${AT} NOT BETWEEN TIMESTAMP '1970-01-01' AND TIMESTAMP '2199-12-31' THEN 'at'`,
    ...keys.map((key) => `WHEN ${key} IS NULL OR length(${key}) NOT BETWEEN 1 AND 200 THEN '${key}'`),
    ...columns.map((column) => `WHEN ${ident(column.name)} <> '' AND ${cellSql(column)} IS NULL THEN '${column.name}'`),
  ];
  const found = await one(
    connection,
    `SELECT row_number::DOUBLE, field FROM (SELECT row_number, CASE ${bad.join(' ')} END AS field FROM staged) WHERE field IS NOT NULL ORDER BY row_number LIMIT 1`,
  );
  if (found) {
    const value = await one(connection, `SELECT ${ident(String(found[1]))} FROM staged WHERE row_number = ${Number(found[0])}`);
    throw invalid(
      `Row ${Number(found[0])} (without the header) has no usable "${String(found[1])}": ${JSON.stringify(value?.[0] ?? null)}. Nothing was imported.`,
    );
  }
  const twin = await one(
    connection,
    `SELECT min(row_number)::DOUBLE FROM (SELECT row_number FROM staged QUALIFY row_number() OVER (PARTITION BY ${AT}, ${seriesKey(shape)} ORDER BY row_number) > 1)`,
  );
  if (twin?.[0] != null)
    throw invalid(
      `Row ${Number(twin[0])} (without the header) has the instant and ${seriesKey(shape)} of an earlier row. Nothing was imported.`,
    );
}

async function nameAll(store: Store, shape: TableShape): Promise<void> {
  for (const [key, dictionary] of [
    ['entity', store.entities],
    ['device', store.devices],
  ] as const) {
    if (key === 'device' && !shape.hasDevice) continue;
    const reader = await store.keeper.runAndReadAll(`SELECT DISTINCT ${key} FROM staged`);
    dictionary.ids(reader.getRows().map(([name]) => String(name)));
    await dictionary.save(store.writer);
    dictionary.keep();
  }
}

/** Inserts what is not there yet: the same file again adds nothing. */
function insertSql(store: Store, shape: TableShape, columns: readonly Column[]): string {
  const device = shape.hasDevice
    ? { select: ', dev.id AS device_id', join: ' JOIN hot.device dev ON dev.name = new.device' }
    : { select: '', join: '' };
  const cells = columns.map((column) => `, ${cellSql(column)} AS ${ident(column.name)}`).join('');
  const finite = columns
    .map((column) =>
      column.kind === 'gauge'
        ? `, CASE WHEN isfinite(${ident(column.name)}) THEN ${ident(column.name)} END AS ${ident(column.name)}`
        : `, ${ident(column.name)}`,
    )
    .join('');
  const files = store.sealed.filter((file) => file.table === shape.name);
  const sealed = sealedRows(shape, [], files).map(
    (rows) =>
      ` AND NOT EXISTS (SELECT 1 FROM (${rows}) old WHERE old.ts = new.ts AND old.day = new.ts::DATE AND old.entity = new.entity${shape.hasDevice ? ' AND old.device = new.device' : ''})`,
  );
  return `INSERT INTO hot.${ident(shape.name)} BY NAME
    SELECT ent.id AS entity_id${device.select}, new.ts${finite}
    FROM (SELECT ${AT} AS ts, ${seriesKey(shape)}${cells} FROM staged) new JOIN hot.entity ent ON ent.name = new.entity${device.join}
    WHERE NOT EXISTS (SELECT 1 FROM hot.${ident(shape.name)} old WHERE old.ts = new.ts AND old.entity_id = ent.id${shape.hasDevice ? ' AND old.device_id = dev.id' : ''})${sealed.join('')}
    ORDER BY new.ts`;
}

/** Loads a staged file, all or nothing. Rows whose instant, entity and device exist already are left as they are. Errors: `metrics_import_invalid`. */
export async function importStaged(store: Store, task: ImportTask): Promise<{ rows: number }> {
  const { shape } = task.table;
  const { keeper } = store;
  try {
    await stage(keeper, task);
    const count = Number((await one(keeper, 'SELECT count(*)::DOUBLE FROM staged'))?.[0]);
    if (count > ROWS_MAX) throw invalid(`The file has ${count} rows, more than ${ROWS_MAX}. Split it.`);
    const columns = await columnsOf(keeper, shape);
    await checkRows(keeper, shape, columns);
    await task.asWrite(() => nameAll(store, shape));
    const range = await one(keeper, `SELECT epoch_ms(min(${AT}))::DOUBLE, epoch_ms(max(${AT}))::DOUBLE + 1 FROM staged`);
    for (const at of range ?? []) if (typeof at === 'number') growHotRange(store, shape.name, at);
    const result = await keeper.run(insertSql(store, shape, columns));
    const [first, last] = range ?? [];
    if (typeof first === 'number' && typeof last === 'number') store.changes.changed(shape.name, first, last);
    return { rows: result.rowsChanged };
  } finally {
    await keeper.run('DROP TABLE IF EXISTS staged');
  }
}
