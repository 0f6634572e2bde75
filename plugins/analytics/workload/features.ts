import type { Series } from '../port.ts';

/** What a classifier looks at, from a series of equal steps. All pure, all in float64. */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const variance = (values: readonly number[], around = mean(values)): number => mean(values.map((value) => (value - around) ** 2));

/** A series without its gaps. */
export interface Points {
  readonly at: readonly number[];
  readonly value: readonly number[];
}

export function withoutGaps({ at, value }: Series): Points {
  const rows = value.flatMap((each, row) => (each !== null && Number.isFinite(each) ? [row] : []));
  return { at: rows.map((row) => at[row] ?? 0), value: rows.map((row) => value[row] ?? 0) };
}

const isWeekend = (at: number): boolean => [0, 6].includes(new Date(at).getUTCDay());

const hourOf = (at: number): number => Math.floor((at % DAY_MS) / HOUR_MS);
const hourOfWeek = (at: number): number => (isWeekend(at) ? 24 : 0) + hourOf(at);

/** Mean per slot; slots without a value have the mean of all. */
function profileOf({ at, value }: Points, slotOf: (at: number) => number, slots: number): number[] {
  const [sums, counts] = [new Float64Array(slots), new Float64Array(slots)];
  for (const [row, instant] of at.entries()) {
    const slot = slotOf(instant);
    sums[slot] = (sums[slot] ?? 0) + (value[row] ?? 0);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  const rest = mean(value);
  return Array.from(sums, (sum, slot) => (counts[slot] ? sum / (counts[slot] ?? 1) : rest));
}

/** 24 hours of a weekday, then 24 of a weekend. */
export const weekProfile = (points: Points): number[] => profileOf(points, hourOfWeek, 48);

/**
 * How much of the hourly variation a profile tells of days that it was not made of: each half of the days is told by the other half. 1: all of it,
 * 0 or less: none. Whole weeks take turns when there are two, so that each half has weekends.
 */
function strength(hours: Points, slotOf: (at: number) => number, slots: number): number {
  const first = hours.at[0] ?? 0;
  const days = ((hours.at.at(-1) ?? 0) - first) / DAY_MS;
  const turn = (at: number): number => Math.floor((at - first) / (days >= 14 ? 7 * DAY_MS : DAY_MS)) % 2;
  const half = (wanted: number): Points => {
    const rows = hours.at.flatMap((at, row) => (turn(at) === wanted ? [row] : []));
    return { at: rows.map((row) => hours.at[row] ?? 0), value: rows.map((row) => hours.value[row] ?? 0) };
  };
  const left = [0, 1].flatMap((wanted) => {
    const profile = profileOf(half(1 - wanted), slotOf, slots);
    const told = half(wanted);
    return told.value.map((value, row) => value - (profile[slotOf(told.at[row] ?? 0)] ?? 0));
  });
  const all = variance(hours.value);
  return all === 0 ? 0 : 1 - variance(left, 0) / all;
}

/** Means of windows of so long, in the order of time. */
export function meansOf({ at, value }: Points, windowMs: number): Points {
  const windows = new Map<number, { sum: number; count: number }>();
  for (const [row, instant] of at.entries()) {
    const key = Math.floor(instant / windowMs) * windowMs;
    const window = windows.get(key) ?? { sum: 0, count: 0 };
    windows.set(key, { sum: window.sum + (value[row] ?? 0), count: window.count + 1 });
  }
  const rows = [...windows].toSorted(([a], [b]) => a - b);
  return { at: rows.map(([key]) => key), value: rows.map(([, { sum, count }]) => sum / count) };
}

export interface Trend {
  /** Kendall's tau: 1 when each window lies above all before it, -1 below, 0 without direction. */
  readonly tau: number;
  /** Median of the slopes between all pairs (Theil and Sen), per day. */
  readonly perDay: number;
}

export function trendOf({ at, value }: Points): Trend {
  const slopes: number[] = [];
  let signs = 0;
  for (let i = 0; i < value.length; i++)
    for (let j = i + 1; j < value.length; j++) {
      const difference = (value[j] ?? 0) - (value[i] ?? 0);
      signs += Math.sign(difference);
      slopes.push((difference / ((at[j] ?? 0) - (at[i] ?? 0))) * DAY_MS);
    }
  if (slopes.length === 0) return { tau: 0, perDay: 0 };
  return {
    tau: signs / slopes.length,
    perDay: quantile(
      slopes.toSorted((a, b) => a - b),
      0.5,
    ),
  };
}

export interface Runs {
  /** Share of the time that it is on. */
  readonly onShare: number;
  readonly count: number;
  /** Typical length. */
  readonly hours: number;
  /** Hour of the day that runs begin at, by the circular mean, and how much they agree in it: 1 all at one minute, 0 at any. */
  readonly startHour: number;
  readonly agreement: number;
  readonly days: number;
  /** Means while on and off. */
  readonly on: number;
  readonly off: number;
}

/** Stretches above the middle between what is low and what is high; runs of a quarter of an hour a day are high enough. */
export function runsOf({ at, value }: Points): Runs {
  const sorted = value.toSorted((a, b) => a - b);
  const middle = (quantile(sorted, 0.02) + quantile(sorted, 0.995)) / 2;
  const isOn = value.map((each) => each > middle);
  const starts = at.filter((_, row) => isOn[row] && row > 0 && !isOn[row - 1]);
  const stepHours = at.length < 2 ? 0 : ((at[1] ?? 0) - (at[0] ?? 0)) / HOUR_MS;
  const angles = starts.map((start) => ((start % DAY_MS) / DAY_MS) * 2 * Math.PI);
  const [x, y] = [mean(angles.map(Math.cos)), mean(angles.map(Math.sin))];
  const onRows = isOn.filter(Boolean).length;
  return {
    onShare: value.length === 0 ? 0 : onRows / value.length,
    count: starts.length,
    hours: starts.length === 0 ? 0 : (onRows * stepHours) / starts.length,
    startHour: ((Math.atan2(y, x) / (2 * Math.PI)) * 24 + 24) % 24,
    agreement: starts.length === 0 ? 0 : Math.hypot(x, y),
    days: new Set(starts.map((start) => Math.floor(start / DAY_MS))).size,
    on: mean(value.filter((_, row) => isOn[row])),
    off: mean(value.filter((_, row) => !isOn[row])),
  };
}

export interface Climb {
  /** Sharp drops, as after a restart, between which it climbs. */
  readonly drops: number;
  /** Trend within the stretches between the drops, weighted by their length. */
  readonly tau: number;
  readonly perDay: number;
}

const DROP_SHARE = 0.3;

/** Climbing that only a drop interrupts. */
export function climbOf(points: Points): Climb {
  const hours = meansOf(points, HOUR_MS);
  const range = Math.max(...hours.value) - Math.min(...hours.value);
  const stretches: Points[] = [];
  let from = 0;
  for (let row = 1; row <= hours.value.length; row++)
    if (row === hours.value.length || (hours.value[row - 1] ?? 0) - (hours.value[row] ?? 0) > DROP_SHARE * range) {
      stretches.push({ at: hours.at.slice(from, row), value: hours.value.slice(from, row) });
      from = row;
    }
  const long = stretches
    .filter(({ at }) => at.length >= 12)
    .map((stretch) => ({ rows: stretch.at.length, ...trendOf(meansOf(stretch, 3 * HOUR_MS)) }));
  const rows = long.reduce((sum, each) => sum + each.rows, 0);
  const weighted = (of: (trend: Trend) => number): number =>
    rows === 0 ? 0 : long.reduce((sum, each) => sum + of(each) * each.rows, 0) / rows;
  return { drops: stretches.length - 1, tau: weighted(({ tau }) => tau), perDay: weighted(({ perDay }) => perDay) };
}

export interface Features {
  readonly days: number;
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  /** Standard deviation over mean. */
  readonly variation: number;
  /** Share of all work that the busiest twentieth of the time did. */
  readonly burstShare: number;
  /** What time of the day tells of other days, 0 .. 1. */
  readonly dayStrength: number;
  /** What hour and weekend tell of other weeks, 0 .. 1; null with less than two weeks. */
  readonly weekStrength: number | null;
  readonly trend: Trend;
  readonly runs: Runs;
}

export function featuresOf(points: Points): Features {
  const sorted = points.value.toSorted((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  const top = sorted.slice(Math.floor(sorted.length * 0.95)).reduce((sum, value) => sum + value, 0);
  const hours = meansOf(points, HOUR_MS);
  const days = ((points.at.at(-1) ?? 0) - (points.at[0] ?? 0)) / DAY_MS;
  const average = mean(sorted);
  return {
    days,
    mean: average,
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    variation: average === 0 ? 0 : Math.sqrt(variance(sorted)) / average,
    burstShare: total === 0 ? 0 : top / total,
    dayStrength: strength(hours, hourOf, 24),
    weekStrength: days >= 13.5 ? strength(hours, hourOfWeek, 48) : null,
    trend: trendOf(meansOf(points, DAY_MS)),
    runs: runsOf(points),
  };
}
