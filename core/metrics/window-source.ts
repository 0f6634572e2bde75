import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { eachRun, integersOf, numbersOf } from './chunk-reader.ts';
import type { Column, TableShape } from './schema.ts';
import { SeriesBuffer } from './series-buffer.ts';
import { ident, literal } from './sql-text.ts';
import type { HotRange, Store } from './store.ts';
import { baseOf, parquetOf, sealedRows, seriesKey, type SealedFile } from './views.ts';

/** Fetches the samples of many series at once, without a row object for each: sealed files are sorted by series, hot rows have numbers for names. */

export interface SampleSource {
  readonly store: Store;
  readonly connection: DuckDBConnection;
  readonly shape: TableShape;
  readonly column: Column;
  readonly files: readonly SealedFile[];
  /** As it was before the transaction began. */
  readonly hot: HotRange | undefined;
  /** Epoch milliseconds: samples after `after` and up to `upTo`. */
  readonly after: number;
  readonly upTo: number;
  /** Whether the answer is too large to be held as a whole. */
  readonly isLarge: boolean;
  /** Throws when the reading is over; told how many rows came. */
  check(rows: number): void;
}

/** Things in the order of sealed files; `null`: all. */
export type Targets = readonly string[] | null;

/** Above it a list of names costs more than it spares. */
export const LISTED_MAX = 200;
const NAN = `'NaN'::DOUBLE`;

export const seriesOf = (names: readonly string[]): string => names.join('\u0000');
export const namesOf = (series: string): string[] => series.split('\u0000');

type Buffers = Map<string, SeriesBuffer>;

function bufferOf(buffers: Buffers, names: readonly string[]): SeriesBuffer {
  const series = seriesOf(names);
  const buffer = buffers.get(series) ?? new SeriesBuffer();
  buffers.set(series, buffer);
  return buffer;
}

type Chunk = DuckDBDataChunk;

/** All chunks of an answer. A small one is fetched as a whole: each chunk of a stream is a way to another thread and back. */
export async function eachChunk(source: SampleSource, sql: string, visit: (chunk: Chunk) => void): Promise<void> {
  if (source.isLarge) return eachStreamed(source, sql, visit);
  const result = await source.connection.run(sql);
  for (let index = 0; index < result.chunkCount; index++) {
    const chunk = result.getChunk(index);
    source.check(chunk.rowCount);
    if (chunk.rowCount > 0) visit(chunk);
  }
}

async function eachStreamed(source: SampleSource, sql: string, visit: (chunk: Chunk) => void): Promise<void> {
  const result = await source.connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    source.check(chunk?.rowCount ?? 0);
    if (chunk === null || chunk.rowCount === 0) return;
    visit(chunk);
  }
}

export const timestamp = (at: number): string => `make_timestamp(${Math.round(at)}000)`;

/** Names between the first and the last target; with few of them, only these: the files say by row group which names they hold. */
export function sealedTargets(targets: Targets): string {
  if (targets === null) return '';
  const list = targets.length <= LISTED_MAX ? ` AND entity IN (${targets.map(literal).join(', ')})` : '';
  return ` AND entity BETWEEN ${literal(targets[0]!)} AND ${literal(targets.at(-1)!)}${list}`;
}

function sealedSql({ shape, column, after, upTo }: SampleSource, files: readonly SealedFile[], targets: Targets): string {
  const name = ident(column.name);
  // Growth adds up from the first row of a file, so a counter is read from there.
  const isCounter = column.kind === 'counter';
  const cells = isCounter
    ? `coalesce(${name}::DOUBLE, ${NAN}), coalesce(${ident(baseOf(column.name))}::DOUBLE, ${NAN})`
    : `coalesce(${name}::DOUBLE, ${NAN})`;
  const from = isCounter ? '' : ` AND ts > ${timestamp(after)}`;
  return `SELECT ${seriesKey(shape)}, epoch_ms(ts)::DOUBLE, ${cells}, file_index::INTEGER FROM ${parquetOf(files)}
    WHERE ts <= ${timestamp(upTo)}${from}${sealedTargets(targets)}`;
}

