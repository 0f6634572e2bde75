import type { WindowFunction } from '../../contract/metrics.ts';

/** Samples of one series in the order of time: `at` epoch milliseconds, `values` as shown. */
export interface SeriesSamples {
  readonly at: Float64Array;
  readonly values: Float64Array;
}

/** The samples of a window are those from `lo` up to, not including, `hi`; it is never empty. Its ends are instants. */
export interface Span {
  lo: number;
  hi: number;
  start: number;
  end: number;
}

type Compute = (samples: SeriesSamples, span: Span, parameter: number) => number;

/** The arithmetic is Prometheus': sums are compensated (Kahan, Neumaier), so that the order of magnitude of the values does not matter. */
function sumOf(values: Float64Array, { lo, hi }: Span): number {
  let sum = 0;
  let rest = 0;
  for (let k = lo; k < hi; k++) {
    const value = values[k]!;
    const next = sum + value;
    rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + rest;
}

const meanOf = (values: Float64Array, span: Span): number => sumOf(values, span) / (span.hi - span.lo);

function varianceOf(values: Float64Array, span: Span): number {
  const mean = meanOf(values, span);
  let sum = 0;
  for (let k = span.lo; k < span.hi; k++) sum += (values[k]! - mean) ** 2;
  return sum / (span.hi - span.lo);
}

/** Moves the value of rank `k` to its place in an unsorted array (Hoare's selection): linear, no order beyond it. */
function select(values: Float64Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >> 1]!;
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const held = values[i]!;
      values[i++] = values[j]!;
      values[j--] = held;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k]!;
}

/** Linear between the two nearest ranks; below 0 and above 1 infinite, as Prometheus has it. The values are reordered. */
export function quantileOf(values: Float64Array, q: number): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const rank = q * (values.length - 1);
  const lower = Math.floor(rank);
  const low = select(values, lower);
  if (lower === values.length - 1 || rank === lower) return low;
  let high = Infinity;
  for (let k = lower + 1; k < values.length; k++) if (values[k]! < high) high = values[k]!;
  const weight = rank - lower;
  return low * (1 - weight) + high * weight;
}

const medianDeviation: Compute = ({ values }, { lo, hi }) => {
  const median = quantileOf(values.slice(lo, hi), 0.5);
  return quantileOf(
    values.slice(lo, hi).map((value) => Math.abs(value - median)),
    0.5,
  );
};

/** What `increase` needs of a window; `growth` knows resets. */
export interface Growth {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly first: number;
  readonly growth: number;
}

/** Extends the growth between the samples to the ends of the window, but not below 0, and not far over where samples would have been expected. */
export function extrapolate(window: Growth, { start, end }: Pick<Span, 'start' | 'end'>, isCounter: boolean): number {
  const { count, first, growth } = window;
  if (count < 2) return Number.NaN;
  const sampled = window.lastAt - window.firstAt;
  const between = sampled / (count - 1);
  let toStart = window.firstAt - start;
  const toEnd = end - window.lastAt;
  if (isCounter && growth > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / growth));
  const threshold = between * 1.1;
  const reach = sampled + (toStart < threshold ? toStart : between / 2) + (toEnd < threshold ? toEnd : between / 2);
  return growth * (reach / sampled);
}

function growthOf({ at, values }: SeriesSamples, { lo, hi }: Span, isCounter: boolean): Growth {
  let lost = 0;
  if (isCounter) for (let k = lo + 1; k < hi; k++) if (values[k]! < values[k - 1]!) lost += values[k - 1]!;
  return { count: hi - lo, firstAt: at[lo]!, lastAt: at[hi - 1]!, first: values[lo]!, growth: values[hi - 1]! - values[lo]! + lost };
}

const seconds = ({ start, end }: Span): number => (end - start) / 1000;

/** Slope a second, and the value at `origin`, of the line of least squares. */
function line({ at, values }: SeriesSamples, { lo, hi }: Span, origin: number): { slope: number; level: number } {
  const n = hi - lo;
  const base = values[lo]!;
  let isConstant = true;
  let [sumX, sumY, sumXY, sumX2] = [0, 0, 0, 0];
  for (let k = lo; k < hi; k++) {
    const x = (at[k]! - origin) / 1000;
    const y = values[k]!;
    if (y !== base) isConstant = false;
    sumX += x;
    sumY += y;
    sumXY += x * y;
    sumX2 += x * x;
  }
  if (isConstant) return { slope: 0, level: base };
  const covariance = sumXY - (sumX * sumY) / n;
  const slope = covariance / (sumX2 - (sumX * sumX) / n);
  return { slope, level: sumY / n - (slope * sumX) / n };
}

