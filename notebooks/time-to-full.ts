/** When something that fills will be full, from the trend of its past. */
export interface TimeToFull {
  /** Share that is used now, 0..1. */
  readonly usedRatio: number;
  /** Share that comes a day: the middle one. */
  readonly perDay: number;
  /** Days until full; null: it does not fill. `earliest` and `latest` hold 8 of 10 slopes; `latest` null: maybe never. */
  readonly days: number | null;
  readonly earliestDays: number | null;
  readonly latestDays: number | null;
}

const DAY_MS = 86_400_000;
/** Slopes over less than this say more about the time of day than about growth. */
const APART_DAYS_MIN = 3;
/** Slower than this, it is noise rather than growth. */
const PER_DAY_MIN = 1e-4;

const median = (values: readonly number[]): number => quantile(values, 0.5);

function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at - Math.floor(at));
}

/** One value a day, its median: what swings within the day is no growth. */
function dailyOf({ at, value }: Series): { readonly day: number; readonly value: number }[] {
  const days = new Map<number, number[]>();
  for (const [index, instant] of at.entries()) {
    const day = Math.floor(instant / DAY_MS);
    const values = days.get(day) ?? [];
    days.set(day, values);
    values.push(value[index] ?? Number.NaN);
  }
  return [...days].map(([day, values]) => ({ day, value: median(values) })).toSorted((a, b) => a.day - b.day);
}

interface Series {
  /** Epoch milliseconds. */
  readonly at: readonly number[];
  /** Shares, 0..1. */
  readonly value: readonly number[];
}

/**
 * The middle of all slopes between two days (Theil and Sen): one odd day moves it little. Null when there are fewer than three days apart.
 */
export function timeToFull(series: Series): TimeToFull | null {
  const daily = dailyOf(series);
  const slopes = daily.flatMap((a, index) =>
    daily.slice(index + 1).flatMap((b) => (b.day - a.day < APART_DAYS_MIN ? [] : [(b.value - a.value) / (b.day - a.day)])),
  );
  const usedRatio = series.value.at(-1);
  if (slopes.length === 0 || usedRatio === undefined) return null;
  const [slow, perDay, fast] = [quantile(slopes, 0.1), median(slopes), quantile(slopes, 0.9)];
  const until = (slope: number): number | null => (slope < PER_DAY_MIN ? null : Math.max(0, (1 - usedRatio) / slope));
  const days = until(perDay);
  return { usedRatio, perDay, days, earliestDays: days === null ? null : until(fast), latestDays: days === null ? null : until(slow) };
}