/** Files that can be read as they are, day after day; a counter of the first format is brought back by SQL. */
async function readSealed(source: SampleSource, targets: Targets, buffers: Buffers): Promise<void> {
  const { shape, column } = source;
  const isCounter = column.kind === 'counter';
  const wanted = targets === null ? null : new Set(targets);
  const files = source.files.filter((file) => file.columns.includes(column.name));
  const plain = files.filter((file) => !isCounter || file.columns.includes(baseOf(column.name)));
  const keys = shape.hasDevice ? [0, 1] : [0];
  const first = keys.length;
  if (plain.length > 0)
    await eachChunk(source, sealedSql(source, plain, targets), (chunk) => {
      const at = numbersOf(chunk, first);
      const values = numbersOf(chunk, first + 1);
      const base = isCounter ? numbersOf(chunk, first + 2) : null;
      // A chunk may hold rows of two files, and is sorted only within each.
      eachRun(chunk, [...keys, chunk.columnCount - 1], (found, range) => {
        const names = found.slice(0, first);
        if (wanted !== null && !wanted.has(names[0]!)) return;
        const buffer = bufferOf(buffers, names);
        if (base === null) buffer.pushAll(at, values, range);
        else buffer.pushGrowth({ at, growth: values, base }, range);
      });
    });
  const older = files.filter((file) => !plain.includes(file));
  if (older.length > 0) await readByRows(source, sealedRows(shape, [column], older).join(' UNION ALL '), { targets, buffers });
}

async function readByRows(source: SampleSource, rows: string, { targets, buffers }: { targets: Targets; buffers: Buffers }): Promise<void> {
  const { shape, column, after, upTo } = source;
  const wanted = targets === null ? null : new Set(targets);
  const first = shape.hasDevice ? 2 : 1;
  const sql = `SELECT ${seriesKey(shape)}, epoch_ms(ts)::DOUBLE, coalesce(${ident(column.name)}::DOUBLE, ${NAN}) FROM (${rows}) rows
    WHERE ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} ORDER BY ${seriesKey(shape)}, ts`;
  await eachChunk(source, sql, (chunk) => {
    const [at, values] = [numbersOf(chunk, first), numbersOf(chunk, first + 1)];
    eachRun(chunk, shape.hasDevice ? [0, 1] : [0], (names, range) => {
      if (wanted === null || wanted.has(names[0]!)) bufferOf(buffers, names).pushAll(at, values, range);
    });
  });
}

/** Hot rows come in the order of time, all series mixed. */
async function readHot(source: SampleSource, targets: Targets, buffers: Buffers): Promise<void> {
  const { store, shape, column, after, upTo } = source;
  const ids = targets?.map((name) => store.entities.find(name)).filter((id) => id !== undefined) ?? null;
  if (ids?.length === 0) return;
  const listed = ids !== null && ids.length <= LISTED_MAX ? ` AND entity_id IN (${ids.join(', ')})` : '';
  const device = shape.hasDevice ? ', device_id' : '';
  const sql = `SELECT entity_id${device}, epoch_ms(ts)::DOUBLE, ${ident(column.name)}::DOUBLE FROM hot.${ident(shape.name)}
    WHERE ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} AND ${ident(column.name)} IS NOT NULL${listed}`;
  const wanted = ids === null ? null : new Set(ids);
  const byId = new Map<number, SeriesBuffer | null>();
  const first = shape.hasDevice ? 2 : 1;
  const resolve = (entity: number, device: number | null): SeriesBuffer | null => {
    if (wanted !== null && !wanted.has(entity)) return null;
    const names = [store.entities.nameOf(entity), ...(device === null ? [] : [store.devices.nameOf(device)])];
    return bufferOf(buffers, names);
  };
  await eachChunk(source, sql, (chunk) => {
    const entities = integersOf(chunk, 0);
    const devices = shape.hasDevice ? integersOf(chunk, 1) : null;
    const [at, values] = [numbersOf(chunk, first), numbersOf(chunk, first + 1)];
    for (let row = 0; row < chunk.rowCount; row++) {
      const id = devices === null ? entities[row]! : entities[row]! * 2_097_152 + devices[row]!;
      let buffer = byId.get(id);
      if (buffer === undefined) byId.set(id, (buffer = resolve(entities[row]!, devices === null ? null : devices[row]!)));
      buffer?.push(at[row]!, values[row]!);
    }
  });
}

/** The samples of some things by series: `entity`, or entity and device. A counter may have samples from before the range, a gauge has none. */
export async function readSamples(source: SampleSource, targets: Targets): Promise<ReadonlyMap<string, SeriesBuffer>> {
  const buffers: Buffers = new Map();
  if (targets?.length === 0) return buffers;
  if (source.files.length > 0) await readSealed(source, targets, buffers);
  if (source.hot !== undefined && source.hot.to > source.after && source.hot.from <= source.upTo) await readHot(source, targets, buffers);
  return buffers;
}
