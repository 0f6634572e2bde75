import { integersOf, numbersOf } from '../chunk-reader.ts';
import { HOUR_MS, hourOf, hourStart } from './hot-changes.ts';
import type { Targets } from './series.ts';
import { eachChunk, type SampleSource } from './source.ts';
import { Columns, recall, type Loaded, type Run, type Segments } from './segment-memory.ts';
import { ident } from '../sql-text.ts';
import { hotKey } from '../views.ts';
import { hotSource, reachesHot } from './samples.ts';

/** Gauges of hot rows, put together by DuckDB as a rollup would be: no sample leaves it. */

const PARTS: Readonly<Record<string, (cell: string) => string>> = {
  n: (cell) => `count(${cell})`,
  sum: (cell) => `sum(${cell})`,
  min: (cell) => `min(${cell})`,
  max: (cell) => `max(${cell})`,
  last: (cell) => `arg_max(${cell}, ts)`,
};

interface Asked {
  readonly part: string;
  readonly seconds: number;
}

function piecesSql({ shape, column }: SampleSource, { part, seconds }: Asked, from: string): string {
  const key = hotKey(shape);
  const ms = seconds * 1000;
  const cell = ident(column.name);
  // A bucket holds the samples up to its end, and is named by it.
  const bucket = `((epoch_ms(ts) + ${ms - 1}) // ${ms}) * ${ms}`;
  return `SELECT ${key}, bucket::DOUBLE, n::DOUBLE, figure::DOUBLE FROM (
      SELECT ${key}, ${bucket} AS bucket, count(${cell}) AS n, ${PARTS[part]!(cell)} AS figure ${from} GROUP BY ${key}, bucket
    ) pieces ORDER BY (bucket - 1) // ${HOUR_MS}, ${key}, bucket`;
}

/** The pieces of some hours; hours in between may come with them, and are left out. */
async function loadHours(
  source: SampleSource,
  { asked, hours }: { asked: Asked; hours: readonly number[] },
  targets: Targets,
): Promise<Loaded> {
  const { store, shape } = source;
  const columns = new Columns(3);
  const runs: Run[] = [];
  const rows = hotSource({ ...source, after: hourStart(hours[0]!), upTo: hourStart(hours.at(-1)! + 1) }, targets);
  if (rows === null) return { columns, runs };
  const partOf = new Map(hours.map((hour, part) => [hour, part]));
  const keys = shape.hasDevice ? 2 : 1;
  let run: { ids: readonly number[]; hour: number; from: number } | null = null;
  const end = (to: number): void => {
    const part = run === null ? undefined : partOf.get(run.hour);
    if (run === null || part === undefined || (rows.wanted !== null && !rows.wanted.has(run.ids[0]!))) return;
    const [entity, device] = run.ids as [number, number | undefined];
    const names = [store.entities.nameOf(entity), ...(device === undefined ? [] : [store.devices.nameOf(device)])];
    runs.push({ names, part, from: run.from, to });
  };
  await eachChunk(source, { sql: piecesSql(source, asked, rows.from), isLarge: source.isLarge.hot }, (chunk) => {
    const ids = Array.from({ length: keys }, (_, index) => integersOf(chunk, index));
    const ends = numbersOf(chunk, keys);
    for (let row = 0; row < chunk.rowCount; row++) {
      const hour = hourOf(ends[row]!);
      if (run?.hour === hour && run.ids.every((id, index) => id === ids[index]![row])) continue;
      end(columns.count + row);
      run = { ids: ids.map((column) => column[row]!), hour, from: columns.count + row };
    }
    columns.push(chunk, keys);
  });
  end(columns.count);
  return { columns, runs };
}

/** The pieces of some things by series: the ends of their buckets, how many samples, and one figure of them. Whole hours are read, and remembered until something is written to them. */
export async function readHotPieces(source: SampleSource, asked: Asked, targets: Targets): Promise<Segments> {
  const { store, shape, column, hot, after, upTo, isSteady } = source;
  if (hot === undefined || !reachesHot(source)) return new Map();
  const first = hourOf(Math.max(after + 1, hot.from));
  const hours = Array.from({ length: hourOf(Math.min(upTo, hot.to)) - first + 1 }, (_, index) => first + index);
  const keys = hours.map((hour) =>
    isSteady ? `hot ${shape.name} ${hour} ${store.changes.stateOf(shape.name, hour)} ${column.name} ${asked.part} ${asked.seconds}` : null,
  );
  const load = (parts: readonly number[]): Promise<Loaded> =>
    loadHours(source, { asked, hours: parts.map((part) => hours[part]!) }, targets);
  return recall(store.memory, { keys, load }, targets);
}
