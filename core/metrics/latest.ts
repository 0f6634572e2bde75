import type { LatestSample, SampleBatch, SampleRow } from '../contract/metrics.ts';
import type { TableShape } from './schema.ts';

/** The newest row of every entity and device, in memory: the answer to "now" is no query. */
export interface Latest {
  /** After the batch is durable. Rows are kept as they came, so they must not be changed afterwards. */
  put(shape: TableShape, batch: SampleBatch): void;
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

function shownValues({ row, shape }: Entry): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  for (const column of shape?.columns ?? []) {
    const value = row.values[column.name];
    const shown = typeof value === 'bigint' ? Number(value) / column.scale : value;
    values[column.name] = shown != null && Number.isFinite(shown) ? shown : null;
  }
  return shape ? values : (row.values as Record<string, number | null>);
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
