import type { ColumnBatch, LatestSample, NewestColumn, SampleBatch, SampleRow } from '../contract/metrics.ts';
import type { Column, TableShape } from './schema.ts';

/** The newest row of every entity and device, in memory: the answer to "now" is no query. */
export interface Latest {
  /** After the batch is durable. Rows are kept as they came, so they must not be changed afterwards. */
  put(shape: TableShape, batch: SampleBatch): void;
  putColumns(shape: TableShape, batch: ColumnBatch): void;
  /** From the database, after a restart or an import. */
  fill(samples: readonly LatestSample[]): void;
  get(table: string, entities?: readonly string[]): LatestSample[];
  /** One column of all rows; no row is touched where each thing has one sender. */
  column(shape: TableShape, column: Column): NewestColumn[];
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
  /** Whether no row hides another: each is the newest of its thing. Undefined: not known yet. */
  isApart: boolean | undefined;
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

function putRow(newest: Newest, entry: Entry): void {
  const { rows } = newest;
  const known = rows.get(entry.row.entity);
  if (known === undefined) newest.isApart = undefined;
  const devices = known ?? new Map<string, Entry>();
  rows.set(entry.row.entity, devices);
  putEntry(devices, entry);
}

/** Rows that a new layer has newer ones of are gone for good. */
function dropOlder(rows: Newest['rows'], { rows: indexes, batch }: Layer): void {
  for (const [entity, own] of indexes) {
    const devices = rows.get(entity);
    for (const index of devices === undefined ? [] : own) {
      const device = batch.devices?.[index] ?? '';
      if ((devices?.get(device)?.at ?? Infinity) <= batch.at) devices?.delete(device);
    }
    if (devices?.size === 0) rows.delete(entity);
  }
}

/** Whether a layer has a newer row, or one of the same instant, of all that an older one has. */
function covers(newer: Layer, older: Layer): boolean {
  if (newer.shape !== older.shape || newer.batch.at < older.batch.at) return false;
  const deviceOf = ({ batch }: Layer, index: number): string => batch.devices?.[index] ?? '';
  for (const [entity, own] of older.rows) {
    const others = newer.rows.get(entity)?.map((index) => deviceOf(newer, index)) ?? [];
    if (!own.every((index) => others.includes(deviceOf(older, index)))) return false;
  }
  return true;
}

const isRepeated = (own: readonly number[], { devices }: ColumnBatch): boolean =>
  own.length > 1 && new Set(own.map((index) => devices?.[index])).size < own.length;

function isApart({ rows, layers }: Newest): boolean {
  const seen = new Set(rows.keys());
  for (const layer of layers)
    for (const [entity, own] of layer.rows) {
      if (seen.has(entity) || isRepeated(own, layer.batch)) return false;
      seen.add(entity);
    }
  return true;
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
  const layer = layerOf(shape, batch);
  dropOlder(newest.rows, layer);
  newest.isApart = undefined;
  // A sender that begins anew has another list of the same names.
  const left = layers.filter((older) => !covers(layer, older));
  newest.layers = [...left, layer].slice(-LAYERS_MAX);
  const oldest = left.length === LAYERS_MAX ? left[0] : undefined;
  if (oldest !== undefined) for (let index = 0; index < oldest.batch.entities.length; index++) putRow(newest, entryOf(oldest, index));
}

function* entriesOf({ rows, layers }: Newest, entities: readonly string[] | undefined): Iterable<Entry> {
  for (const entity of entities ?? new Set([...rows.keys(), ...layers.flatMap((layer) => [...layer.rows.keys()])])) {
    const devices = new Map(rows.get(entity));
    for (const layer of layers) for (const index of layer.rows.get(entity) ?? []) putEntry(devices, entryOf(layer, index));
    yield* devices.values();
  }
}

function shownValue({ row }: Entry, { name, scale }: Column): number | null {
  const value = row instanceof ColumnRow ? row.value(name) : row.values[name];
  const shown = typeof value === 'bigint' ? Number(value) / scale : value;
  return shown != null && Number.isFinite(shown) ? shown : null;
}

function shownValues(entry: Entry): Record<string, number | null> {
  const { row, shape } = entry;
  if (shape === undefined) return row.values as Record<string, number | null>;
  const values: Record<string, number | null> = {};
  for (const column of shape.columns) values[column.name] = shownValue(entry, column);
  return values;
}

/** Of rows that are kept one by one: those of the same instant together. */
function columnsOf(entries: Iterable<Entry>, { shape, column }: { shape: TableShape; column: Column }): NewestColumn[] {
  return [...Map.groupBy(entries, ({ at }) => at)].map(([at, together]) => ({
    at,
    entities: together.map(({ row }) => row.entity),
    ...(shape.hasDevice && { devices: together.map(({ row }) => row.device ?? '') }),
    values: Float64Array.from(together, (entry) => shownValue(entry, column) ?? Number.NaN),
  }));
}

const layerColumn = ({ batch: { at, entities, devices, columns } }: Layer, { name }: Column): NewestColumn => ({
  at,
  entities,
  ...(devices !== undefined && { devices }),
  values: columns[name] ?? new Float64Array(entities.length).fill(Number.NaN),
});

export function createLatest(): Latest {
  const tables = new Map<string, Newest>();
  const newestOf = (table: string): Newest => {
    const newest = tables.get(table) ?? { rows: new Map(), layers: [], isApart: undefined };
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
    column(shape, column) {
      const newest = newestOf(shape.table);
      newest.isApart ??= isApart(newest);
      if (!newest.isApart) return columnsOf(entriesOf(newest, undefined), { shape, column });
      const kept = newest.rows.values().flatMap((devices) => devices.values());
      return [...newest.layers.map((layer) => layerColumn(layer, column)), ...columnsOf(kept, { shape, column })];
    },
  };
}
