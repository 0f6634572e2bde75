import { DuckDBTypeId, type DuckDBDataChunk, type DuckDBResult, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import type { Frame, FrameField, Unit } from '../contract/metrics.ts';

type Cell = number | string | boolean | null;

const T = DuckDBTypeId;
const NUMBERS = new Set<DuckDBTypeId>([
  T.TINYINT,
  T.SMALLINT,
  T.INTEGER,
  T.BIGINT,
  T.UTINYINT,
  T.USMALLINT,
  T.UINTEGER,
  T.UBIGINT,
  T.HUGEINT,
  T.UHUGEINT,
  T.FLOAT,
  T.DOUBLE,
  T.DECIMAL,
]);
const DAY_MS = 86_400_000;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function instantOf(value: DuckDBValue): number | null {
  if (typeof value !== 'object' || value === null) return null;
  if ('micros' in value) return Number(value.micros) / 1000;
  if ('days' in value && typeof value.days === 'number') return value.days * DAY_MS;
  if ('seconds' in value) return Number(value.seconds) * 1000;
  if ('millis' in value) return Number(value.millis);
  if ('nanos' in value) return Number(value.nanos) / 1_000_000;
  return null;
}

const TIMES = new Set<DuckDBTypeId>([T.TIMESTAMP, T.TIMESTAMP_S, T.TIMESTAMP_MS, T.TIMESTAMP_NS, T.TIMESTAMP_TZ, T.DATE]);

function fieldType(type: DuckDBType): FrameField['type'] {
  if (NUMBERS.has(type.typeId)) return 'number';
  if (TIMES.has(type.typeId)) return 'time';
  return type.typeId === T.BOOLEAN ? 'boolean' : 'string';
}

function cellOf(value: DuckDBValue, type: FrameField['type']): Cell {
  if (value === null) return null;
  if (type === 'boolean') return value as boolean;
  if (type === 'time') return instantOf(value);
  if (type === 'string') return String(value);
  if (typeof value === 'object' && 'toDouble' in value) return finite(value.toDouble());
  return finite(Number(value));
}

export interface FrameOptions {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Fields that hold epoch milliseconds, and units by field. */
  readonly times?: readonly string[];
  readonly units?: Readonly<Record<string, Unit>>;
  /** Throws when the reading is over. */
  check(): void;
}

interface Reading {
  readonly columns: Cell[][];
  readonly types: readonly FrameField['type'][];
  rows: number;
  bytes: number;
}

/** Takes rows of a chunk, one after the other since a single cell may be large; false when a limit was reached before its end. */
function takeChunk(reading: Reading, chunk: DuckDBDataChunk, limits: FrameOptions): boolean {
  const { columns, types } = reading;
  const vectors = columns.map((_, index) => chunk.getColumnVector(index));
  for (let row = 0; row < chunk.rowCount; row++) {
    if (reading.rows >= limits.rowsMax || reading.bytes > limits.bytesMax) return false;
    for (const [index, vector] of vectors.entries()) {
      const cell = cellOf(vector.getItem(row), types[index]!);
      reading.bytes += typeof cell === 'string' ? cell.length : 8;
      columns[index]!.push(cell);
    }
    reading.rows++;
  }
  return true;
}

/** Reads a streamed result into columns, as far as the limits go. BIGINT becomes a number: exact to 2^53. */
export async function readFrame(result: DuckDBResult, options: FrameOptions): Promise<Frame> {
  const names = result.deduplicatedColumnNames();
  const types = names.map((name, index) => (options.times?.includes(name) ? 'number' : fieldType(result.columnType(index))));
  const reading: Reading = { columns: names.map(() => []), types, rows: 0, bytes: 0 };
  let truncated = false;
  while (!truncated) {
    const chunk = await result.fetchChunk();
    options.check();
    if (chunk === null || chunk.rowCount === 0) break;
    truncated = !takeChunk(reading, chunk, options);
  }
  const fields = names.map((name, index): FrameField => {
    const unit = options.units?.[name];
    const type = options.times?.includes(name) ? 'time' : types[index]!;
    return { name, type, ...(unit && { unit }), values: reading.columns[index]! };
  });
  return { fields, truncated };
}
