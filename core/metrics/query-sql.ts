import { DuckDBTimestampValue, type DuckDBValue } from '@duckdb/node-api';
import type { Aggregate, MetricQuery, Unit } from '../contract/metrics.ts';
import type { Column, TableShape } from './schema.ts';
import { dayOf, ident } from './sql-text.ts';
import { hotRows, sealedRows, seriesKey, type SealedFile } from './views.ts';

export interface QueryPlan {
  readonly sql: string;
  readonly values: readonly DuckDBValue[];
}

/** How far before the range a rate looks for the sample that its first interval starts from. */
const LOOKBACK_SECONDS_MIN = 300;

const instant = (at: number): DuckDBTimestampValue => new DuckDBTimestampValue(BigInt(Math.round(at)) * 1000n);

const AGGREGATES: Record<Exclude<Aggregate, 'rate'>, string> = {
  mean: 'avg(value)',
  min: 'min(value)',
  max: 'max(value)',
  last: 'arg_max(value, ts)',
  sum: 'sum(value)',
  p50: 'quantile_cont(value::DOUBLE, 0.50)',
  p95: 'quantile_cont(value::DOUBLE, 0.95)',
  p99: 'quantile_cont(value::DOUBLE, 0.99)',
};

const RATE_UNITS: Partial<Record<Unit, Unit>> = { bytes: 'bytesPerSecond', count: 'countPerSecond', seconds: 'ratio' };

/** The unit of a query's values: a rate of bytes is bytes per second, a rate of seconds a ratio. */
export const unitOf = (unit: Unit, aggregate: Aggregate): Unit => (aggregate === 'rate' ? (RATE_UNITS[unit] ?? unit) : unit);

interface Source {
  readonly shape: TableShape;
  readonly column: Column;
  readonly files: readonly SealedFile[];
}

/** Hot and sealed samples of one metric in a range: ts, entity, [device], value as stored. Only the files of the days in the range are named. */
function samples(source: Source, query: MetricQuery, range: { from: number; only: string }): string {
  const { shape, column } = source;
  // An interval of a rate ends with its sample, so the sample at the end of the range belongs to it.
  const upTo = query.aggregate === 'rate' ? '<=' : '<';
  const days = { first: dayOf(range.from), last: dayOf(query.to) };
  const files = source.files.filter((file) => file.day >= days.first && file.day <= days.last);
  return [hotRows(shape, [column]), ...sealedRows(shape, [column], files)]
    .map((rows) => {
      return `SELECT ts, ${seriesKey(shape)}, ${ident(column.name)} AS value FROM (${rows}) rows
        WHERE ts >= $1 AND ts ${upTo} $2 AND ${ident(column.name)} IS NOT NULL${range.only}`;
    })
    .join('\nUNION ALL\n');
}

const bucketOf = (ts: string, stepSeconds: number): string => `time_bucket(to_microseconds(${Math.round(stepSeconds * 1e6)}), ${ts})`;

const shown = (value: string, column: Column): string => `((${value}) / ${column.scale}::DOUBLE)::DOUBLE`;

function aggregateSql(source: Source, query: MetricQuery & { aggregate: Exclude<Aggregate, 'rate'> }, rows: string): string {
  const key = seriesKey(source.shape);
  return `SELECT epoch_ms(bucket)::DOUBLE AS time, ${key}, ${shown(AGGREGATES[query.aggregate], source.column)} AS value
    FROM (SELECT *, ${bucketOf('ts', query.stepSeconds)} AS bucket FROM (${rows}) samples)
    GROUP BY bucket, ${key} ORDER BY ${key}, bucket`;
}

/**
 * A rate is the mean over the intervals between samples, each weighted by the time it shares with its bucket; an interval belongs to the bucket its end falls
 * in. A value below the one before means that the counter began again from 0: then the new value is what it grew by. A gap (hub or VM was down) weighs no more
 * than the part of it that lies in the bucket.
 */
function rateSql(source: Source, query: MetricQuery, rows: string): string {
  const key = seriesKey(source.shape);
  const values = '(CASE WHEN value < before THEN value ELSE value - before END)::DOUBLE';
  return `WITH pairs AS (
      SELECT ts, ${key}, value, lag(value) OVER w AS before, lag(ts) OVER w AS since,
        ${bucketOf('ts - INTERVAL 1 MICROSECOND', query.stepSeconds)} AS bucket
      FROM (${rows}) samples WINDOW w AS (PARTITION BY ${key} ORDER BY ts)
    ), intervals AS (
      SELECT bucket, ${key}, ${values} / (epoch_us(ts) - epoch_us(since)) * 1e6 AS rate,
        least(epoch_us(ts) - epoch_us(since), epoch_us(ts) - epoch_us(bucket)) AS weight
      FROM pairs WHERE since < ts AND ts > $3
    )
    SELECT epoch_ms(bucket)::DOUBLE AS time, ${key}, ${shown('sum(rate * weight) / sum(weight)', source.column)} AS value
    FROM intervals GROUP BY bucket, ${key} ORDER BY ${key}, bucket`;
}

/** A structured query as SQL: every value bound, every identifier one of ours. Columns: time (epoch ms), entity, [device], value. */
export function planQuery(source: Source, query: MetricQuery): QueryPlan {
  const { aggregate } = query;
  const lookback = aggregate === 'rate' ? Math.max(query.stepSeconds, LOOKBACK_SECONDS_MIN) * 1000 : 0;
  const from = query.from - lookback;
  const values: DuckDBValue[] = [instant(from), instant(query.to)];
  if (aggregate === 'rate') values.push(instant(query.from));
  const names = query.targets.map((target) => `$${values.push(target)}`);
  const only = names.length > 0 ? ` AND entity IN (${names.join(', ')})` : '';
  const rows = samples(source, query, { from, only });
  return { sql: aggregate === 'rate' ? rateSql(source, query, rows) : aggregateSql(source, { ...query, aggregate }, rows), values };
}
