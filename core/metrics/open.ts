import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';
import { loadDictionary } from './dictionary.ts';
import { createHotChanges } from './windows/hot-changes.ts';
import { findHotRange, type HotRange } from './hot-range.ts';
import { loadTables, prepareSchema } from './migrate.ts';
import type { TableShape } from './schema.ts';
import { loadSealed } from './sealed.ts';
import { createSegmentMemory } from './windows/segment-memory.ts';
import { literal } from './sql-text.ts';
import type { Store, StoreFolders } from './store.ts';
import { openTail } from './tail.ts';

export interface StoreOptions {
  /** Folder of the database, the sealed days and the import staging. */
  readonly folder: string;
  readonly tables: readonly TableShape[];
  /** DuckDB's own limit; default 1 GB, then it spills to disk. */
  readonly memoryMax?: string;
}

export const foldersOf = (folder: string): StoreFolders => ({
  database: join(folder, 'metrics.duckdb'),
  sealed: join(folder, 'sealed'),
  imports: join(folder, 'import'),
  journal: join(folder, 'journal'),
});

function openFailed(error: unknown, file: string): HubError {
  const reason = error instanceof Error ? error.message : String(error);
  const holder = /PID (\d+)/.exec(reason)?.[1];
  if (!reason.includes('Could not set lock')) {
    return new HubError(
      'metrics_unreadable',
      `The metrics database ${file} cannot be opened: ${reason.split('\n')[0]} Move it away to start with an empty one; sealed days are found again.`,
      {
        status: 503,
        cause: error,
      },
    );
  }
  return new HubError(
    'metrics_locked',
    `Another process${holder ? ` (${holder})` : ''} holds the metrics database ${file}. Stop it, or give this hub its own data folder, and start again.`,
    {
      status: 503,
      cause: error,
    },
  );
}

async function openDatabase(folders: StoreFolders, memoryMax: string): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(folders.database, {
      storage_compatibility_version: 'latest',
      checkpoint_threshold: '16MB',
      memory_limit: memoryMax,
    });
  } catch (error) {
    throw openFailed(error, folders.database);
  }
}

/** From here on no statement reaches a file or the network, except the store's own in its two folders; nothing can unlock it again. */
async function lockDown(connection: DuckDBConnection, folders: StoreFolders): Promise<void> {
  const allowed = [folders.sealed, folders.imports].map((folder) => literal(`${folder}/`)).join(', ');
  const settings = [
    `SET GLOBAL TimeZone = 'UTC'`,
    // A file with many columns and row groups has a footer of a megabyte: reading it anew takes longer than most queries.
    'SET GLOBAL parquet_metadata_cache = true',
    // Rows of sealed files are read as they stand: a thing's together, in the order of time.
    'SET GLOBAL preserve_insertion_order = true',
    'SET GLOBAL autoinstall_known_extensions = false',
    'SET GLOBAL autoload_known_extensions = false',
    `SET GLOBAL max_temp_directory_size = '8GB'`,
    `SET GLOBAL allowed_directories = [${allowed}]`,
    'SET GLOBAL enable_external_access = false',
    'SET GLOBAL lock_configuration = true',
  ];
  for (const setting of settings) await connection.run(setting);
}

/** Opens or makes the database, locks it down, follows the declarations, and puts right what a kill left behind. Errors: `metrics_locked`, `metrics_unreadable`, `metrics_kind_changed`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const folders = foldersOf(options.folder);
  for (const folder of [folders.sealed, folders.imports]) await mkdir(folder, { recursive: true });
  const db = await openDatabase(folders, options.memoryMax ?? '1GB');
  try {
    const writer = await db.connect();
    const keeper = await db.connect();
    await lockDown(writer, folders);
    const { isNew } = await prepareSchema(writer, options.tables);
    const tables = await loadTables(writer, options.tables);
    const sealed = await loadSealed(writer, { folder: folders.sealed, isNew });
    const entities = await loadDictionary(writer, 'entity');
    const devices = await loadDictionary(writer, 'device');
    const hot = new Map<string, HotRange>();
    for (const name of tables.keys()) {
      const range = await findHotRange(writer, name);
      if (range !== null) hot.set(name, range);
    }
    const base = { db, writer, keeper, folders, tables, entities, devices, hot, changes: createHotChanges(), sealed, isMoving: false };
    return Object.assign(base, { tail: await openTail({ ...base, journal: folders.journal }, { isNew }), memory: createSegmentMemory() });
  } catch (error) {
    db.closeSync();
    throw error;
  }
}

export async function closeStore(store: Store): Promise<void> {
  try {
    await store.tail.flush();
    store.tail.close();
    for (const table of store.tables.values()) table.chunks?.close();
    await store.writer.run('CHECKPOINT');
  } finally {
    store.keeper.closeSync();
    store.writer.closeSync();
    store.db.closeSync();
  }
}
