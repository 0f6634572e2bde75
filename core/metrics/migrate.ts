import type { DuckDBConnection } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import { scaleOf, type Column, type TableShape } from './schema.ts';
import { ident } from './sql-text.ts';
import { cellType } from './views.ts';

export interface StoreTable {
  readonly shape: TableShape;
  /** Name and type of the table's columns in the order of DuckDB. */
  readonly cells: readonly (readonly [name: string, type: string])[];
  /** Made at the first write, again after an error. */
  chunks: ChunkWriter | null;
}

async function migrateTable(connection: DuckDBConnection, shape: TableShape): Promise<void> {
  const device = shape.hasDevice ? ', device_id INTEGER NOT NULL' : '';
  const table = `hot.${ident(shape.name)}`;
  await connection.run(`CREATE TABLE IF NOT EXISTS ${table} (entity_id INTEGER NOT NULL${device}, ts TIMESTAMP NOT NULL)`);
  const present = new Map((await describe(connection, shape.name)).map(([name, type]) => [name, type]));
  for (const column of shape.columns) {
    const type = present.get(column.name);
    if (type === undefined) await connection.run(`ALTER TABLE ${table} ADD COLUMN ${ident(column.name)} ${cellType(column)}`);
    else if (type !== cellType(column)) {
      throw new HubError(
        'metrics_kind_changed',
        `The metric ${shape.table}.${column.name} of ${shape.plugin} was not a ${column.kind} before. Give the new one another name.`,
        {
          status: 409,
        },
      );
    }
  }
}

async function describe(connection: DuckDBConnection, table: string): Promise<[string, string][]> {
  const reader = await connection.runAndReadAll(
    `SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'hot' AND table_name = $1 ORDER BY column_index`,
    [table],
  );
  return reader.getRows() as [string, string][];
}

const FIXED = new Set(['entity_id', 'device_id', 'ts']);

/** The table as it is: declared columns, then those that nobody declares any more; they stay readable. */
async function shapeInDatabase(connection: DuckDBConnection, name: string, declared: TableShape | undefined): Promise<TableShape> {
  const columns = await describe(connection, name);
  const known = new Set(declared?.columns.map((column) => column.name));
  const left: Column[] = columns
    .filter(([column]) => !FIXED.has(column) && !known.has(column))
    .map(([column, type]) => {
      const kind = type === 'BIGINT' ? 'counter' : 'gauge';
      return { name: column, kind, scale: scaleOf(kind, column.endsWith('Seconds')), unit: null };
    });
  const hasDevice = columns.some(([column]) => column === 'device_id');
  const base = declared ?? { name, views: [name], plugin: '', table: name, hasDevice };
  return { ...base, columns: [...(declared?.columns ?? []), ...left] };
}

/** All tables of the database by name. */
export async function loadTables(connection: DuckDBConnection, declared: readonly TableShape[]): Promise<Map<string, StoreTable>> {
  const reader = await connection.runAndReadAll(
    `SELECT table_name FROM duckdb_tables() WHERE schema_name = 'hot' AND table_name NOT IN ('entity', 'device', 'sealed_file', 'appended') ORDER BY 1`,
  );
  const tables = new Map<string, StoreTable>();
  for (const [name] of reader.getRows() as [string][]) {
    const shape = await shapeInDatabase(
      connection,
      name,
      declared.find((shape) => shape.name === name),
    );
    tables.set(name, { shape, cells: await describe(connection, name), chunks: null });
  }
  return tables;
}

/** Brings the database to what is declared, in one transaction: new tables, new columns; nothing is ever dropped. `isNew`: it was empty. */
export async function prepareSchema(connection: DuckDBConnection, declared: readonly TableShape[]): Promise<{ isNew: boolean }> {
  const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM duckdb_tables() WHERE schema_name = 'hot'`);
  await connection.run('BEGIN TRANSACTION');
  await connection.run('CREATE SCHEMA IF NOT EXISTS hot');
  for (const table of ['entity', 'device']) {
    await connection.run(`CREATE TABLE IF NOT EXISTS hot.${table} (id INTEGER NOT NULL, name VARCHAR NOT NULL)`);
  }
  await connection.run(
    'CREATE TABLE IF NOT EXISTS hot.sealed_file (table_name VARCHAR, day VARCHAR, part INTEGER, columns VARCHAR, row_count BIGINT, bytes BIGINT)',
  );
  // The number of the last entry of the journal that is in the tables.
  await connection.run('CREATE TABLE IF NOT EXISTS hot.appended AS SELECT 0::BIGINT AS number');
  for (const shape of declared) await migrateTable(connection, shape);
  await connection.run('COMMIT');
  return { isNew: reader.getRows()[0]?.[0] === 0 };
}
