import type { WindowFunction, WindowQuery } from '../../contract/metrics.ts';
import { numbersOf } from '../chunk-reader.ts';
import { seriesOf, type Targets } from './series.ts';
import { eachChunk, LISTED_MAX, sealedTargets, timestamp, type SampleSource } from './source.ts';
import { DAY_MS, ident } from '../sql-text.ts';
import { hotRows, parquetOf, seriesKey, type SealedFile } from '../views.ts';
import { fractionsAround, interpolate } from './ranks.ts';
import { reachesHot } from './samples.ts';
import { byBytes } from './target-lists.ts';

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

type FigureSource = Pick<SampleSource, 'connect' | 'column' | 'files' | 'hot' | 'after' | 'upTo'> & {
  /** About how many samples a series has. */
  samplesEach(): number;
};

/** What DuckDB is to compute of each series. */
export interface Figure {
  /** SQL of an aggregate of `value`, and of what is taken of it, as DOUBLE. */
  readonly sql: string;
  readonly cells: readonly string[];
  /** Values are of this SQL type. */
  readonly type: string;
  /** Samples that it may hold at once: as many bytes, whatever the type. */
  readonly samplesMax: number;
  /** Of the cells and the number of samples; null when they do not tell. */
  make(cells: readonly number[], count: number): number | null;
  /** For the series of which `make` cannot tell. */
  readonly otherwise: Figure | null;
}

const BYTES_MAX = 240_000_000;

const filesOf = ({ files, column }: FigureSource | SampleSource): readonly SealedFile[] =>
  files.filter(({ columns }) => columns.includes(column.name));

/** The figure that a query asks for; null when it is not one figure a series, or one that DuckDB does not compute so. */
export async function figureFor(
  { from, to, stepMs, function: of, parameter = 0 }: WindowQuery,
  source: FigureSource,
): Promise<Figure | null> {
  const isOne = to - from < stepMs;
  const isUsual = of !== 'quantile' || (parameter >= 0 && parameter <= 1);
  const sql = isOne && isUsual && source.column.kind === 'gauge' ? FIGURES[of]?.(parameter) : undefined;
  if (sql === undefined) return null;
  const plain: Figure = {
    sql,
    cells: ['figure::DOUBLE'],
    type: 'DOUBLE',
    samplesMax: BYTES_MAX / 8,
    make: ([value]) => value!,
    otherwise: null,
  };
  const type = of === 'quantile' ? await decimalOf(source) : null;
  return type === null ? plain : byRank(parameter, { type, samplesEach: source.samplesEach(), otherwise: plain });
}

function byRank(q: number, { type, samplesEach, otherwise }: { type: string; samplesEach: number; otherwise: Figure }): Figure {
  const fractions = fractionsAround(q, samplesEach);
  return {
    // With an exponent they are DOUBLE from the beginning.
    sql: `quantile_disc(value, [${fractions.map((fraction) => fraction.toExponential()).join(', ')}])`,
    cells: fractions.map((_, index) => `figure[${index + 1}]::DOUBLE`),
    type,
    samplesMax: BYTES_MAX / (/^DECIMAL\(\d,/.test(type) ? 4 : 8),
    make: (values, count) => interpolate(q, { count, fractions, values }),
    otherwise,
  };
}

/** The type of sealed values that are decimals; null where they are not, and where there are hot rows. */
async function decimalOf(source: FigureSource): Promise<string | null> {
  const files = filesOf(source);
  if (reachesHot(source) || files.length === 0) return null;
  const connection = await source.connect();
  const reader = await connection.runAndReadAll(`SELECT typeof(${ident(source.column.name)}) FROM ${parquetOf(files)} LIMIT 1`);
  const type = String(reader.getRows()[0]?.[0]);
  return type.startsWith('DECIMAL') ? type : null;
}

function rowsSql(source: SampleSource, targets: Targets, { type }: Figure): string {
  const { shape, column, after, upTo } = source;
  const cell = ident(column.name);
  const range = ` AND ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)}`;
  const select = (from: string, more: string): string =>
    `SELECT ts, ${seriesKey(shape)}, ${cell}::${type} AS value FROM ${from} WHERE ${cell} IS NOT NULL${more}${sealedTargets(targets)}`;
  // Days that are asked for as a whole need no look at their instants.
  const { true: whole = [], false: cut = [] } = Object.groupBy(filesOf(source), ({ day }) => {
    const begin = Date.parse(day);
    return String(after < begin && upTo >= begin + DAY_MS - 1) as 'true' | 'false';
  });
  return [
    ...(reachesHot(source) ? [select(`(${hotRows(shape, [column])}) rows`, range)] : []),
    ...(whole.length > 0 ? [select(parquetOf(whole), '')] : []),
    ...(cut.length > 0 ? [select(parquetOf(cut), range)] : []),
  ].join('\nUNION ALL\n');
}

/** The figure of each series of some things that has samples. */
export async function readFigures(source: SampleSource, figure: Figure, targets: Targets): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const rows = targets?.length === 0 ? '' : rowsSql(source, targets, figure);
  if (rows === '') return found;
  const key = seriesKey(source.shape);
  const keys = source.shape.hasDevice ? [0, 1] : [0];
  const wanted = targets === null || targets.length <= LISTED_MAX ? null : new Set(targets);
  const sql = `SELECT ${key}, n::DOUBLE, ${figure.cells.join(', ')} FROM (
    SELECT ${key}, count(*) AS n, ${figure.sql} AS figure FROM (${rows}) samples GROUP BY ${key}) figures`;
  const left = new Set<string>();
  // A row here stands for many samples: they are what is limited.
  await eachChunk({ connect: source.connect, check: () => source.check(0) }, { sql, isLarge: false }, (chunk) => {
    const names = keys.map((index) => chunk.getColumnVector(index));
    const [counts, ...cells] = Array.from({ length: 1 + figure.cells.length }, (_, index) => numbersOf(chunk, keys.length + index));
    for (let row = 0; row < chunk.rowCount; row++) {
      source.check(counts![row]!);
      const series = names.map((vector) => String(vector.getItem(row)));
      if (wanted !== null && !wanted.has(series[0]!)) continue;
      const value = figure.make(
        cells.map((cell) => cell[row]!),
        counts![row]!,
      );
      if (value === null) left.add(series[0]!);
      else found.set(seriesOf(series), value);
    }
  });
  if (left.size === 0 || figure.otherwise === null) return found;
  const others = await readFigures(source, figure.otherwise, [...left].toSorted(byBytes));
  return new Map([...others, ...found]);
}
