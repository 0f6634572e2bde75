/**
 * Percentiles of decimals. DuckDB ranks those in two thirds of the time that it takes for DOUBLE, but interpolates between two of them in as many digits as they have:
 * so it is asked for the values at some ranks, `quantile_disc`, and what lies between is computed here.
 */

/** In values: near enough for the ranks of both neighbours to be among them, for a quarter to twice as many values as are expected; none of them hits a rank's edge. */
const OFFSETS = [-7.9, -4.1, -2.1, -1.1, -0.6, -0.1, 0.4, 0.9, 1.9, 3.9, 7.9];

/** Fractions around `q`, so that some have the ranks that `interpolate` needs. */
export function fractionsAround(q: number, expected: number): number[] {
  const fractions = OFFSETS.map((offset) => Math.min(1, Math.max(0, q + offset / Math.max(1, expected))));
  return [...new Set(fractions)];
}

/** The rank, from 0, whose value `quantile_disc` of a fraction is: DuckDB's own arithmetic. */
const rankOf = (fraction: number, count: number): number => Math.max(1, count - Math.floor(count - fraction * count)) - 1;

/** The percentile of `count` values, of which those at some fractions are known; null when these are not its neighbours. */
export function interpolate(
  q: number,
  { count, fractions, values }: { count: number; fractions: readonly number[]; values: readonly number[] },
): number | null {
  const rank = q * (count - 1);
  const lower = Math.floor(rank);
  const at = (wanted: number): number | undefined => values[fractions.findIndex((fraction) => rankOf(fraction, count) === wanted)];
  const low = at(lower);
  if (low === undefined || rank === lower) return low ?? null;
  const high = at(lower + 1);
  const weight = rank - lower;
  return high === undefined ? null : low * (1 - weight) + high * weight;
}
