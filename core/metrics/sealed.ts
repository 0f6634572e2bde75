import { open, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { shrinkHotRange } from './hot-range.ts';
import type { StoreTable } from './migrate.ts';
import type { TableShape } from './schema.ts';
import { coarseQuery, fineQuery, ROLLUP_SECONDS, isRollup, rolledColumns, rollupTable, unevenQuery } from './rollup.ts';
import { chooseTypes, dayCondition, sealQuery, sealedColumns, widest, type SealTypes } from './seal-format.ts';
import { DAY_MS, dayStart, ident, literal } from './sql-text.ts';
import type { Store } from './store.ts';
import { parquetOf, type SealedFile } from './views.ts';

const FILE = /^([a-z][a-z0-9_]*(?:~\d+)?)-(\d+)\.parquet$/;
const FOLDER = /^day=(\d{4}-\d{2}-\d{2})$/;
const ROW_GROUP_ROWS = 30_720;
/** Smaller: a query of some things over many days takes few rows of each. */
const ROLLUP_GROUP_ROWS = 10_240;

/** Where a kill may fall while a day is sealed; tests stop there. */
export type SealPoint = 'written' | 'renamed' | 'rolled' | 'deleted' | 'committed';

const pathOf = (folder: string, file: Pick<SealedFile, 'table' | 'day' | 'part'>): string =>
  join(folder, `day=${file.day}`, `${file.table}-${file.part}.parquet`);

async function* filesIn(folder: string): AsyncIterable<{ path: string; table: string; day: string; part: number; isWhole: boolean }> {
  for (const entry of await readdir(folder)) {
    const day = FOLDER.exec(entry)?.[1];
    if (day === undefined) continue;
    for (const name of await readdir(join(folder, entry))) {
      const [, table = '', part = '0'] = FILE.exec(name) ?? [];
      yield { path: join(folder, entry, name), table, day, part: Number(part), isWhole: table !== '' };
    }
  }
}

/** A file of an earlier database is taken as it is: it stands alone. */
async function adopt(connection: DuckDBConnection, folder: string): Promise<void> {
  for await (const file of filesIn(folder)) {
    if (!file.isWhole) continue;
    const reader = await connection.runAndReadAll(`SELECT name FROM parquet_schema(${literal(file.path)}) WHERE num_children IS NULL`);
    const count = await connection.runAndReadAll(`SELECT count(*) FROM ${parquetOf([file])}`);
    const columns = reader.getRows().map(([name]) => String(name));
    await record(connection, { ...file, columns, rows: Number(count.getRows()[0]?.[0]), bytes: (await stat(file.path)).size });
  }
}

async function record(connection: DuckDBConnection, file: SealedFile): Promise<void> {
  await connection.run('INSERT INTO hot.sealed_file VALUES ($1, $2, $3, $4, $5, $6)', [
    file.table,
    file.day,
    file.part,
    JSON.stringify(file.columns),
    BigInt(file.rows),
    BigInt(file.bytes),
  ]);
}

/** The sealed files as the connection's transaction sees them: exactly those whose rows it does not find hot. */
export async function readCatalogue(connection: DuckDBConnection, folder: string): Promise<SealedFile[]> {
  const reader = await connection.runAndReadAll(
    'SELECT table_name, day, part, columns, row_count::DOUBLE, bytes::DOUBLE FROM hot.sealed_file ORDER BY table_name, day, part',
  );
  return (reader.getRows() as [string, string, number, string, number, number][]).map(([table, day, part, columns, rows, bytes]) => ({
    table,
    day,
    part,
    columns: JSON.parse(columns) as string[],
    rows,
    bytes,
    path: pathOf(folder, { table, day, part }),
  }));
}

/** Files that the catalogue does not know come from a kill before the commit: their rows are still hot. Those it forgot are past retention. */
async function removeStrays(folder: string, files: readonly SealedFile[]): Promise<void> {
  const known = new Set(files.map((file) => file.path));
  for await (const file of filesIn(folder)) if (!known.has(file.path)) await rm(file.path);
  for (const entry of await readdir(folder)) {
    if (FOLDER.test(entry) && (await readdir(join(folder, entry))).length === 0) await rmdir(join(folder, entry));
  }
}

/**
 * The sealed files, by DuckDB's own catalogue: a file counts once the transaction that deleted its rows from hot has committed, so a kill at any point loses and
 * doubles nothing. A new database adopts the files it finds.
 */
export async function loadSealed(connection: DuckDBConnection, at: { folder: string; isNew: boolean }): Promise<SealedFile[]> {
  if (at.isNew) await adopt(connection, at.folder);
  const files = await readCatalogue(connection, at.folder);
  await removeStrays(at.folder, files);
  return files;
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface SealTask {
  readonly table: StoreTable;
  readonly day: string;
  /** Default: as narrow as the day's values allow. */
  readonly types?: SealTypes;
  readonly onPoint?: ((point: SealPoint) => void) | undefined;
}

async function copyDay(store: Store, { table, day, types, part, path }: SealTask & { part: number; path: string }): Promise<number> {
  const query = sealQuery(table.shape, { day, part }, types ?? (await chooseTypes(store.keeper, table.shape, day)));
  const format = `FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;
  return (await store.keeper.run(`COPY (${query}) TO ${literal(path)} (${format})`)).rowsChanged;
}

/** The file gets its name when all of it is on the disk, and the name is on the disk before anything counts on it. */
async function publish(store: Store, path: string, onWritten?: () => void): Promise<void> {
  await syncPath(`${path}.tmp`);
  onWritten?.();
  await rename(`${path}.tmp`, path);
  await syncPath(join(path, '..'));
  await syncPath(store.folders.sealed);
}

/** The day's rollups, from its hot rows and what was sealed of it before. They take the place of older ones. */
async function writeRollups(store: Store, task: SealTask, sealed: SealedFile): Promise<SealedFile[]> {
  const { shape } = task.table;
  const older = store.sealed.filter((file) => file.table === shape.name && file.day === task.day);
  const written: SealedFile[] = [];
  let columns: string[] = [];
  for (const seconds of ROLLUP_SECONDS) {
    const table = rollupTable(shape.name, seconds);
    const path = pathOf(store.folders.sealed, { ...sealed, table });
    const fine = written[0]?.path;
    const query = fine === undefined ? fineQuery(shape, { day: task.day, path: sealed.path, older }) : coarseQuery(shape, fine);
    const result = await store.keeper.run(
      `COPY (${query}) TO ${literal(`${path}.tmp`)} (FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, ROW_GROUP_SIZE ${ROLLUP_GROUP_ROWS})`,
    );
    await publish(store, path);
    if (fine === undefined) {
      const reader = await store.keeper.runAndReadAll(unevenQuery(shape, path));
      columns = rolledColumns(shape, reader.getRows()[0] ?? []);
    }
    written.push({ table, day: task.day, part: sealed.part, columns, rows: result.rowsChanged, bytes: (await stat(path)).size, path });
  }
  return written;
}

async function writeFile(store: Store, task: SealTask): Promise<SealedFile> {
  const { shape } = task.table;
  const parts = store.sealed.filter((file) => file.table === shape.name && file.day === task.day).map((file) => file.part);
  const part = Math.max(0, ...parts) + 1;
  const path = pathOf(store.folders.sealed, { table: shape.name, day: task.day, part });
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true });
  const rows = await copyDay(store, { ...task, part, path: `${path}.tmp` });
  await publish(store, path, () => task.onPoint?.('written'));
  task.onPoint?.('renamed');
  return { table: shape.name, day: task.day, part, columns: sealedColumns(shape), rows, bytes: (await stat(path)).size, path };
}

/** With the narrowest types; with the widest when a counter turns out to grow faster than was guessed. */
async function sealTable(store: Store, task: SealTask): Promise<void> {
  try {
    await moveDay(store, task);
  } catch (error) {
    if (task.types !== undefined || !(error instanceof Error && error.message.includes('Conversion Error'))) throw error;
    await moveDay(store, { ...task, types: widest(task.table.shape) });
  }
}

/** Writes the file and moves the rows over in one transaction: rows that arrive meanwhile are not in its snapshot and stay hot. */
async function moveDay(store: Store, task: SealTask): Promise<void> {
  const { shape } = task.table;
  await store.keeper.run('BEGIN TRANSACTION');
  try {
    const file = await writeFile(store, task);
    const rollups = await writeRollups(store, task, file);
    task.onPoint?.('rolled');
    const deleted = await store.keeper.run(`DELETE FROM hot.${ident(shape.name)} WHERE ${dayCondition(task.day)}`);
    if (deleted.rowsChanged !== file.rows) throw new Error(`sealed ${file.rows} rows of ${shape.name} but hot had ${deleted.rowsChanged}`);
    const isReplaced = (one: SealedFile): boolean => one.day === task.day && rollups.some(({ table }) => table === one.table);
    for (const { table } of rollups)
      await store.keeper.run('DELETE FROM hot.sealed_file WHERE table_name = $1 AND day = $2', [table, task.day]);
    for (const one of [file, ...rollups]) await record(store.keeper, one);
    task.onPoint?.('deleted');
    store.isMoving = true;
    await store.keeper.run('COMMIT');
    store.sealed = [...store.sealed.filter((one) => !isReplaced(one)), file, ...rollups];
    store.changes.changed(shape.name, dayStart(task.day), dayStart(task.day) + DAY_MS);
  } catch (error) {
    await store.keeper.run('ROLLBACK').catch(() => null);
    throw error;
  } finally {
    store.isMoving = false;
  }
  task.onPoint?.('committed');
  await shrinkHotRange(store, shape.name);
}

async function hotDays(store: Store, shape: TableShape, before: string): Promise<string[]> {
  const reader = await store.keeper.runAndReadAll(
    `SELECT DISTINCT strftime(ts, '%Y-%m-%d') AS day FROM hot.${ident(shape.name)} WHERE ts < TIMESTAMP ${literal(before)} ORDER BY day`,
  );
  return reader.getRows().map(([day]) => String(day));
}

/** Seals all hot days before `before` (`YYYY-MM-DD`, excluded). Calls must not overlap. */
export async function sealBefore(store: Store, before: string, onPoint?: (point: SealPoint) => void): Promise<number> {
  let sealed = 0;
  for (const table of store.tables.values()) {
    for (const day of await hotDays(store, table.shape, before)) {
      await sealTable(store, { table, day, onPoint });
      sealed++;
    }
  }
  return sealed;
}

/** The first days that are kept, of samples and of rollups. */
export interface Retention {
  readonly samples: string;
  readonly rollups: string;
}

/** Forgets sealed days that are past retention, then removes their files. `idle` resolves when nobody reads the old files any more. */
export async function retainFrom(store: Store, from: Retention, idle: () => Promise<void>): Promise<void> {
  const sealed = store.sealed.filter((file) => file.day >= (isRollup(file.table) ? from.rollups : from.samples));
  await store.keeper.run('BEGIN TRANSACTION');
  try {
    await store.keeper.run(`DELETE FROM hot.sealed_file WHERE day < CASE WHEN contains(table_name, '~') THEN $1 ELSE $2 END`, [
      from.rollups,
      from.samples,
    ]);
    await store.keeper.run('COMMIT');
  } catch (error) {
    await store.keeper.run('ROLLBACK').catch(() => null);
    throw error;
  }
  store.sealed = sealed;
  await idle();
  await removeStrays(store.folders.sealed, sealed);
}
