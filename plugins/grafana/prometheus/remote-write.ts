import { HubError, type ColumnBatch } from 'novacron/plugin';
import type { NamedMetric } from './names.ts';
import { malformed, Reader } from './protobuf.ts';

/** Reads Prometheus' remote write 1.0 (protobuf `WriteRequest`) into columns. Metadata, exemplars and histograms in a message are passed over. */

/** Where the samples of a series go; one object for a series, found by the bytes of its labels. */
interface SeriesPlace {
  readonly labels: Uint8Array;
  readonly metric: NamedMetric;
  readonly row: RowPlace;
  /** The series that followed the last time: senders keep an order, so that one is tried first. */
  next: SeriesPlace | null;
}

/** A thing (and device) of a table: its row in the message that is being read. */
interface RowPlace {
  readonly table: string;
  readonly entity: string;
  readonly device: string | undefined;
  message: number;
  index: number;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

export interface RemoteReader {
  /** The samples of a message, one batch a table and instant. `resolve` gives the id of a thing by label values; it is asked once a series. */
  read(message: Uint8Array, resolve: Resolve): Promise<ColumnBatch[]>;
}

/** Resolves with the metric and the id of the thing that labels mean. Errors: what makes the whole message refused. */
export type Resolve = (labels: Readonly<Record<string, string>>) => Promise<{ metric: NamedMetric; entity: string; device?: string }>;

const SERIES_MAX = 1_000_000;
const SAMPLES_MAX = 2_000_000;

const text = new TextDecoder('utf-8', { fatal: true });

/** The labels between two places of a series, as strings. */
function labelsIn(bytes: Uint8Array): Record<string, string> {
  const reader = new Reader(bytes);
  const labels: Record<string, string> = {};
  while (reader.at < bytes.length) {
    reader.varint();
    const end = reader.end(bytes.length);
    const pair = ['', ''];
    while (reader.at < end) {
      const tag = reader.varint();
      const to = reader.end(end);
      pair[tag === 10 ? 0 : 1] = text.decode(bytes.subarray(reader.at, to));
      reader.at = to;
    }
    labels[pair[0]!] = pair[1]!;
  }
  return labels;
}

function isSame(a: Uint8Array, b: Uint8Array, { from, to }: Range): boolean {
  if (a.length !== to - from) return false;
  // The end differs more often than the beginning, which is the metric's name.
  for (let k = a.length - 1; k >= 0; k--) if (a[k] !== b[from + k]) return false;
  return true;
}

function hashOf(bytes: Uint8Array, { from, to }: Range): number {
  let hash = 2_166_136_261;
  for (let k = from; k < to; k++) hash = Math.imul(hash ^ bytes[k]!, 16_777_619);
  return hash;
}

/** Series by the bytes of their labels. */
class Places {
  readonly #byHash = new Map<number, SeriesPlace[]>();
  readonly #rows = new Map<string, RowPlace>();
  #count = 0;

  find(bytes: Uint8Array, range: Range): SeriesPlace | undefined {
    return this.#byHash.get(hashOf(bytes, range))?.find((place) => isSame(place.labels, bytes, range));
  }

  async add(bytes: Uint8Array, range: Range, resolve: Resolve): Promise<void> {
    const labels = bytes.slice(range.from, range.to);
    const { metric, entity, device } = await resolve(labelsIn(labels));
    if (this.find(bytes, range)) return;
    if (this.#count >= SERIES_MAX) this.#clear();
    const key = JSON.stringify([metric.table, entity, device]);
    const row = this.#rows.get(key) ?? { table: metric.table, entity, device, message: 0, index: 0 };
    this.#rows.set(key, row);
    const hash = hashOf(bytes, range);
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), { labels, metric, row, next: null }]);
    this.#count++;
  }

  #clear(): void {
    this.#byHash.clear();
    this.#rows.clear();
    this.#count = 0;
  }
}

/** What a message holds, before it is columns: sample by sample, and the series that are not known yet. */
interface Samples {
  readonly places: SeriesPlace[];
  readonly at: number[];
  readonly values: number[];
  readonly unknown: Range[];
}

function readSample(reader: Reader, end: number, into: Samples): void {
  let value = 0;
  let at = 0;
  while (reader.at < end) {
    const tag = reader.bytes[reader.at++]!;
    if (tag === 9) value = reader.double(end);
    else if (tag === 16) at = reader.varint();
    else reader.skip(tag, end);
  }
  into.at.push(at);
  into.values.push(value);
  if (into.at.length > SAMPLES_MAX)
    throw new HubError('prometheus_write_invalid', `A message may have ${SAMPLES_MAX} samples. Send smaller ones.`, { status: 400 });
}

