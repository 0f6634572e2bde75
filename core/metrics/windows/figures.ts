import type { WindowFunction, WindowQuery } from '../../contract/metrics.ts';
import { numbersOf } from '../chunk-reader.ts';
import { seriesOf, type Targets } from './series.ts';
import { eachChunk, LISTED_MAX, sealedTargets, timestamp, type SampleSource } from './source.ts';
import { ident } from '../sql-text.ts';
import { hotRows, parquetOf, sealedRows, seriesKey, type SealedFile } from '../views.ts';
import { reachesHot } from './samples.ts';

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

type FigureSource = Pick<SampleSource, 'connect' | 'column' | 'files' | 'hot' | 'after' | 'upTo'>;

/** What DuckDB is to compute of each series. */
export interface Figure {
  readonly sql: string;
  /** Values are whole numbers once they are multiplied by this; null: as they are. */
  readonly whole: number | null;
}

const filesOf = ({ files, column }: FigureSource): readonly SealedFile[] => files.filter(({ columns }) => columns.includes(column.name));

/** The figure that a query asks for; null when it is not one figure a series, or one that DuckDB does not compute so. */
export async function figureFor(
  { from, to, stepMs, function: of, parameter = 0 }: WindowQuery,
  source: FigureSource,
): Promise<Figure | null> {
  const isOne = to - from < stepMs;
  const isUsual = of !== 'quantile' || (parameter >= 0 && parameter <= 1);
  const sql = isOne && isUsual && source.column.kind === 'gauge' ? FIGURES[of]?.(parameter) : undefined;
  if (sql === undefined) return null;
  return { sql, whole: of === 'quantile' ? await wholeBy(source) : null };
}

/** Values that a percentile may hold at once: as many bytes either way. */
export const rowsAtOnce = ({ whole }: Figure): number => (whole === null ? 30_000_000 : 60_000_000);

/** By what sealed values are whole 32-bit numbers: DuckDB ranks those in two thirds of the time. Null where they are not, and where there are hot rows. */
async function wholeBy(source: FigureSource): Promise<number | null> {
  const files = filesOf(source);
  if (reachesHot(source) || files.length === 0) return null;
  const connection = await source.connect();
  const reader = await connection.runAndReadAll(`SELECT typeof(${ident(source.column.name)}) FROM ${parquetOf(files)} LIMIT 1`);
  const [, width, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(String(reader.getRows()[0]?.[0])) ?? [];
  return width !== undefined && Number(width) <= 9 ? 10 ** Number(scale) : null;
}

function rowsSql(source: SampleSource, targets: Targets, whole: number | null): string {
  const { shape, column, after, upTo } = source;
  const files = filesOf(source);
  const cell = ident(column.name);
  const key = seriesKey(shape);
  const condition = `WHERE ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} AND ${cell} IS NOT NULL${sealedTargets(targets)}`;
  if (whole !== null) return `SELECT ts, ${key}, (${cell} * ${whole})::INTEGER AS value FROM ${parquetOf(files)} ${condition}`;
  return [...(reachesHot(source) ? [hotRows(shape, [column])] : []), ...sealedRows(shape, [column], files)]
    .map((rows) => `SELECT ts, ${key}, ${cell} AS value FROM (${rows}) rows ${condition}`)
    .join('\nUNION ALL\n');
}

/** The figure of each series of some things that has samples. */
export async function readFigures(source: SampleSource, { sql: figure, whole }: Figure, targets: Targets): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const rows = targets?.length === 0 ? '' : rowsSql(source, targets, whole);
  if (rows === '') return found;
  const key = seriesKey(source.shape);
  const keys = source.shape.hasDevice ? [0, 1] : [0];
  const wanted = targets === null || targets.length <= LISTED_MAX ? null : new Set(targets);
  const sql = `SELECT ${key}, (${figure})::DOUBLE, count(*)::DOUBLE FROM (${rows}) samples GROUP BY ${key}`;
  // A row here stands for many samples: they are what is limited.
  const uncounted = { connect: source.connect, check: () => source.check(0) };
  await eachChunk(uncounted, { sql, isLarge: false }, (chunk) => {
    const names = keys.map((index) => chunk.getColumnVector(index));
    const [values, counts] = [numbersOf(chunk, keys.length), numbersOf(chunk, keys.length + 1)];
    for (let row = 0; row < chunk.rowCount; row++) {
      source.check(counts[row]!);
      const series = names.map((vector) => String(vector.getItem(row)));
      if (wanted === null || wanted.has(series[0]!)) found.set(seriesOf(series), values[row]! / (whole ?? 1));
    }
  });
  return found;
}
