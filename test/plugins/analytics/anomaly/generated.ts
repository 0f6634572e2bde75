import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';

/** Generated series: a value each 5 minutes from Monday, 5 January 2026, midnight UTC. */

export const STEP_MS = 300_000;
export const DAY_ROWS = 288;
export const FROM = Date.UTC(2026, 0, 5);

export const instantOf = (row: number): number => FROM + (row + 1) * STEP_MS - STEP_MS;

export interface Moment {
  readonly row: number;
  readonly day: number;
  /** 0 .. 24. */
  readonly hour: number;
  readonly weekend: boolean;
  /** Standard normal. */
  readonly noise: number;
  /** 0 .. 1. */
  readonly chance: number;
}

export function generate(days: number, value: (moment: Moment) => number, seed = 1): number[] {
  const random = randomOf(seed);
  return Array.from({ length: days * DAY_ROWS }, (_, row) => {
    const day = Math.floor(row / DAY_ROWS);
    const hour = ((row % DAY_ROWS) / DAY_ROWS) * 24;
    return value({ row, day, hour, weekend: day % 7 >= 5, noise: normalOf(random), chance: random() });
  });
}

/** Busy by day, calm by night. */
export const daily = ({ hour, noise }: Moment): number => 0.4 + 0.3 * Math.sin(((hour - 9) / 24) * 2 * Math.PI) + 0.02 * noise;

/** A job of 15 minutes at 6 o'clock, on top of little else; it begins up to 5 minutes late. */
export const cron =
  (runs: (day: number) => boolean = () => true) =>
  ({ hour, day, noise }: Moment): number =>
    Math.max(0, 0.05 + 0.01 * noise) + (hour >= 6 && hour < 6.25 && runs(day) ? 0.7 + 0.03 * noise : 0);
