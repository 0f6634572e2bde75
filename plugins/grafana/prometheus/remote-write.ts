import { HubError, type ColumnBatch } from 'novacron/plugin';
import { createLayouts, type SampleAt } from './message-layout.ts';
import type { NamedMetric } from './names.ts';
import { Reader } from './protobuf.ts';

/** Reads Prometheus' remote write 1.0 (protobuf `WriteRequest`) into columns. Metadata, exemplars and histograms in a message are passed over. */

/** Where the samples of a series go; one object for a series, found by the bytes of its labels. */
interface SeriesPlace {
  readonly labels: Uint8Array;
  readonly view: DataView;
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
const SAMPLES_MAX = 2 ** 21;

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

/** Whether the bytes of a series' labels stand at a place of a message: four at a time, since all of every message are looked at. */
function standsAt({ labels, view }: SeriesPlace, message: Reader, { from, to }: Range): boolean {
  const length = labels.length;
  if (length !== to - from) return false;
  let k = length;
  // The end differs more often than the beginning, which is the metric's name.
  for (; k >= 4; k -= 4) if (view.getUint32(k - 4) !== message.view.getUint32(from + k - 4)) return false;
  while (--k >= 0) if (labels[k] !== message.bytes[from + k]) return false;
  return true;
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 2_166_136_261;
  for (let k = from; k < to; k++) hash = Math.imul(hash ^ bytes[k]!, 16_777_619);
  return hash;
}

/** Series by the bytes of their labels. */
class Places {
  readonly #byHash = new Map<number, SeriesPlace[]>();
  readonly #rows = new Map<string, RowPlace>();
  #count = 0;

  find(message: Reader, range: Range): SeriesPlace | null {
    return this.#byHash.get(hashOf(message.bytes, range.from, range.to))?.find((place) => standsAt(place, message, range)) ?? null;
  }

  /** The series whose labels stand in the message after those of another. */
  after(before: SeriesPlace | null, message: Reader, range: Range): SeriesPlace | null {
    const guess = before?.next ?? null;
    if (guess !== null && standsAt(guess, message, range)) return guess;
    const found = this.find(message, range);
    if (before !== null && found !== null) before.next = found;
    return found;
  }

  async add(message: Uint8Array, range: Range, resolve: Resolve): Promise<void> {
    const labels = Uint8Array.from(message.subarray(range.from, range.to));
    const { metric, entity, device } = await resolve(labelsIn(labels));
    if (this.find(new Reader(message), range)) return;
    if (this.#count >= SERIES_MAX) this.#clear();
    const key = JSON.stringify([metric.table, entity, device]);
    const row = this.#rows.get(key) ?? { table: metric.table, entity, device, message: 0, index: 0 };
    this.#rows.set(key, row);
    const hash = hashOf(labels, 0, labels.length);
    const place = { labels, view: new DataView(labels.buffer), metric, row, next: null };
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), place]);
    this.#count++;
  }

  #clear(): void {
    this.#byHash.clear();
    this.#rows.clear();
    this.#count = 0;
  }
}

/** What a message holds, before it is columns: sample by sample, and the series that are not known yet. One object for all messages: it has grown to their size. */
class Samples {
  readonly places: SeriesPlace[] = [];
  readonly unknown: Range[] = [];
  /** Where the samples stand in the message; only when all are written as usual, value before instant. */
  readonly valueAt: number[] = [];
  readonly endAt: number[] = [];
  isUsual = true;
  at = new Float64Array(1024);
  values = new Float64Array(1024);

  clear(): void {
    this.places.length = 0;
    this.unknown.length = 0;
    this.valueAt.length = 0;
    this.endAt.length = 0;
    this.isUsual = true;
  }

  add(place: SeriesPlace, at: number, value: number): void {
    const index = this.places.push(place) - 1;
    if (index === this.at.length) this.#grow();
    this.at[index] = at;
    this.values[index] = value;
  }

  #grow(): void {
    if (this.at.length >= SAMPLES_MAX)
      throw new HubError('prometheus_write_invalid', `A message may have ${SAMPLES_MAX} samples. Send smaller ones.`, { status: 400 });
    const [at, values] = [this.at, this.values];
    this.at = new Float64Array(at.length * 2);
    this.values = new Float64Array(at.length * 2);
    this.at.set(at);
    this.values.set(values);
  }
}

