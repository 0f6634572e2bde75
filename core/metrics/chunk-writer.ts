import { DuckDBDataChunk, type DuckDBAppender, type DuckDBType } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

/** DuckDB's vector size: a larger chunk is refused. A multiple of 64, so that blocks of validity bits start on a word. */
const CHUNK_ROWS = 2048;

/** INTEGER is Int32Array, BIGINT and TIMESTAMP (microseconds) BigInt64Array, DOUBLE Float64Array; `null`: missing in every row. */
export interface ChunkColumn {
  readonly values: Int32Array | BigInt64Array | Float64Array | null;
  /** Bit i of byte i/8 tells that row i is there; null: all are. */
  readonly valid: Uint8Array | null;
}

export interface ChunkWriter {
  /** Appends rows; nothing is visible before `flush`. */
  append(columns: readonly ChunkColumn[], rows: number): void;
  /** Hands the rows to the connection's transaction. */
  flush(): void;
  close(): void;
}

const NOTHING = new Uint8Array(CHUNK_ROWS / 8);

function copyColumn(vector: duckdb.Vector, column: ChunkColumn, span: { from: number; rows: number }): void {
  const { from, rows } = span;
  const valid = column.values === null ? NOTHING : column.valid;
  if (column.values !== null) {
    const width = column.values.BYTES_PER_ELEMENT;
    const { buffer, byteOffset } = column.values;
    duckdb.copy_data_to_vector(vector, 0, buffer as ArrayBuffer, byteOffset + from * width, rows * width);
  }
  if (valid !== null) {
    const start = column.values === null ? 0 : from / 8;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, valid.buffer as ArrayBuffer, valid.byteOffset + start, Math.ceil(rows / 64) * 8);
  }
}

/**
 * The fast way in: whole columns are copied into a data chunk, no value object for each cell. It uses the bindings below the public API of
 * `@duckdb/node-api`, which is why both packages are pinned to one version and this is the only file that does.
 */
export function createChunkWriter(appender: DuckDBAppender, types: readonly DuckDBType[]): ChunkWriter {
  const chunk = DuckDBDataChunk.create(types);
  const raw = (appender as unknown as { readonly appender: duckdb.Appender }).appender;
  return {
    append(columns, rows) {
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const count = Math.min(CHUNK_ROWS, rows - from);
        chunk.reset();
        duckdb.data_chunk_set_size(chunk.chunk, count);
        columns.forEach((column, index) => copyColumn(duckdb.data_chunk_get_vector(chunk.chunk, index), column, { from, rows: count }));
        duckdb.append_data_chunk(raw, chunk.chunk);
      }
    },
    flush: () => appender.flushSync(),
    close: () => appender.closeSync(),
  };
}
