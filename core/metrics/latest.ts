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

/** A row of a batch by columns, made when somebody asks for it. */
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

/** The newest batch by columns with the very same names: most batches have those of the one before, so that one is exchanged for the other and no row is touched. */
interface Layer {
  readonly shape: TableShape;
  readonly rows: ReadonlyMap<string, readonly number[]>;
  batch: ColumnBatch;
}

/** Senders of a table that are remembered as such; the rows of older ones are kept row by row. */
const LAYERS_MAX = 4;

interface Newest {
  readonly rows: Map<string, Map<string, Entry>>;
  layers: Layer[];
}

function layerOf(shape: TableShape, batch: ColumnBatch): Layer {
  const rows = new Map<string, number[]>();
  for (const [index, entity] of batch.entities.entries()) {
    const of = rows.get(entity);
    if (of) of.push(index);
    else rows.set(entity, [index]);
  }
  return { shape, rows, batch };
}

const entryOf = ({ shape, batch }: Layer, index: number): Entry => ({ at: batch.at, row: new ColumnRow(batch, index), shape });

function putEntry(devices: Map<string, Entry>, entry: Entry): void {
  const device = entry.row.device ?? '';
  const old = devices.get(device);
  if (old === undefined || old.at <= entry.at) devices.set(device, entry);
}

function putRow({ rows }: Newest, entry: Entry): void {
  const devices = rows.get(entry.row.entity) ?? new Map<string, Entry>();
  rows.set(entry.row.entity, devices);
  putEntry(devices, entry);
}

function putBatch(newest: Newest, shape: TableShape, batch: ColumnBatch): void {
  const { layers } = newest;
  const same = layers.find(
    (layer) => layer.shape === shape && layer.batch.entities === batch.entities && layer.batch.devices === batch.devices,
  );
  if (same !== undefined) {
    if (batch.at >= same.batch.at) same.batch = batch;
    return;
  }
  newest.layers = [...layers, layerOf(shape, batch)].slice(-LAYERS_MAX);
  const oldest = layers.length === LAYERS_MAX ? layers[0] : undefined;
  if (oldest !== undefined) for (let index = 0; index < oldest.batch.entities.length; index++) putRow(newest, entryOf(oldest, index));
}

function* entriesOf({ rows, layers }: Newest, entities: readonly string[] | undefined): Iterable<Entry> {
  for (const entity of entities ?? new Set([...rows.keys(), ...layers.flatMap((layer) => [...layer.rows.keys()])])) {
    const devices = new Map(rows.get(entity));
    for (const layer of layers) for (const index of layer.rows.get(entity) ?? []) putEntry(devices, entryOf(layer, index));
    yield* devices.values();
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
  const tables = new Map<string, Newest>();
  const newestOf = (table: string): Newest => {
    const newest = tables.get(table) ?? { rows: new Map(), layers: [] };
    tables.set(table, newest);
    return newest;
  };
  return {
    put(shape, batch) {
      const newest = newestOf(shape.table);
      for (const row of batch.rows) putRow(newest, { at: batch.at, row, shape });
    },
    putColumns: (shape, batch) => putBatch(newestOf(shape.table), shape, batch),
    fill(samples) {
      for (const { table, at, ...row } of samples) putRow(newestOf(table), { at, row });
    },
    get: (table, entities) =>
      [...entriesOf(newestOf(table), entities)].map((entry) => ({
        table,
        entity: entry.row.entity,
        ...(entry.row.device !== undefined && { device: entry.row.device }),
        at: entry.at,
        values: shownValues(entry),
      })),
  };
}
