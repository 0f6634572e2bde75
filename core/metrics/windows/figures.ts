import type { WindowFunction, WindowQuery } from '../../contract/metrics.ts';
import { numbersOf } from '../chunk-reader.ts';
import { eachChunk, LISTED_MAX, sealedTargets, seriesOf, timestamp, type SampleSource, type Targets } from './source.ts';
import type { Column } from '../schema.ts';
import { ident } from '../sql-text.ts';
import { hotRows, sealedRows, seriesKey } from '../views.ts';

/** One window of a gauge, one figure a series: DuckDB computes it where the samples lie, and hands out no sample. Sums are compensated, as those of `functions.ts`. */

const FIGURES: Partial<Record<WindowFunction, (parameter: number) => string>> = {
  mean: () => 'favg(value)',
  sum: () => 'fsum(value)',
  min: () => 'min(value)',
  max: () => 'max(value)',
  count: () => 'count(*)',
  present: () => '1',
  last: () => 'arg_max(value, ts)',
  first: () => 'arg_min(value, ts)',
  stddev: () => 'stddev_pop(value)',
  stdvar: () => 'var_pop(value)',
  quantile: (q) => `quantile_cont(value, ${q})`,
};

/** SQL of the figure that a query asks for; null when it is not one figure a series, or one that DuckDB does not compute so. */
export function figureFor({ from, to, stepMs, function: of, parameter = 0 }: WindowQuery, column: Column): string | null {
  const isOne = to - from < stepMs;
  const isUsual = of !== 'quantile' || (parameter >= 0 && parameter <= 1);
  return isOne && isUsual && column.kind === 'gauge' ? (FIGURES[of]?.(parameter) ?? null) : null;
}

function rowsSql({ shape, column, files, hot, after, upTo }: SampleSource, targets: Targets): string {
  const sealed = sealedRows(
    shape,
    [column],
    files.filter(({ columns }) => columns.includes(column.name)),
  );
  const isHot = hot !== undefined && hot.to > after && hot.from <= upTo;
  const condition = `ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} AND ${ident(column.name)} IS NOT NULL${sealedTargets(targets)}`;
  return [...(isHot ? [hotRows(shape, [column])] : []), ...sealed]
    .map((rows) => `SELECT ts, ${seriesKey(shape)}, ${ident(column.name)} AS value FROM (${rows}) rows WHERE ${condition}`)
    .join('\nUNION ALL\n');
}

/** The figure of each series of some things that has samples. */
export async function readFigures(source: SampleSource, figure: string, targets: Targets): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const rows = targets?.length === 0 ? '' : rowsSql(source, targets);
  if (rows === '') return found;
  const key = seriesKey(source.shape);
  const keys = source.shape.hasDevice ? [0, 1] : [0];
  const wanted = targets === null || targets.length <= LISTED_MAX ? null : new Set(targets);
  const sql = `SELECT ${key}, (${figure})::DOUBLE, count(*)::DOUBLE FROM (${rows}) samples GROUP BY ${key}`;
  // A row here stands for many samples: they are what is limited.
  const uncounted = { connection: source.connection, check: () => source.check(0) };
  await eachChunk(uncounted, { sql, isLarge: false }, (chunk) => {
    const names = keys.map((index) => chunk.getColumnVector(index));
    const [values, counts] = [numbersOf(chunk, keys.length), numbersOf(chunk, keys.length + 1)];
    for (let row = 0; row < chunk.rowCount; row++) {
      source.check(counts[row]!);
      const series = names.map((vector) => String(vector.getItem(row)));
      if (wanted === null || wanted.has(series[0]!)) found.set(seriesOf(series), values[row]!);
    }
  });
  return found;
}
