import type { ModelName } from '../port.ts';

/** The shape of a forecasting task, in steps of equal width. */
export interface Shape {
  readonly horizon: number;
  readonly stepsPerDay: number;
  /** Steps of the rhythm that was found in the history; absent: none but the day. */
  readonly season?: number;
  /** Epoch milliseconds at which the first step of the history began: tells the hour and the day of the week. Absent: the epoch. */
  readonly beganAt?: number;
}

/** Of the same steps ahead each: p10 <= p50 <= p90. */
export interface Quantiles {
  readonly p10: Float64Array;
  readonly p50: Float64Array;
  readonly p90: Float64Array;
}

/** A model that has learned what it learns; only `forecast` sees the history that it continues. */
export interface Fitted {
  /** Continues `history` (finite values) by `shape.horizon` steps. */
  forecast(history: Float64Array): Float64Array;
  /** Present where p10 and p90 were learned too (by pinball loss); `p50` is what `forecast` says. */
  quantiles?(history: Float64Array): Quantiles;
  dispose?(): void;
}

export interface Model {
  readonly name: ModelName;
  /** More speaks for it than the short past of one series, other fleets or all series of this one: in a combination it counts as several (`CombinationSettings.trust`). */
  readonly isTrusted?: true;
  /** Fewest steps of history that it can learn from. */
  historyMin(shape: Shape): number;
  /** `stage` matters to models that were trained before, across series: for a backtest they use what they knew before its first origin. */
  fit(history: Float64Array, shape: Shape, stage?: Stage): Fitted | Promise<Fitted>;
}

export type Stage = 'backtest' | 'final';

export const DAYS_OF_WEEK = 7;

/** Median; the mean of the middle two when their number is even. */
export function median(values: Iterable<number>): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Linear interpolation between order statistics; `sorted` is not empty. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
