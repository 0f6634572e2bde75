import { median, quantile, type Model } from './model.ts';

/**
 * The day's shape on the present level. The shape is only what nearly all days agree on: at this hour at least so much above (or below) the median
 * of their own day as three of four days were; where they do not agree it is nothing. So a daily job stands out, and bursts at any hour do not. The
 * level is the median of what remains without the shape, newer values counting more. How fast values should lose weight differs from series to
 * series and cannot be told from a short past, so five answers are given and their median is taken.
 */
interface Fading {
  /** What a value of this age, in days, counts. */
  readonly weight: (ageDays: number) => number;
  readonly days: number;
  /** How much more the same hour counts, and how wide it is, in days. */
  readonly hourBonus: number;
  readonly hourDays: number;
  /** Share of the days that may disagree with the shape. */
  readonly disagree: number;
}

const NEAR = 1 / 16;
const FADINGS: readonly Fading[] = [
  { weight: (age) => Math.exp(-age / 3) / (1 + 12 * age), days: 14, hourBonus: 0.3, hourDays: 1 / 8, disagree: 1 / 4 },
  { weight: (age) => 1 / (1 + 12 * age), days: 7, hourBonus: 0.5, hourDays: NEAR, disagree: 1 / 4 },
  { weight: (age) => Math.exp(-2.4 * age), days: 7, hourBonus: 0.5, hourDays: NEAR, disagree: 1 / 4 },
  { weight: (age) => 1 / (1 + 12 * age), days: 7, hourBonus: 1, hourDays: NEAR, disagree: 0.35 },
  { weight: (age) => (1 + 6 * age) ** -1.5, days: 7, hourBonus: 0.5, hourDays: NEAR, disagree: 1 / 4 },
];
const DAYS_MIN = 3;
const SHAPE_DAYS_MAX = 10;

/** Sorted differences to the median of their own day, per step of the day; the day ends where the history ends. Empty: too few days. */
function differencesOf(history: Float64Array, stepsPerDay: number): Float64Array[] {
  const days = Math.min(SHAPE_DAYS_MAX, Math.floor(history.length / stepsPerDay));
  if (days < DAYS_MIN) return [];
  const begins = Array.from({ length: days }, (_, back) => history.length - (back + 1) * stepsPerDay);
  const medians = begins.map((begin) => median(history.subarray(begin, begin + stepsPerDay)));
  return Array.from({ length: stepsPerDay }, (_, phase) =>
    Float64Array.from(begins, (begin, day) => (history[begin + phase] ?? 0) - (medians[day] ?? 0)).toSorted(),
  );
}

/** What all but a share of the days agree on. */
function shapeOf(differences: readonly Float64Array[], disagree: number, stepsPerDay: number): Float64Array {
  return Float64Array.from({ length: stepsPerDay }, (_, phase) => {
    const sorted = differences[phase];
    if (sorted === undefined) return 0;
    const [low, high] = [quantile(sorted, disagree), quantile(sorted, 1 - disagree)];
    return low > 0 ? low : Math.min(0, high);
  });
}

const apartOf = (steps: number, stepsPerDay: number): number => Math.min(steps % stepsPerDay, stepsPerDay - (steps % stepsPerDay));

interface Level {
  /** Without the shape, the oldest first. */
  readonly values: Float64Array;
  /** Indices of `values` in rising order of what they point at. */
  readonly order: Uint32Array;
  readonly weights: Float64Array;
}

/** Where half of the weight lies below, between neighbours in a straight line: as `weightedMedian`, without a list of objects for each step. */
function levelAt({ values, order, weights }: Level, factor: (index: number) => number): number {
  let total = 0;
  for (const index of order) total += (weights[index] as number) * factor(index);
  let below = 0;
  let [previous, previousMiddle] = [Number.NaN, 0];
  for (const index of order) {
    const weight = (weights[index] as number) * factor(index);
    const [value, middle] = [values[index] as number, below + weight / 2];
    if (middle >= total / 2) {
      if (Number.isNaN(previous) || middle === previousMiddle) return value;
      return previous + ((value - previous) * (total / 2 - previousMiddle)) / (middle - previousMiddle);
    }
    [previous, previousMiddle] = [value, middle];
    below += weight;
  }
  return previous;
}

/** One day ahead of the end of the history. */
function dayAhead(history: Float64Array, fading: Fading, task: { shape: Float64Array; stepsPerDay: number; phases: number }): Float64Array {
  const { shape, stepsPerDay, phases } = task;
  const seen = history.subarray(-Math.round(fading.days * stepsPerDay));
  const last = seen.length - 1;
  const values = seen.map((value, i) => value - (shape[(stepsPerDay - 1 - ((last - i) % stepsPerDay)) % stepsPerDay] as number));
  const order = Uint32Array.from(seen, (_, i) => i).toSorted((a, b) => (values[a] as number) - (values[b] as number));
  const weights = values.map((_, i) => fading.weight((last - i) / stepsPerDay));
  const bonus = Float64Array.from(
    { length: stepsPerDay },
    (_, steps) => 1 + fading.hourBonus * Math.exp(-((apartOf(steps, stepsPerDay) / (fading.hourDays * stepsPerDay)) ** 2)),
  );
  const level: Level = { values, order, weights };
  return Float64Array.from(
    { length: phases },
    (_, phase) => levelAt(level, (i) => bonus[(last + 1 + phase - i) % stepsPerDay] as number) + (shape[phase] as number),
  );
}

export const dayShape: Model = {
  name: 'day-shape',
  isTrusted: true,
  historyMin: ({ stepsPerDay }) => 2 * stepsPerDay,
  fit: (_history, { horizon, stepsPerDay }) => ({
    forecast: (history) => {
      const differences = differencesOf(history, stepsPerDay);
      const phases = Math.min(horizon, stepsPerDay);
      const days = FADINGS.map((fading) =>
        dayAhead(history, fading, { shape: shapeOf(differences, fading.disagree, stepsPerDay), stepsPerDay, phases }),
      );
      const day = Float64Array.from({ length: phases }, (_, phase) => median(days.map((each) => each[phase] ?? 0)));
      return Float64Array.from({ length: horizon }, (_, step) => day[step % stepsPerDay] as number);
    },
  }),
};
