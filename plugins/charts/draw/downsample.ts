import type { ChartSeries } from '../port.ts';

export interface Point {
  readonly at: number;
  /** NaN: the line is broken here. */
  readonly value: number;
}

const GAP_STEPS = 2.5;

function typicalStep(at: readonly number[]): number {
  const steps: number[] = [];
  for (let i = 1; i < at.length; i++) steps.push((at[i] ?? 0) - (at[i - 1] ?? 0));
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** Points with a break wherever values are missing: at null and NaN, and where no sample came for more than 2.5 usual steps. */
export function withGaps(series: ChartSeries): Point[] {
  const gapMs = typicalStep(series.at) * GAP_STEPS;
  const points: Point[] = [];
  for (const [i, at] of series.at.entries()) {
    const before = points.at(-1);
    if (before !== undefined && gapMs > 0 && at - before.at > gapMs) points.push({ at: before.at + 1, value: Number.NaN });
    const value = series.value[i];
    points.push({ at, value: typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN });
  }
  return points;
}

/** First, lowest, highest, last of a column, in order of time; a break in the column is kept. */
function columnOf(points: readonly Point[]): Point[] {
  const finite = points.filter(({ value }) => !Number.isNaN(value));
  const [first] = finite;
  if (first === undefined) return points.slice(0, 1);
  let low = first;
  let high = first;
  for (const point of finite) {
    if (point.value < low.value) low = point;
    if (point.value > high.value) high = point;
  }
  const broken = points.find(({ value }) => Number.isNaN(value));
  const kept = new Set([first, low, high, finite.at(-1) ?? first, ...(broken === undefined ? [] : [broken])]);
  return [...kept].toSorted((a, b) => a.at - b.at);
}

/** At most five points a column, none lost that could be seen: every peak stays a peak. */
export function downsample(points: readonly Point[], columns: number): Point[] {
  if (points.length <= columns * 2) return [...points];
  const from = points[0]?.at ?? 0;
  const width = ((points.at(-1)?.at ?? from) - from) / columns || 1;
  const groups: Point[][] = [];
  for (const point of points) {
    const column = Math.min(columns - 1, Math.floor((point.at - from) / width));
    const group = groups[column];
    if (group === undefined) groups[column] = [point];
    else group.push(point);
  }
  return groups.flatMap(columnOf);
}
