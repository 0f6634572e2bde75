import { BIGINT, DOUBLE, INTEGER, TIMESTAMP } from '@duckdb/node-api';
import { createChunkWriter, type ChunkColumn, type ChunkWriter } from './chunk-writer.ts';
import { validBytes, type BatchNames, type EncodedBatch } from './encode.ts';
import type { Dictionary } from './dictionary.ts';
import { growHotRange } from './hot-range.ts';
import type { StoreTable } from './migrate.ts';
import type { Store } from './store.ts';

const TYPES = { INTEGER, TIMESTAMP, BIGINT, DOUBLE } as const;
const MISSING: ChunkColumn = { values: null, valid: null };

async function chunksOf(store: Store, table: StoreTable): Promise<ChunkWriter> {
  if (table.chunks === null) {
    const appender = await store.writer.createAppender(table.shape.name, 'hot');
    table.chunks = createChunkWriter(
      appender,
      table.cells.map(([, type]) => TYPES[type as keyof typeof TYPES]),
    );
  }
  return table.chunks;
}

/** A batch with its names. */
type NamedBatch = EncodedBatch & { readonly names: BatchNames };

/** The column of a metric in a batch; the batch's columns are the first of the shape, in its order. */
function metricColumn(table: StoreTable, batch: EncodedBatch, name: string): ChunkColumn {
  const index = table.shape.columns.findIndex((column) => column.name === name);
  const column = table.shape.columns[index];
  if (column === undefined || column.unit === null) return MISSING;
  const offset = index * batch.rows * 8;
  const values =
    column.kind === 'counter' ? new BigInt64Array(batch.values, offset, batch.rows) : new Float64Array(batch.values, offset, batch.rows);
  const bytes = validBytes(batch.rows);
  return { values, valid: batch.valid && new Uint8Array(batch.valid, index * bytes, bytes) };
}

/** The ids of a batch's names: most batches have the names of the one before, the very same arrays. */
function idsOf(dictionary: Dictionary, names: readonly string[]): Int32Array {
  const known = remembered.get(names);
  if (known !== undefined) return known;
  const ids = dictionary.ids(names);
  remembered.set(names, ids);
  return ids;
}
let remembered = new WeakMap<readonly string[], Int32Array>();

function chunkColumns(store: Store, table: StoreTable, batch: NamedBatch): ChunkColumn[] {
  return table.cells.map(([name]) => {
    if (name === 'entity_id') return { values: idsOf(store.entities, batch.names.entities), valid: null };
    if (name === 'device_id') return { values: idsOf(store.devices, batch.names.devices), valid: null };
    if (name === 'ts') return { values: new BigInt64Array(batch.rows).fill(BigInt(Math.round(batch.at)) * 1000n), valid: null };
    return metricColumn(table, batch, name);
  });
}

async function appendAll(store: Store, batches: readonly NamedBatch[]): Promise<void> {
  for (const batch of batches) {
    const table = store.tables.get(batch.table);
    if (table === undefined) throw new TypeError(`no table ${batch.table}`);
    growHotRange(store, batch.table, batch.at);
    const columns = chunkColumns(store, table, batch);
    const chunks = await chunksOf(store, table);
    chunks.append(columns, batch.rows);
  }
  for (const name of new Set(batches.map((batch) => batch.table))) store.tables.get(name)?.chunks?.flush();
}

async function rollBack(store: Store): Promise<void> {
  remembered = new WeakMap();
  store.entities.forget();
  store.devices.forget();
  // An appender that failed keeps its rows: the next write starts with new ones.
  for (const table of store.tables.values()) table.chunks = null;
  await store.writer.run('ROLLBACK');
}

/** One transaction: all batches are durable when it resolves, or none is there. Calls must not overlap. */
export async function writeBatches(store: Store, batches: readonly NamedBatch[]): Promise<void> {
  await store.writer.run('BEGIN TRANSACTION');
  try {
    await appendAll(store, batches);
    await store.entities.save(store.writer);
    await store.devices.save(store.writer);
    await store.writer.run('COMMIT');
  } catch (error) {
    // A failed COMMIT has ended the transaction already; the first error is the one that says why.
    await rollBack(store).catch(() => null);
    throw error;
  }
  store.entities.keep();
  store.devices.keep();
}
