import type { WindowFunction } from '../contract/metrics.ts';
import { extrapolate, type Steps } from './window-functions.ts';

/**
 * What a window is put together from instead of single samples: a piece is some samples of one series that follow each other within a bucket. `parts` are, for a
 * gauge, how many and one figure of them; for a counter how many, the first and last instant and value, and what resets took.
 */
export type PieceKind = 'figure' | 'growth';

export class Pieces {
  /** Of the bucket, epoch milliseconds. */
  readonly end: number[] = [];
  readonly parts: readonly number[][];

  constructor(kind: PieceKind) {
    this.parts = Array.from({ length: kind === 'figure' ? 2 : 6 }, () => []);
  }
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

function joinFigures({ parts }: Pieces, of: WindowFunction): Join {
  const [n, figure] = parts as [number[], number[]];
  const { join } = FIGURES[of]!;
  return (lo, hi) => {
    let count = n[lo]!;
    let value = figure[lo]!;
    for (let k = lo + 1; k < hi; k++) {
      count += n[k]!;
      value = join(value, figure[k]!);
    }
    if (of === 'mean') return value / count;
    return of === 'present' ? 1 : value;
  };
}

function joinGrowth({ parts }: Pieces, { windowMs }: Steps, of: WindowFunction): Join {
  const [n, from, to, first, last, lost] = parts as [number[], number[], number[], number[], number[], number[]];
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

/** Pieces in the order of time, those of one bucket too. */
function sorted(pieces: Pieces): Pieces {
  const { end, parts } = pieces;
  if (end.every((at, k) => k === 0 || at >= end[k - 1]!)) return pieces;
  const from = parts[GROWTH.from] ?? [];
  const order = end.map((_, k) => k).toSorted((a, b) => end[a]! - end[b]! || (from[a] ?? 0) - (from[b] ?? 0) || a - b);
  const arranged = new Pieces(parts.length === 2 ? 'figure' : 'growth');
  for (const k of order) {
    arranged.end.push(end[k]!);
    for (const [part, values] of parts.entries()) arranged.parts[part]!.push(values[k]!);
  }
  return arranged;
}

/** `slide` over pieces; `scale` divides the values. */
export function slidePieces(
  given: Pieces,
  steps: Steps,
  { of, scale, into }: { of: WindowFunction; scale: number; into: Float64Array },
): boolean {
  const pieces = sorted(given);
  const { end } = pieces;
  const join = pieces.parts.length === 2 ? joinFigures(pieces, of) : joinGrowth(pieces, steps, of);
  let [lo, hi, isAny] = [0, 0, false];
  for (let step = 0; step < steps.count; step++) {
    const at = steps.from + step * steps.stepMs;
    while (hi < end.length && end[hi]! <= at) hi++;
    while (lo < hi && end[lo]! <= at - steps.windowMs) lo++;
    const value = lo < hi ? join(lo, hi, at) / scale : Number.NaN;
    into[step] = value;
    if (value === value) isAny = true;
  }
  return isAny;
}

/** Adds samples of days without a rollup, bucket by bucket. */
export function addSamples(
  pieces: Pieces,
  { at, values }: { at: Float64Array; values: Float64Array },
  how: { bucketMs: number; of: WindowFunction },
): void {
  const { end, parts } = pieces;
  const isGrowth = parts.length > 2;
  const figure = isGrowth ? null : FIGURES[how.of]!;
  let bucket = Number.NaN;
  for (let k = 0; k < at.length; k++) {
    const [when, value] = [at[k]!, values[k]!];
    const own = Math.ceil(when / how.bucketMs) * how.bucketMs;
    const last = end.length - 1;
    if (own !== bucket) {
      bucket = own;
      end.push(own);
      const first = isGrowth ? [1, when, when, value, value, 0] : [1, figure!.part === 'n' ? 1 : value];
      for (const [part, list] of parts.entries()) list.push(first[part]!);
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
}
