import type { ColumnBatch, LatestSample, SampleBatch, SampleRow } from '../contract/metrics.ts';
import type { TableShape } from './schema.ts';

/** The newest row of every entity and device, in memory: the answer to "now" is no query. */
export interface Latest {
  /** After the batch is durable. Rows are kept as they came, so they must not be changed afterwards. */
  put(shape: TableShape, batch: SampleBatch): void;
  putColumns(shape: TableShape, batch: ColumnBatch): void;
  /** From the database, after a restart or an import. */
  fill(samples: readonly LatestSample[]): void;
  get(table: string, entities?: readonly string[]): LatestSample[];
}

interface Entry {
  readonly at: number;
  readonly row: SampleRow;
  /** Absent for rows that came from the database: their values are as shown already. */
  readonly shape?: TableShape;
}

/** A row of a batch by columns; one object less a row than making them all. */
class ColumnRow implements SampleRow {
  readonly entity: string;
  readonly device?: string;
  readonly #batch: ColumnBatch;
  readonly #index: number;

  constructor(batch: ColumnBatch, index: number) {
    this.entity = batch.entities[index]!;
    if (batch.devices) this.device = batch.devices[index]!;
    this.#batch = batch;
    this.#index = index;
  }

  value(name: string): number | undefined {
    return this.#batch.columns[name]?.[this.#index];
  }

  get values(): SampleRow['values'] {
    return Object.fromEntries(Object.entries(this.#batch.columns).map(([name, values]) => [name, values[this.#index]]));
  }
}

function shownValues({ row, shape }: Entry): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  if (shape === undefined) return row.values as Record<string, number | null>;
  const given = row instanceof ColumnRow ? null : row.values;
  for (const column of shape.columns) {
    const value = given === null ? (row as ColumnRow).value(column.name) : given[column.name];
    const shown = typeof value === 'bigint' ? Number(value) / column.scale : value;
    values[column.name] = shown != null && Number.isFinite(shown) ? shown : null;
  }
  return values;
}

export function createLatest(): Latest {
  const tables = new Map<string, Map<string, Map<string, Entry>>>();

  function putRow(table: string, entry: Entry): void {
    const entities = tables.get(table) ?? new Map<string, Map<string, Entry>>();
    tables.set(table, entities);
    const devices = entities.get(entry.row.entity) ?? new Map<string, Entry>();
    entities.set(entry.row.entity, devices);
    const device = entry.row.device ?? '';
    const old = devices.get(device);
    if (old === undefined || old.at <= entry.at) devices.set(device, entry);
  }
  function* entries(table: string, entities: readonly string[] | undefined): Iterable<Entry> {
    const known = tables.get(table);
    if (known === undefined) return;
    for (const entity of entities ?? known.keys()) yield* known.get(entity)?.values() ?? [];
  }
  return {
    put(shape, batch) {
      for (const row of batch.rows) putRow(shape.table, { at: batch.at, row, shape });
    },
    putColumns(shape, batch) {
      for (let index = 0; index < batch.entities.length; index++)
        putRow(shape.table, { at: batch.at, row: new ColumnRow(batch, index), shape });
    },
    fill(samples) {
      for (const { table, at, ...row } of samples) putRow(table, { at, row });
    },
    get: (table, entities) =>
      [...entries(table, entities)].map((entry) => ({
        table,
        entity: entry.row.entity,
        ...(entry.row.device !== undefined && { device: entry.row.device }),
        at: entry.at,
        values: shownValues(entry),
      })),
  };
}