function countPairs(values: Float64Array, { lo, hi }: Span, counts: (before: number, after: number) => boolean): number {
  let pairs = 0;
  for (let k = lo + 1; k < hi; k++) if (counts(values[k - 1]!, values[k]!)) pairs++;
  return pairs;
}

/** Of the two newest samples. */
function lastStep({ at, values }: SeriesSamples, { lo, hi }: Span): { by: number; from: number; to: number; seconds: number } | null {
  if (hi - lo < 2) return null;
  const from = values[hi - 2]!;
  const to = values[hi - 1]!;
  return { by: to - from, from, to, seconds: (at[hi - 1]! - at[hi - 2]!) / 1000 };
}

function extreme(values: Float64Array, { lo, hi }: Span, better: (a: number, b: number) => boolean): number {
  let best = values[lo]!;
  for (let k = lo + 1; k < hi; k++) if (better(values[k]!, best)) best = values[k]!;
  return best;
}

export const WINDOW_FUNCTIONS: Readonly<Record<WindowFunction, Compute>> = {
  last: ({ values }, { hi }) => values[hi - 1]!,
  first: ({ values }, { lo }) => values[lo]!,
  mean: ({ values }, span) => meanOf(values, span),
  min: ({ values }, span) => extreme(values, span, (a, b) => a < b),
  max: ({ values }, span) => extreme(values, span, (a, b) => a > b),
  sum: ({ values }, span) => sumOf(values, span),
  count: (_, { lo, hi }) => hi - lo,
  present: () => 1,
  stddev: ({ values }, span) => Math.sqrt(varianceOf(values, span)),
  stdvar: ({ values }, span) => varianceOf(values, span),
  quantile: ({ values }, { lo, hi }, q) => quantileOf(values.slice(lo, hi), q),
  mad: medianDeviation,
  increase: (samples, span) => extrapolate(growthOf(samples, span, true), span, true),
  rate: (samples, span) => extrapolate(growthOf(samples, span, true), span, true) / seconds(span),
  delta: (samples, span) => extrapolate(growthOf(samples, span, false), span, false),
  irate(samples, span) {
    const step = lastStep(samples, span);
    return step === null ? Number.NaN : (step.by < 0 ? step.to : step.by) / step.seconds;
  },
  idelta: (samples, span) => lastStep(samples, span)?.by ?? Number.NaN,
  deriv: (samples, span) => (span.hi - span.lo < 2 ? Number.NaN : line(samples, span, samples.at[span.lo]!).slope),
  predict(samples, span, ahead) {
    if (span.hi - span.lo < 2) return Number.NaN;
    const { slope, level } = line(samples, span, span.end);
    return level + slope * ahead;
  },
  changes: ({ values }, span) => countPairs(values, span, (before, after) => before !== after),
  resets: ({ values }, span) => countPairs(values, span, (before, after) => after < before),
};

export interface Steps {
  readonly from: number;
  readonly stepMs: number;
  readonly windowMs: number;
  readonly count: number;
}

/** Where the values of a series go: one a step, from `first` on. */
export interface Row {
  readonly values: Float64Array;
  readonly first: number;
}

/** Fills `into` with what `compute` makes of the window at each step; NaN where the window is empty. True when there is any. */
export function slide({ at }: SeriesSamples, steps: Steps, { into, compute }: { into: Row; compute(span: Span): number }): boolean {
  const span: Span = { lo: 0, hi: 0, start: 0, end: 0 };
  let isAny = false;
  for (let step = 0; step < steps.count; step++) {
    span.end = steps.from + step * steps.stepMs;
    span.start = span.end - steps.windowMs;
    while (span.hi < at.length && at[span.hi]! <= span.end) span.hi++;
    while (span.lo < span.hi && at[span.lo]! <= span.start) span.lo++;
    const value = span.lo < span.hi ? compute(span) : Number.NaN;
    into.values[into.first + step] = value;
    if (value === value) isAny = true;
  }
  return isAny;
}