function readSample(reader: Reader, place: SeriesPlace, into: Samples): void {
  const end = reader.end(reader.bytes.length);
  const first = reader.at;
  into.isUsual &&= reader.bytes[first] === 9 && reader.bytes[first + 9] === 16 && reader.bytes[end - 1]! < 128;
  into.valueAt.push(first + 1);
  into.endAt.push(end);
  let value = 0;
  let at = 0;
  while (reader.at < end) {
    const tag = reader.bytes[reader.at++]!;
    if (tag === 9) value = reader.double(end);
    else if (tag === 16) at = reader.varint();
    else reader.skip(tag, end);
  }
  into.add(place, at, value);
}

/** Where the labels of a series end, which stand first. */
function labelsEnd(reader: Reader, end: number): number {
  while (reader.at < end && reader.bytes[reader.at] === 10) {
    reader.at++;
    reader.at = reader.end(end);
  }
  return reader.at;
}

function readMessage(message: Uint8Array, places: Places, into: Samples): void {
  into.clear();
  const reader = new Reader(message);
  let before: SeriesPlace | null = null;
  while (reader.at < message.length) {
    const tag = reader.varint();
    if (tag !== 10) {
      reader.skip(tag, message.length);
      continue;
    }
    const end = reader.end(message.length);
    const labels = { from: reader.at, to: labelsEnd(reader, end) };
    const place = places.after(before, reader, labels);
    if (place === null) {
      into.unknown.push(labels);
      reader.at = end;
      continue;
    }
    before = place;
    while (reader.at < end) {
      const field = reader.varint();
      if (field === 18) readSample(reader, place, into);
      else reader.skip(field, end);
    }
  }
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
  let column: Float64Array | undefined;
  let name = '';
  for (let index = 0; index < places.length; index++) {
    const { metric, row } = places[index]!;
    if (table?.table !== row.table || when !== at[index]) {
      table = tables.get(row.table)!;
      when = at[index]!;
      instant = table.instants.get(when) ?? new Map<string, Float64Array>();
      table.instants.set(when, instant);
      name = '';
    }
    if (name !== metric.column) {
      name = metric.column;
      column = instant!.get(name);
      if (column === undefined) instant!.set(name, (column = new Float64Array(table.rows.length).fill(Number.NaN)));
    }
    column![row.index] = values[index]!;
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

/** The cell of each sample, when every cell of the batches has exactly one. */
function cellsOf({ places, at, valueAt, endAt }: Samples, batches: readonly ColumnBatch[]): SampleAt[] | null {
  const starts = new Map<string, { batch: number; rows: number; columns: Map<string, number> }>();
  let total = 0;
  for (const [batch, { table, at: instant, entities, columns }] of batches.entries()) {
    const offsets = Object.keys(columns).map((name, k): [string, number] => [name, total + k * entities.length]);
    starts.set(`${table} ${instant}`, { batch, rows: entities.length, columns: new Map(offsets) });
    total += offsets.length * entities.length;
  }
  if (total !== places.length) return null;
  const isTaken = new Uint8Array(total);
  const samples: SampleAt[] = [];
  for (const [index, { metric, row }] of places.entries()) {
    const start = starts.get(`${row.table} ${at[index]}`);
    const cell = (start?.columns.get(metric.column) ?? Number.NaN) + row.index;
    if (start === undefined || !(row.index < start.rows) || isTaken[cell] !== 0) return null;
    isTaken[cell] = 1;
    samples.push({ valueAt: valueAt[index]!, endAt: endAt[index]!, batch: start.batch, cell });
  }
  return samples;
}

export function createRemoteReader(): RemoteReader {
  const places = new Places();
  const namesOf = createNames();
  const samples = new Samples();
  const layouts = createLayouts();
  let messages = 0;
  const take = async (message: Uint8Array, resolve: Resolve): Promise<void> => {
    readMessage(message, places, samples);
    if (samples.unknown.length > 0) {
      // Others may be read while this one waits for names, so it is read from the start again.
      const unknown = samples.unknown.slice();
      for (const range of unknown) await places.add(message, range, resolve);
      readMessage(message, places, samples);
    }
    if (samples.unknown.length > 0)
      throw new HubError('prometheus_write_invalid', `A message may have ${SERIES_MAX} series. Send smaller ones.`, { status: 400 });
  };
  return {
    async read(message, resolve) {
      const matched = layouts.match(message);
      if (matched !== null) return matched;
      await take(message, resolve);
      const tables = arrange(samples, ++messages);
      fill(tables, samples);
      const batches = batchesOf(tables.values(), namesOf);
      const cells = samples.isUsual ? cellsOf(samples, batches) : null;
      if (cells !== null) layouts.keep(message, { batches, samples: cells });
      return batches;
    },
  };
}
