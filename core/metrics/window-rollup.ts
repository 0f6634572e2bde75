import type { WindowQuery } from '../contract/metrics.ts';
import { eachRun, numbersOf } from './chunk-reader.ts';
import { counterParts, gaugeParts, ROLLUP_SECONDS, rollupTable, type RollupSeconds } from './rollup.ts';
import type { Column, TableShape } from './schema.ts';
import { dayOf, ident } from './sql-text.ts';
import type { HotRange } from './store.ts';
import { parquetOf, seriesKey, type SealedFile } from './views.ts';
import { addSamples, Pieces, pieceKind, type PieceKind } from './window-pieces.ts';
import { eachChunk, readSamples, sealedTargets, seriesOf, timestamp, type SampleSource, type Targets } from './window-source.ts';

/** Days of a query that rollups answer, and the files of the samples of the others. */
export interface RollupPlan extends RollupChoice {
  readonly rollups: readonly SealedFile[];
  readonly samples: readonly SealedFile[];
}

/** How a query could be put together: from which buckets, and which part of them. */
export interface RollupChoice {
  readonly kind: PieceKind;
  readonly seconds: RollupSeconds;
  readonly part: string;
}

/** The widest bucket of which all windows of the query are whole multiples; null when there is none, or the function cannot be put together. */
export function rollupFor({ from, to, stepMs, windowMs, function: of }: WindowQuery, column: Column): RollupChoice | null {
  const fits = (seconds: number): boolean => [from, windowMs, from === to ? 0 : stepMs].every((ms) => ms % (seconds * 1000) === 0);
  const seconds = ROLLUP_SECONDS.toReversed().find(fits);
  const piece = pieceKind(of, column.kind);
  return seconds === undefined || piece === null ? null : { ...piece, seconds };
}

/** Null when no day is rolled up, or when a day that is has hot rows: they came late, and are not in its rollup. */
export function planRollup(
  choice: RollupChoice,
  { files, shape, column, hot }: { files: readonly SealedFile[]; shape: TableShape; column: Column; hot: HotRange | undefined },
): RollupPlan | null {
  const rollups = files.filter(({ table, columns }) => table === rollupTable(shape.name, choice.seconds) && columns.includes(column.name));
  const days = rollups.map(({ day }) => day);
  if (rollups.length === 0 || (hot !== undefined && dayOf(hot.from) <= days.at(-1)!)) return null;
  return { ...choice, rollups, samples: files.filter(({ table, day }) => table === shape.name && !days.includes(day)) };
}

function rollupSql(source: SampleSource, plan: RollupPlan, targets: Targets): string {
  const { shape, column, after, upTo } = source;
  const counter = counterParts(column.name);
  const gauge = gaugeParts(column.name);
  const n = ident(plan.kind === 'figure' ? gauge.n : counter.n);
  const growth = [`epoch_ms(ts) + from_ms`, `epoch_ms(ts) + to_ms`, ident(counter.first), ident(counter.last), ident(counter.lost)];
  const cells = plan.kind === 'figure' ? [ident(gauge[plan.part as keyof typeof gauge])] : growth;
  return `SELECT ${seriesKey(shape)}, epoch_ms(ts)::DOUBLE, ${[n, ...cells].map((cell) => `(${cell})::DOUBLE`).join(', ')}, file_index::INTEGER
    FROM ${parquetOf(plan.rollups)}
    WHERE ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)} AND ${n} > 0${sealedTargets(targets)}`;
}

/** The pieces of some things' series: of rollups, and of samples where there are none. */
export async function readPieces(
  source: SampleSource,
  plan: RollupPlan,
  of: { targets: Targets; query: WindowQuery },
): Promise<ReadonlyMap<string, Pieces>> {
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
    // A chunk may hold rows of two files, and is sorted only within each.
    eachRun(chunk, [...keys, chunk.columnCount - 1], (names, { from, to }) => {
      if (wanted !== null && !wanted.has(names[0]!)) return;
      const pieces = piecesOf(seriesOf(names.slice(0, keys.length)));
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
