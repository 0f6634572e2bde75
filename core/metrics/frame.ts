import { DuckDBTypeId, type DuckDBResult, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
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

/** Reads a streamed result into columns, as far as the limits go. BIGINT becomes a number: exact to 2^53. */
export async function readFrame(result: DuckDBResult, options: FrameOptions): Promise<Frame> {
  const names = result.deduplicatedColumnNames();
  const types = names.map((name, index) => (options.times?.includes(name) ? 'number' : fieldType(result.columnType(index))));
  const columns: Cell[][] = names.map(() => []);
  let rows = 0;
  let bytes = 0;
  let truncated = false;
  while (!truncated) {
    const chunk = await result.fetchChunk();
    options.check();
    if (chunk === null || chunk.rowCount === 0) break;
    const take = Math.min(chunk.rowCount, options.rowsMax - rows);
    truncated = take < chunk.rowCount;
    for (let index = 0; index < names.length; index++) {
      const column = columns[index]!;
      for (const value of chunk.getColumnValues(index).slice(0, take)) {
        const cell = cellOf(value, types[index]!);
        bytes += typeof cell === 'string' ? cell.length : 8;
        column.push(cell);
      }
    }
    rows += take;
    if (bytes > options.bytesMax) truncated = true;
  }
  const fields = names.map((name, index): FrameField => {
    const unit = options.units?.[name];
    const type = options.times?.includes(name) ? 'time' : types[index]!;
    return { name, type, ...(unit && { unit }), values: columns[index]! };
  });
  return { fields, truncated };
}
