import type { DuckDBConnection } from '@duckdb/node-api';
import type { WindowQuery } from '../contract/metrics.ts';
import { eachRun, numbersOf } from './chunk-reader.ts';
import { counterParts, gaugeParts, ROLLUP_SECONDS, rollupTable, type RollupSeconds } from './rollup.ts';
import type { Column, TableShape } from './schema.ts';
import { readCatalogue } from './sealed.ts';
import { DAY_MS, dayOf, dayStart, ident, literal } from './sql-text.ts';
import type { Store } from './store.ts';
import { seriesKey, type SealedFile } from './views.ts';
import { addSamples, Pieces, pieceKind, type PieceKind } from './window-pieces.ts';
import { eachChunk, readSamples, sealedTargets, seriesOf, timestamp, type SampleSource, type Targets } from './window-source.ts';

/** Days of a query that rollups answer, and the files of the samples of the others. */
export interface RollupPlan {
  readonly kind: PieceKind;
  readonly seconds: RollupSeconds;
  readonly part: string;
  readonly rollups: readonly SealedFile[];
  readonly samples: readonly SealedFile[];
}

interface Asked {
  readonly store: Store;
  readonly connection: DuckDBConnection;
  readonly shape: TableShape;
  readonly column: Column;
  readonly query: WindowQuery;
}

/** The widest bucket of which all windows of the query are whole multiples. */
function bucketOf({ from, to, stepMs, windowMs }: WindowQuery): RollupSeconds | null {
  const fits = (seconds: number): boolean => [from, windowMs, from === to ? 0 : stepMs].every((ms) => ms % (seconds * 1000) === 0);
  return ROLLUP_SECONDS.toReversed().find(fits) ?? null;
}

/** Hot rows of a day that is rolled up came late, and are not in its rollup. */
async function hasLateRows({ connection, shape }: Asked, days: readonly string[]): Promise<boolean> {
  const [from, to] = [dayStart(days[0]!), dayStart(days.at(-1)!) + DAY_MS];
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM hot.${ident(shape.name)} WHERE ts >= ${timestamp(from)} AND ts < ${timestamp(to)} LIMIT 1`,
  );
  return reader.currentRowCount > 0;
}

/** Null when the query must be answered from samples: its windows are not of whole buckets, its function cannot be put together, or no day is rolled up. */
export async function planRollup(asked: Asked, files: readonly SealedFile[]): Promise<RollupPlan | null> {
  const { store, connection, shape, column, query } = asked;
  const seconds = bucketOf(query);
  const piece = pieceKind(query.function, column.kind);
  if (seconds === null || piece === null) return null;
  const range = { first: dayOf(query.from - query.windowMs), last: dayOf(query.to) };
  const all = await readCatalogue(connection, store.folders.sealed, { table: rollupTable(shape.name, seconds), ...range });
  const rollups = all.filter((file) => file.columns.includes(column.name));
  if (rollups.length === 0) return null;
  const days = rollups.map(({ day }) => day);
  if (await hasLateRows(asked, days)) return null;
  return { ...piece, seconds, rollups, samples: files.filter((file) => !days.includes(file.day)) };
}

function rollupSql(source: SampleSource, plan: RollupPlan, targets: Targets): string {
  const { shape, column, after, upTo } = source;
  const paths = plan.rollups.map((file) => literal(file.path)).join(', ');
  const counter = counterParts(column.name);
  const gauge = gaugeParts(column.name);
  const n = ident(plan.kind === 'figure' ? gauge.n : counter.n);
  const growth = [`epoch_ms(ts) + from_ms`, `epoch_ms(ts) + to_ms`, ident(counter.first), ident(counter.last), ident(counter.lost)];
  const cells = plan.kind === 'figure' ? [ident(gauge[plan.part as keyof typeof gauge])] : growth;
  return `SELECT ${seriesKey(shape)}, epoch_ms(ts)::DOUBLE, ${[n, ...cells].map((cell) => `(${cell})::DOUBLE`).join(', ')}
    FROM read_parquet([${paths}], hive_partitioning = false)
    WHERE ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} AND ${n} > 0${sealedTargets(targets)}`;
}

/** The pieces of some things' series: of rollups, and of samples where there are none. */
export async function readPieces(source: SampleSource, plan: RollupPlan, of: { targets: Targets; query: WindowQuery }): Promise<ReadonlyMap<string, Pieces>> {
  const { targets, query } = of;
  const all = new Map<string, Pieces>();
  const piecesOf = (series: string): Pieces => {
    const pieces = all.get(series) ?? new Pieces(plan.kind);
    all.set(series, pieces);
    return pieces;
  };
  const wanted = targets === null ? null : new Set(targets);
  const keys = source.shape.hasDevice ? [0, 1] : [0];
  await eachChunk(source, rollupSql(source, plan, targets), (chunk) => {
    const end = numbersOf(chunk, keys.length);
    const columns = new Pieces(plan.kind).parts.map((_, part) => numbersOf(chunk, keys.length + 1 + part));
    eachRun(chunk, keys, (names, { from, to }) => {
      if (wanted !== null && !wanted.has(names[0]!)) return;
      const pieces = piecesOf(seriesOf(names));
      for (let row = from; row < to; row++) pieces.end.push(end[row]!);
      for (const [part, values] of columns.entries()) {
        const list = pieces.parts[part]!;
        for (let row = from; row < to; row++) list.push(values[row]!);
      }
    });
  });
  for (const [series, buffer] of await readSamples({ ...source, files: plan.samples }, targets))
    addSamples(piecesOf(series), buffer.samples(1), { bucketMs: plan.seconds * 1000, of: query.function });
  return all;
}
