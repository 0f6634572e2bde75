import { BIGINT, DOUBLE, INTEGER, TIMESTAMP, type DuckDBConnection } from '@duckdb/node-api';
import { createChunkWriter, type ChunkColumn, type ChunkWriter } from './chunk-writer.ts';
import { validBytes } from './encode.ts';
import { growHotRange, type HotRange } from './hot-range.ts';
import type { Entry, NumberedBatch } from './journal.ts';
import type { StoreTable } from './migrate.ts';
import type { HotChanges } from './windows/hot-changes.ts';

const TYPES = { INTEGER, TIMESTAMP, BIGINT, DOUBLE } as const;
const MISSING: ChunkColumn = { values: null, valid: null };

/** The part of the store that is written to. */
export interface Target {
  readonly writer: DuckDBConnection;
  readonly tables: ReadonlyMap<string, StoreTable>;
  readonly hot: Map<string, HotRange>;
  readonly changes: HotChanges;
}

async function chunksOf({ writer }: Target, table: StoreTable): Promise<ChunkWriter> {
  if (table.chunks === null) {
    const appender = await writer.createAppender(table.shape.name, 'hot');
    table.chunks = createChunkWriter(
      appender,
      table.cells.map(([, type]) => TYPES[type as keyof typeof TYPES]),
    );
  }
  return table.chunks;
}

function metricColumn(batch: NumberedBatch, name: string, type: string): ChunkColumn {
  const index = batch.columns.indexOf(name);
  if (index < 0) return MISSING;
  const offset = index * batch.rows * 8;
  const values =
    type === 'BIGINT' ? new BigInt64Array(batch.values, offset, batch.rows) : new Float64Array(batch.values, offset, batch.rows);
  const bytes = validBytes(batch.rows);
  return { values, valid: batch.valid && new Uint8Array(batch.valid, index * bytes, bytes) };
}

function chunkColumns(table: StoreTable, batch: NumberedBatch): ChunkColumn[] {
  return table.cells.map(([name, type]) => {
    if (name === 'entity_id') return { values: batch.entityIds, valid: null };
    if (name === 'device_id') return { values: batch.deviceIds, valid: null };
    if (name === 'ts') return { values: new BigInt64Array(batch.rows).fill(BigInt(Math.round(batch.at)) * 1000n), valid: null };
    return metricColumn(batch, name, type);
  });
}

async function append(target: Target, batch: NumberedBatch): Promise<ChunkWriter> {
  const table = target.tables.get(batch.table);
  if (table === undefined) throw new TypeError(`no table ${batch.table}`);
  growHotRange(target, batch.table, batch.at);
  const chunks = await chunksOf(target, table);
  chunks.append(chunkColumns(table, batch), batch.rows);
  return chunks;
}

async function rollBack({ writer, tables }: Target): Promise<void> {
  // An appender that failed keeps its rows: the next write starts with new ones.
  for (const table of tables.values()) table.chunks = null;
  await writer.run('ROLLBACK');
}

/** One transaction: all entries are in their tables when it resolves, or none is, and the number of the last one is known with them. Calls must not overlap. */
export async function appendEntries(target: Target, entries: readonly Entry[]): Promise<void> {
  await target.writer.run('BEGIN TRANSACTION');
  try {
    const used = new Set<ChunkWriter>();
    for (const { batches } of entries) for (const batch of batches) used.add(await append(target, batch));
    for (const chunks of used) chunks.flush();
    await target.writer.run(`UPDATE hot.appended SET number = ${entries.at(-1)?.number ?? 0}`);
    await target.writer.run('COMMIT');
  } catch (error) {
    // A failed COMMIT has ended the transaction already; the first error is the one that says why.
    await rollBack(target).catch(() => null);
    throw error;
  }
  for (const { batches } of entries) for (const { table, at } of batches) target.changes.changed(table, at);
}
