import type { WindowFunction } from '../../contract/metrics.ts';
import type { Segment } from './segment-memory.ts';
import { extrapolate, type Row, type SeriesSamples, type Steps } from './functions.ts';

/**
 * What a window is put together from instead of single samples: a piece is some samples of one series that follow each other within a bucket. The columns of a
 * segment of pieces are the ends of their buckets, epoch milliseconds, and their parts: for a gauge, how many and one figure of them; for a counter how many, the
 * first and last instant and value, and what resets took.
 */
export type PieceKind = 'figure' | 'growth';

/** How many parts there are of a kind. */
export const partCount = (kind: PieceKind): number => (kind === 'figure' ? 2 : 6);

/** One after the other, in the order of time, those of one bucket too; a single segment is so already. */
export function join(segments: readonly Segment[]): Segment {
  const [first] = segments;
  if (segments.length === 1) return first!;
  const count = segments.reduce((sum, { from, to }) => sum + to - from, 0);
  const columns = first!.columns.map((_, index) => {
    const whole = new Float64Array(count);
    let at = 0;
    for (const { columns: own, from, to } of segments) {
      whole.set(own[index]!.subarray(from, to), at);
      at += to - from;
    }
    return whole;
  });
  return { columns: sorted(columns), from: 0, to: count };
}

function sorted(columns: readonly Float64Array[]): readonly Float64Array[] {
  const end = columns[0]!;
  if (end.every((at, k) => k === 0 || at >= end[k - 1]!)) return columns;
  const from = columns[1 + GROWTH.from] ?? new Float64Array(end.length);
  const order = Array.from(end, (_, k) => k).toSorted((a, b) => end[a]! - end[b]! || from[a]! - from[b]! || a - b);
  return columns.map((column) => Float64Array.from(order, (k) => column[k]!));
}

/** The parts of a growth piece. */
export const GROWTH = { n: 0, from: 1, to: 2, first: 3, last: 4, lost: 5 } as const;

/** The rollup's figure for a function of a gauge, and how two of them become one. */
const FIGURES: Partial<
  Record<WindowFunction, { readonly part: 'sum' | 'min' | 'max' | 'last' | 'n'; join(a: number, b: number): number }>
> = {
  mean: { part: 'sum', join: (a, b) => a + b },
  sum: { part: 'sum', join: (a, b) => a + b },
  count: { part: 'n', join: (a, b) => a + b },
  present: { part: 'n', join: (a, b) => a + b },
  min: { part: 'min', join: Math.min },
  max: { part: 'max', join: Math.max },
  last: { part: 'last', join: (_, b) => b },
};

/** How a function is put together from pieces; null when it cannot be. */
export function pieceKind(of: WindowFunction, kind: 'gauge' | 'counter'): { readonly kind: PieceKind; readonly part: string } | null {
  if (kind === 'counter') return of === 'rate' || of === 'increase' ? { kind: 'growth', part: '' } : null;
  const figure = FIGURES[of];
  return figure ? { kind: 'figure', part: figure.part } : null;
}

type Join = (lo: number, hi: number, end: number) => number;

function joinFigures({ columns }: Segment, of: WindowFunction): Join {
  const [, n, figure] = columns as readonly [Float64Array, Float64Array, Float64Array];
  const figures = FIGURES[of]!;
  return (lo, hi) => {
    let count = n[lo]!;
    let value = figure[lo]!;
    for (let k = lo + 1; k < hi; k++) {
      count += n[k]!;
      value = figures.join(value, figure[k]!);
    }
    if (of === 'mean') return value / count;
    return of === 'present' ? 1 : value;
  };
}

type Growth = readonly [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

function joinGrowth({ columns }: Segment, { windowMs }: Steps, of: WindowFunction): Join {
  const [, n, from, to, first, last, lost] = columns as Growth;
  return (lo, hi, end) => {
    let count = n[lo]!;
    let gone = lost[lo]!;
    for (let k = lo + 1; k < hi; k++) {
      count += n[k]!;
      gone += lost[k]! + (first[k]! < last[k - 1]! ? last[k - 1]! : 0);
    }
    const growth = last[hi - 1]! - first[lo]! + gone;
    const whole = { count, firstAt: from[lo]!, lastAt: to[hi - 1]!, first: first[lo]!, growth };
    const value = extrapolate(whole, { start: end - windowMs, end }, true);
    return of === 'rate' ? value / (windowMs / 1000) : value;
  };
}

/** The first piece whose bucket ends after an instant. */
function firstAfter({ columns: [end], from, to }: Segment, at: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end![middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `slide` over pieces; `scale` divides the values. */
export function slidePieces(pieces: Segment, steps: Steps, { of, scale, into }: { of: WindowFunction; scale: number; into: Row }): boolean {
  const { to } = pieces;
  const end = pieces.columns[0]!;
  const figure = pieces.columns.length === 1 + partCount('figure') ? joinFigures(pieces, of) : joinGrowth(pieces, steps, of);
  let lo = firstAfter(pieces, steps.from - steps.windowMs);
  let [hi, isAny] = [lo, false];
  for (let step = 0; step < steps.count; step++) {
    const at = steps.from + step * steps.stepMs;
    while (hi < to && end[hi]! <= at) hi++;
    while (lo < hi && end[lo]! <= at - steps.windowMs) lo++;
    const value = lo < hi ? figure(lo, hi, at) / scale : Number.NaN;
    into.values[into.first + step] = value;
    if (value === value) isAny = true;
  }
  return isAny;
}

/** Samples of days without a rollup, as pieces bucket by bucket. */
export function segmentOfSamples({ at, values }: SeriesSamples, how: { bucketMs: number; kind: PieceKind; of: WindowFunction }): Segment {
  const columns = Array.from({ length: 1 + partCount(how.kind) }, () => new Float64Array(at.length));
  const [end, ...parts] = columns as [Float64Array, ...Float64Array[]];
  const figure = how.kind === 'figure' ? FIGURES[how.of]! : null;
  let last = -1;
  for (let k = 0; k < at.length; k++) {
    const [when, value] = [at[k]!, values[k]!];
    const bucket = Math.ceil(when / how.bucketMs) * how.bucketMs;
    if (last < 0 || end[last] !== bucket) {
      end[++last] = bucket;
      const first = figure ? [1, figure.part === 'n' ? 1 : value] : [1, when, when, value, value, 0];
      for (const [part, column] of parts.entries()) column[last] = first[part]!;
      continue;
    }
    parts[0]![last]! += 1;
    if (figure) parts[1]![last] = figure.join(parts[1]![last]!, figure.part === 'n' ? 1 : value);
    else {
      parts[GROWTH.to]![last] = when;
      if (value < parts[GROWTH.last]![last]!) parts[GROWTH.lost]![last]! += parts[GROWTH.last]![last]!;
      parts[GROWTH.last]![last] = value;
    }
  }
  return { columns, from: 0, to: last + 1 };
}
