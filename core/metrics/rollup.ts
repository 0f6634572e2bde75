import type { TableShape } from './schema.ts';
import { DAY_MS, dayStart, ident, literal } from './sql-text.ts';
import { baseOf, hotRows, parquetOf, sealedRows, seriesKey, type SealedFile } from './views.ts';

/**
 * Rollups: for each series and bucket of 5 minutes or an hour what windows can be put together from, so that a long range need not read every sample. They are
 * made when a day is sealed, in the same transaction, from all rows of that day; rows that come later make them anew.
 *
 * A bucket holds the samples after its start up to and including its end, and is named by its end: windows that end and start on such instants are made of whole
 * buckets. Percentiles are not in here: they cannot be put together.
 */
export const ROLLUP_SECONDS = [300, 3600] as const;
export type RollupSeconds = (typeof ROLLUP_SECONDS)[number];

/** The name of a table's rollup in the catalogue and of its files. */
export const rollupTable = (table: string, seconds: RollupSeconds): string => `${table}~${seconds}`;
export const isRollup = (table: string): boolean => table.includes('~');

/** Columns of a gauge: how many values, their sum, least, greatest and newest. */
export const gaugeParts = (name: string) => ({
  n: `${name}_n`,
  sum: `${name}_sum`,
  min: `${name}_min`,
  max: `${name}_max`,
  last: `${name}_last`,
});
/** Columns of a counter: how many values, the first and newest, and what resets in between took from it. */
export const counterParts = (name: string) => ({ n: `${name}_n`, first: `${name}_first`, last: `${name}_last`, lost: `${name}_lost` });

/** All rows of a day with their bucket; hot ones, and those that are sealed already. */
function dayRows(shape: TableShape, day: string, files: readonly SealedFile[]): string {
  const [from, to] = [day, new Date(dayStart(day) + DAY_MS).toISOString().slice(0, 10)];
  const bucket = `time_bucket(INTERVAL ${ROLLUP_SECONDS[0]} SECOND, ts - INTERVAL 1 MICROSECOND) + INTERVAL ${ROLLUP_SECONDS[0]} SECOND`;
  return [hotRows(shape, shape.columns), ...sealedRows(shape, shape.columns, files)]
    .map(
      (rows) =>
        `SELECT *, ${bucket} AS bucket FROM (${rows}) rows WHERE ts >= TIMESTAMP ${literal(from)} AND ts < TIMESTAMP ${literal(to)}`,
    )
    .join('\nUNION ALL BY NAME\n');
}

const counters = (shape: TableShape): string[] => shape.columns.filter(({ kind }) => kind === 'counter').map(({ name }) => name);
const gauges = (shape: TableShape): string[] => shape.columns.filter(({ kind }) => kind === 'gauge').map(({ name }) => name);

export interface DaySource {
  readonly day: string;
  /** The file that the day's hot rows were just written to. */
  readonly path: string;
  /** Files that the day had before. */
  readonly older: readonly SealedFile[];
}

/** The 5-minute buckets of a day. */
export function fineQuery(shape: TableShape, source: DaySource): string {
  const key = seriesKey(shape);
  const own = gauges(shape).map((name) => {
    const [cell, part] = [ident(name), gaugeParts(name)];
    return `, count(${cell})::INTEGER AS ${ident(part.n)}, sum(${cell}) AS ${ident(part.sum)}, min(${cell}) AS ${ident(part.min)},
      max(${cell}) AS ${ident(part.max)}, arg_max(${cell}, ts) AS ${ident(part.last)}`;
  });
  const growing = counters(shape).map((name) => {
    const [cell, part] = [ident(name), counterParts(name)];
    return `, count(${cell})::INTEGER AS ${ident(part.n)}, arg_min(${cell}, ts) AS ${ident(part.first)}, arg_max(${cell}, ts) AS ${ident(part.last)}`;
  });
  const buckets = `SELECT ${key}, bucket, count(*)::INTEGER AS n, min(ts) AS from_ts, max(ts) AS to_ts${own.join('')}${growing.join('')}
    FROM day_rows GROUP BY ${key}, bucket`;
  const rows = `WITH day_rows AS (${dayRows(shape, source.day, source.older)}), buckets AS (${buckets})`;
  const cells = `${key}, bucket AS ts, n, (epoch_ms(from_ts) - epoch_ms(bucket))::INTEGER AS from_ms, (epoch_ms(to_ts) - epoch_ms(bucket))::INTEGER AS to_ms`;
  const parts = gauges(shape).flatMap((name) => Object.values(gaugeParts(name)).map((part) => `, ${ident(part)}`));
  if (growing.length === 0) return `${rows} SELECT ${cells}${parts.join('')} FROM buckets ORDER BY ${key}, ts`;
  const grown = counters(shape).flatMap((name) => {
    const part = counterParts(name);
    return `, ${ident(part.n)}, ${ident(part.first)}, ${ident(part.last)}, coalesce(${ident(part.lost)}, 0)::BIGINT AS ${ident(part.lost)}`;
  });
  return `${rows}, ${lossesOf(shape, suspectsOf(shape, source))} SELECT ${cells}${parts.join('')}${grown.join('')}
    FROM buckets LEFT JOIN losses USING (${key}, bucket) ORDER BY ${key}, ts`;
}

