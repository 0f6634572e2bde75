import { integersOf } from './chunk-reader.ts';
import { eachChunk, seriesOf, type SampleSource, type Targets } from './sample-source.ts';
import { Columns, type Segment } from './segments.ts';
import { ident } from './sql-text.ts';
import { hotKey } from './views.ts';
import { hotSource, reachesHot } from './window-source.ts';

/** Gauges of hot rows, put together by DuckDB as a rollup would be: no sample leaves it. */

const PARTS: Readonly<Record<string, (cell: string) => string>> = {
  n: (cell) => `count(${cell})`,
  sum: (cell) => `sum(${cell})`,
  min: (cell) => `min(${cell})`,
  max: (cell) => `max(${cell})`,
  last: (cell) => `arg_max(${cell}, ts)`,
};

function piecesSql(source: SampleSource, { part, seconds }: { part: string; seconds: number }, from: string): string {
  const key = hotKey(source.shape);
  const ms = seconds * 1000;
  const cell = ident(source.column.name);
  // A bucket holds the samples up to its end, and is named by it.
  const bucket = `((epoch_ms(ts) + ${ms - 1}) // ${ms}) * ${ms}`;
  return `SELECT ${key}, bucket::DOUBLE, n::DOUBLE, figure::DOUBLE FROM (
      SELECT ${key}, ${bucket} AS bucket, count(${cell}) AS n, ${PARTS[part]!(cell)} AS figure ${from} GROUP BY ${key}, bucket
    ) pieces ORDER BY ${key}, bucket`;
}

/** The pieces of some things by series: the ends of their buckets, how many samples, and one figure of them. */
export async function readHotPieces(
  source: SampleSource,
  of: { readonly part: string; readonly seconds: number },
  targets: Targets,
): Promise<Map<string, Segment>> {
  const { store, shape } = source;
  const found = new Map<string, Segment>();
  const rows = reachesHot(source) ? hotSource(source, targets) : null;
  if (rows === null) return found;
  const keys = shape.hasDevice ? 2 : 1;
  const columns = new Columns(3);
  const runs: { ids: readonly number[]; from: number }[] = [];
  await eachChunk(source, { sql: piecesSql(source, of, rows.from), isLarge: source.isLarge.hot }, (chunk) => {
    const ids = Array.from({ length: keys }, (_, index) => integersOf(chunk, index));
    for (let row = 0; row < chunk.rowCount; row++) {
      const last = runs.at(-1)?.ids;
      if (last === undefined || ids.some((column, index) => column[row] !== last[index]))
        runs.push({ ids: ids.map((column) => column[row]!), from: columns.count + row });
    }
    columns.push(chunk, keys);
  });
  const arrays = columns.slice(0, columns.count);
  for (const [index, { ids, from }] of runs.entries()) {
    const [entity, device] = ids as [number, number | undefined];
    if (rows.wanted !== null && !rows.wanted.has(entity)) continue;
    const series = seriesOf([store.entities.nameOf(entity), ...(device === undefined ? [] : [store.devices.nameOf(device)])]);
    found.set(series, { columns: arrays, from, to: runs[index + 1]?.from ?? columns.count });
  }
  return found;
}
