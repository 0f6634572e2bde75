import type { WindowQuery } from '../../contract/metrics.ts';
import { counterParts, gaugeParts, ROLLUP_SECONDS, rollupTable, type RollupSeconds } from '../rollup.ts';
import type { Column, TableShape } from '../schema.ts';
import { readHotPieces } from './hot-pieces.ts';
import type { Segment, Segments } from './segment-memory.ts';
import { readSegments, type Wanted } from './sealed-segments.ts';
import { dayOf, ident } from '../sql-text.ts';
import type { HotRange } from '../hot-range.ts';
import type { SealedFile } from '../views.ts';
import { join, pieceKind, segmentOfSamples, type PieceKind } from './pieces.ts';
import type { Targets } from './series.ts';
import { timestamp, type SampleSource } from './source.ts';
import { readSamples } from './samples.ts';

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

/** Null when a day that is rolled up has hot rows: they came late, and are not in its rollup; or when nothing is rolled up and would have to be here, sample by sample. */
export function planRollup(
  choice: RollupChoice,
  { files, shape, column, hot }: { files: readonly SealedFile[]; shape: TableShape; column: Column; hot: HotRange | undefined },
): RollupPlan | null {
  const rollups = files.filter(({ table, columns }) => table === rollupTable(shape.name, choice.seconds) && columns.includes(column.name));
  const days = rollups.map(({ day }) => day);
  if (rollups.length === 0) return choice.kind === 'figure' && files.length === 0 ? { ...choice, rollups, samples: [] } : null;
  if (hot !== undefined && dayOf(hot.from) <= days.at(-1)!) return null;
  return { ...choice, rollups, samples: files.filter(({ table, day }) => table === shape.name && !days.includes(day)) };
}

function wantedOf(
  { column, after, upTo, isLarge: { sealed: isLarge } }: SampleSource,
  { rollups, kind, part, seconds }: RollupPlan,
): Wanted {
  const counter = counterParts(column.name);
  const gauge = gaugeParts(column.name);
  const n = ident(kind === 'figure' ? gauge.n : counter.n);
  const growth = ['epoch_ms(ts) + from_ms', 'epoch_ms(ts) + to_ms', ident(counter.first), ident(counter.last), ident(counter.lost)];
  const cells = kind === 'figure' ? [ident(gauge[part as keyof typeof gauge])] : growth;
  const range = isLarge ? ` AND ts > ${timestamp(after)} AND ts <= ${timestamp(upTo)}` : '';
  return {
    key: isLarge ? null : `${column.name} ${seconds} ${kind} ${part}`,
    files: rollups,
    cells: ['epoch_ms(ts)', n, ...cells].map((cell) => `(${cell})::DOUBLE`),
    condition: `${n} > 0${range}`,
  };
}

/** The pieces of some things' series: of rollups, and of samples where there are none. */
export async function readPieces(
  source: SampleSource,
  plan: RollupPlan,
  { targets, query }: { targets: Targets; query: WindowQuery },
): Promise<Iterable<readonly [series: string, pieces: Segment]>> {
  const rolled: Segments = plan.rollups.length > 0 ? await readSegments(source, wantedOf(source, plan), targets) : new Map();
  const how = { bucketMs: plan.seconds * 1000, kind: plan.kind, of: query.function };
  const isFigure = plan.kind === 'figure';
  const left = { ...source, files: plan.samples, hot: isFigure ? undefined : source.hot };
  const more = new Map<string, Segment[]>();
  const add = (series: string, segment: Segment): unknown => more.set(series, [...(more.get(series) ?? []), segment]);
  for (const [series, buffer] of await readSamples(left, targets)) add(series, segmentOfSamples(buffer.samples(1), how));
  if (isFigure) for (const [series, own] of await readHotPieces(source, plan, targets)) for (const segment of own) add(series, segment);
  return joined(rolled, more);
}

function* joined(rolled: Segments, more: Segments): Iterable<readonly [string, Segment]> {
  for (const [series, own] of rolled) {
    const others = more.get(series);
    yield [series, join(others === undefined ? own : [...own, ...others])];
  }
  for (const [series, own] of more) if (!rolled.has(series)) yield [series, join(own)];
}
