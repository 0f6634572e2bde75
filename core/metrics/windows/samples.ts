import { eachRun, integersOf, numbersOf } from '../chunk-reader.ts';
import { seriesOf, type Targets } from './series.ts';
import { eachChunk, LISTED_MAX, NAN, timestamp, type SampleSource } from './source.ts';
import { readSegments, type Wanted } from './sealed-segments.ts';
import { SeriesBuffer } from './series-buffer.ts';
import { ident } from '../sql-text.ts';
import { baseOf, hotKey, sealedRows, seriesKey, type SealedFile } from '../views.ts';

/** Fetches the samples of many series at once, without a row object for each: sealed files are sorted by series, hot rows have numbers for names. */

type Buffers = Map<string, SeriesBuffer>;

function bufferOf(buffers: Buffers, series: string): SeriesBuffer {
  const buffer = buffers.get(series) ?? new SeriesBuffer();
  buffers.set(series, buffer);
  return buffer;
}

/** What is wanted of files: a gauge's values, or a counter's growth and where it began again. Remembered files are read as a whole. */
function wantedOf({ column, after, upTo, isLarge: { sealed: isLarge } }: SampleSource, files: readonly SealedFile[]): Wanted {
  const name = ident(column.name);
  const base = ident(baseOf(column.name));
  const isCounter = column.kind === 'counter';
  // Growth adds up from the first row of a file, so a counter is read from there.
  const range = isLarge ? ` AND ts <= ${timestamp(upTo)}${isCounter ? '' : ` AND ts > ${timestamp(after)}`}` : '';
  return {
    key: isLarge ? null : column.name,
    files,
    cells: ['epoch_ms(ts)::DOUBLE', ...(isCounter ? [name, base] : [name]).map((cell) => `coalesce(${cell}::DOUBLE, ${NAN})`)],
    condition: `${isCounter ? `coalesce(${name}, ${base})` : name} IS NOT NULL${range}`,
  };
}

/** Files that can be read as they are, day after day; a counter of the first format is brought back by SQL. */
async function readSealed(source: SampleSource, targets: Targets, buffers: Buffers): Promise<void> {
  const { shape, column } = source;
  const isCounter = column.kind === 'counter';
  const files = source.files.filter((file) => file.columns.includes(column.name));
  const plain = files.filter((file) => !isCounter || file.columns.includes(baseOf(column.name)));
  if (plain.length > 0)
    for (const [series, segments] of await readSegments(source, wantedOf(source, plain), targets)) {
      const buffer = bufferOf(buffers, series);
      for (const segment of segments) {
        const [at, values, base] = segment.columns;
        if (base === undefined) buffer.shareAll(at!, values!, segment);
        else buffer.pushGrowth({ at: at!, growth: values!, base }, segment);
      }
    }
  const older = files.filter((file) => !plain.includes(file));
  if (older.length > 0) await readByRows(source, sealedRows(shape, [column], older).join(' UNION ALL '), { targets, buffers });
}

async function readByRows(source: SampleSource, rows: string, { targets, buffers }: { targets: Targets; buffers: Buffers }): Promise<void> {
  const { shape, column, after, upTo } = source;
  const wanted = targets === null ? null : new Set(targets);
  const first = shape.hasDevice ? 2 : 1;
  const sql = `SELECT ${seriesKey(shape)}, epoch_ms(ts)::DOUBLE, coalesce(${ident(column.name)}::DOUBLE, ${NAN}) FROM (${rows}) rows
    WHERE ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} ORDER BY ${seriesKey(shape)}, ts`;
  await eachChunk(source, { sql, isLarge: source.isLarge.hot }, (chunk) => {
    const [at, values] = [numbersOf(chunk, first), numbersOf(chunk, first + 1)];
    eachRun(chunk, shape.hasDevice ? [0, 1] : [0], (names, range) => {
      if (wanted === null || wanted.has(names[0]!)) bufferOf(buffers, seriesOf(names)).pushAll(at, values, range);
    });
  });
}

export const reachesHot = ({ hot, after, upTo }: Pick<SampleSource, 'hot' | 'after' | 'upTo'>): boolean =>
  hot !== undefined && hot.to > after && hot.from <= upTo;

/** Numbers of the targets, and SQL of the hot rows of some of them: all where they are too many to be listed. Null: none of them has ever been written. */
export function hotSource(source: SampleSource, targets: Targets): { wanted: ReadonlySet<number> | null; from: string } | null {
  const { store, shape, column, after, upTo } = source;
  const ids = targets?.map((name) => store.entities.find(name)).filter((id) => id !== undefined) ?? null;
  if (ids?.length === 0) return null;
  const listed = ids !== null && ids.length <= LISTED_MAX ? ` AND entity_id IN (${ids.join(', ')})` : '';
  const range = `ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)}`;
  return {
    wanted: ids && new Set(ids),
    from: `FROM hot.${ident(shape.name)} WHERE ${range} AND ${ident(column.name)} IS NOT NULL${listed}`,
  };
}

/** Hot rows come in the order of time, all series mixed. */
async function readHot(source: SampleSource, targets: Targets, buffers: Buffers): Promise<void> {
  const { store, shape, column } = source;
  const rows = hotSource(source, targets);
  if (rows === null) return;
  const { wanted, from } = rows;
  const sql = `SELECT ${hotKey(shape)}, epoch_ms(ts)::DOUBLE, ${ident(column.name)}::DOUBLE ${from}`;
  const byId = new Map<number, SeriesBuffer | null>();
  const first = shape.hasDevice ? 2 : 1;
  const resolve = (entity: number, device: number | null): SeriesBuffer | null => {
    if (wanted !== null && !wanted.has(entity)) return null;
    const names = [store.entities.nameOf(entity), ...(device === null ? [] : [store.devices.nameOf(device)])];
    return bufferOf(buffers, seriesOf(names));
  };
  await eachChunk(source, { sql, isLarge: source.isLarge.hot }, (chunk) => {
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
  if (reachesHot(source)) await readHot(source, targets, buffers);
  return buffers;
}