/** What counters lost by resets within a bucket: the values before each. */
function lossesOf(shape: TableShape, suspects: string): string {
  const key = seriesKey(shape);
  const names = counters(shape);
  const before = names.map((name) => `, lag(${ident(name)} IGNORE NULLS) OVER w AS ${ident(`${name}_before`)}`).join('');
  const lost = names.map((name) => {
    const [cell, previous] = [ident(name), ident(`${name}_before`)];
    return `, sum(CASE WHEN ${cell} < ${previous} THEN ${previous} END) AS ${ident(counterParts(name).lost)}`;
  });
  return `suspects AS (${suspects}), losses AS (
      SELECT ${key}, bucket${lost.join('')} FROM (
        SELECT day_rows.*${before} FROM day_rows SEMI JOIN suspects USING (${key})
        WINDOW w AS (PARTITION BY ${key}, bucket ORDER BY ts)
      ) pairs GROUP BY ${key}, bucket
    )`;
}

/**
 * The series in which a counter began again. A file of that day says so itself, which spares a sort of all rows; when the day has older files, whose rows may lie in
 * between, all are looked at.
 */
function suspectsOf(shape: TableShape, { path, older }: DaySource): string {
  const key = seriesKey(shape);
  if (older.length > 0) return `SELECT DISTINCT ${key} FROM buckets`;
  const resets = counters(shape).map((name) => `(${ident(baseOf(name))} IS NOT NULL AND ${ident(name)} IS NOT NULL)`);
  return `SELECT DISTINCT ${key} FROM ${parquetOf([{ path }])} WHERE ${resets.join(' OR ')}`;
}

/** The hours of a day, from its 5-minute buckets in a file. */
export function coarseQuery(shape: TableShape, path: string): string {
  const key = seriesKey(shape);
  const own = gauges(shape).map((name) => {
    const part = gaugeParts(name);
    return `, sum(${ident(part.n)})::INTEGER AS ${ident(part.n)}, sum(${ident(part.sum)}) AS ${ident(part.sum)}, min(${ident(part.min)}) AS ${ident(part.min)},
      max(${ident(part.max)}) AS ${ident(part.max)}, arg_max(${ident(part.last)}, ts) AS ${ident(part.last)}`;
  });
  const grown = counters(shape).map((name) => {
    const part = counterParts(name);
    const gap = `CASE WHEN ${ident(part.first)} < ${ident(`${name}_before`)} THEN ${ident(`${name}_before`)} ELSE 0 END`;
    return `, sum(${ident(part.n)})::INTEGER AS ${ident(part.n)}, arg_min(${ident(part.first)}, ts) AS ${ident(part.first)},
      arg_max(${ident(part.last)}, ts) AS ${ident(part.last)}, sum(${ident(part.lost)} + ${gap})::BIGINT AS ${ident(part.lost)}`;
  });
  const before = counters(shape).map(
    (name) => `, lag(${ident(counterParts(name).last)} IGNORE NULLS) OVER w AS ${ident(`${name}_before`)}`,
  );
  const hour = `time_bucket(INTERVAL ${ROLLUP_SECONDS[1]} SECOND, ts - INTERVAL 1 MICROSECOND) + INTERVAL ${ROLLUP_SECONDS[1]} SECOND`;
  const rows = `SELECT *${before.join('')} FROM (SELECT *, ${hour} AS hour FROM ${parquetOf([{ path }])}) fine
    WINDOW w AS (PARTITION BY ${key}, hour ORDER BY ts)`;
  return `SELECT ${key}, hour AS ts, sum(n)::INTEGER AS n, min(epoch_ms(ts) + from_ms - epoch_ms(hour))::INTEGER AS from_ms,
      max(epoch_ms(ts) + to_ms - epoch_ms(hour))::INTEGER AS to_ms${own.join('')}${grown.join('')}
    FROM (${rows}) fine GROUP BY ${key}, hour ORDER BY ${key}, ts`;
}

/** Counters that were absent from some rows of a bucket: `from_ms` and `to_ms` are of the rows, so these cannot be put together. */
export function unevenQuery(shape: TableShape, path: string): string {
  const cells = counters(shape).map((name) => `coalesce(bool_or(${ident(counterParts(name).n)} NOT IN (0, n)), false)`);
  return `SELECT ${['true', ...cells].join(', ')} FROM ${parquetOf([{ path }])}`;
}

/** Metrics that a rollup answers, by what `unevenQuery` said. */
export const rolledColumns = (shape: TableShape, uneven: readonly unknown[]): string[] => [
  ...gauges(shape),
  ...counters(shape).filter((_, index) => uneven[index + 1] === false),
];