/** One series: its labels stand first, then its samples. Null when it is not known yet. */
function readSeries(reader: Reader, end: number, from: { before: SeriesPlace | null; places: Places; into: Samples }): SeriesPlace | null {
  const { before, into } = from;
  const { bytes } = reader;
  const first = reader.at;
  while (reader.at < end && bytes[reader.at] === 10) {
    reader.at++;
    reader.at = reader.end(end);
  }
  const range = { from: first, to: reader.at };
  const guess = before?.next ?? null;
  const place = guess !== null && isSame(guess.labels, bytes, range) ? guess : (from.places.find(bytes, range) ?? null);
  if (place === null) {
    into.unknown.push(range);
    reader.at = end;
    return null;
  }
  if (before) before.next = place;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 18) {
      into.places.push(place);
      readSample(reader, reader.end(end), into);
    } else reader.skip(tag, end);
  }
  return place;
}

function readMessage(message: Uint8Array, places: Places): Samples {
  const reader = new Reader(message);
  const into: Samples = { places: [], at: [], values: [], unknown: [] };
  let before: SeriesPlace | null = null;
  while (reader.at < message.length) {
    const tag = reader.varint();
    if (tag === 10) before = readSeries(reader, reader.end(message.length), { before, places, into }) ?? before;
    else reader.skip(tag, message.length);
  }
  return into;
}

/** The rows of a table in a message, and its columns at each instant. */
interface TableRows {
  readonly table: string;
  readonly rows: RowPlace[];
  readonly instants: Map<number, Map<string, Float64Array>>;
}

/** Gives each thing a row, in the order of the message. */
function arrange({ places }: Samples, message: number): Map<string, TableRows> {
  const tables = new Map<string, TableRows>();
  let last: TableRows | undefined;
  for (const { row } of places) {
    if (row.message === message) continue;
    if (last?.table !== row.table) last = tables.get(row.table);
    last ??= { table: row.table, rows: [], instants: new Map() };
    tables.set(row.table, last);
    row.message = message;
    row.index = last.rows.push(row) - 1;
  }
  return tables;
}

function fill(tables: ReadonlyMap<string, TableRows>, { places, at, values }: Samples): void {
  let table: TableRows | undefined;
  let instant: Map<string, Float64Array> | undefined;
  let when = Number.NaN;
  for (const [index, { metric, row }] of places.entries()) {
    if (table?.table !== row.table || when !== at[index]) {
      table = tables.get(row.table)!;
      when = at[index]!;
      instant = table.instants.get(when) ?? new Map<string, Float64Array>();
      table.instants.set(when, instant);
    }
    let column = instant!.get(metric.column);
    if (column === undefined) instant!.set(metric.column, (column = new Float64Array(table.rows.length).fill(Number.NaN)));
    column[row.index] = values[index]!;
  }
}

/** Rows without any value are left out: a message may hold other things at each instant. */
function keepFull(batch: ColumnBatch): ColumnBatch {
  const columns = Object.entries(batch.columns);
  const full = batch.entities.map((_, row) => columns.some(([, values]) => !Number.isNaN(values[row])));
  if (!full.includes(false)) return batch;
  const kept = <T>(list: readonly T[]): T[] => list.filter((_, row) => full[row]);
  return {
    ...batch,
    entities: kept(batch.entities),
    ...(batch.devices && { devices: kept(batch.devices) }),
    columns: Object.fromEntries(columns.map(([name, values]) => [name, values.filter((_, row) => full[row])])),
  };
}

interface Names {
  readonly entities: readonly string[];
  readonly devices: readonly string[];
}

/** The same arrays as for the message before where the rows are the same: the store then sends and looks up no names. */
function createNames(): (table: TableRows) => Names {
  const last = new Map<string, { rows: readonly RowPlace[]; names: Names }>();
  return ({ table, rows }) => {
    const known = last.get(table);
    if (known && known.rows.length === rows.length && rows.every((row, index) => row === known.rows[index])) return known.names;
    const names = { entities: rows.map(({ entity }) => entity), devices: rows.map(({ device }) => device ?? '') };
    last.set(table, { rows, names });
    return names;
  };
}

function batchesOf(tables: Iterable<TableRows>, namesOf: (table: TableRows) => Names): ColumnBatch[] {
  const batches: ColumnBatch[] = [];
  for (const rows of tables) {
    const { entities, devices } = namesOf(rows);
    for (const [at, columns] of [...rows.instants].toSorted(([a], [b]) => a - b)) {
      const named = { table: rows.table, at, entities, ...(rows.table.includes('.') && { devices }) };
      batches.push(keepFull({ ...named, columns: Object.fromEntries(columns) }));
    }
  }
  return batches.filter(({ entities }) => entities.length > 0);
}

export function createRemoteReader(): RemoteReader {
  const places = new Places();
  const namesOf = createNames();
  let messages = 0;
  return {
    async read(message, resolve) {
      let samples = readMessage(message, places);
      if (samples.unknown.length > 0) {
        for (const range of samples.unknown) await places.add(message, range, resolve);
        samples = readMessage(message, places);
      }
      const tables = arrange(samples, ++messages);
      fill(tables, samples);
      return batchesOf(tables.values(), namesOf);
    },
  };
}
