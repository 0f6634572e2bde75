import type { Series } from '../port.ts';

/** Bins are this much wider than the one before: limits are exact to a hundredth. */
const BIN_LN = 0.01;
/** Beyond the largest value seen a limit may lie this many bins: 7.4 times as much. */
const BINS_ABOVE = 200;
const DAY_MS = 86_400_000;

/**
 * Tomorrow is like the days before it, mostly: a value comes again as it was, give or take half a hundredth; and one time in a hundred it is
 * larger by a third. Without that a limit would never lie above what was seen.
 */
const NEAR = { share: 0.99, decay: Math.exp(-BIN_LN / 0.005) };
const FAR = { share: 0.01, decay: Math.exp(-BIN_LN / 0.3) };

/** How often a machine needed how much: bins of `ln(value + 1)`, of fixed size whatever the history. Weights sum to 1. */
export interface Need {
  readonly firstBin: number;
  readonly weights: Float64Array;
}

export interface Limit {
  /** In the unit of the series. */
  readonly value: number;
  /** Expected share of the time in which more is needed than that. */
  readonly shortRatio: number;
}

/** What was needed until `now`, epoch milliseconds; the weight of a value halves every `halfLifeDays`. Undefined without a value. */
export function needOf(
  { at, value }: Series,
  { now, halfLifeDays }: { readonly now: number; readonly halfLifeDays: number },
): Need | undefined {
  const weights = new Map<number, number>();
  let sum = 0;
  for (const [index, instant] of at.entries()) {
    const needed = value[index];
    if (needed === null || needed === undefined || !Number.isFinite(needed)) continue;
    const weight = 2 ** (-(now - instant) / DAY_MS / halfLifeDays);
    const bin = Math.round(Math.log1p(Math.max(0, needed)) / BIN_LN);
    weights.set(bin, (weights.get(bin) ?? 0) + weight);
    sum += weight;
  }
  if (sum === 0) return undefined;
  const firstBin = Math.min(...weights.keys());
  const dense = new Float64Array(Math.max(...weights.keys()) - firstBin + 1);
  for (const [bin, weight] of weights) dense[bin - firstBin] = weight / sum;
  return { firstBin, weights: dense };
}

const valueOf = (bin: number): number => Math.expm1(bin * BIN_LN);

/** All limits worth a thought, rising, each with the share of the time in which it would be short. */
export function limitsOf({ firstBin, weights }: Need): Limit[] {
  let below = 0;
  let near = 0;
  let far = 0;
  return Array.from({ length: weights.length + BINS_ABOVE }, (_, index) => {
    const weight = weights[index] ?? 0;
    below += weight;
    near = near * NEAR.decay + weight;
    far = far * FAR.decay + weight;
    return { value: valueOf(firstBin + index), shortRatio: Math.max(0, 1 - below) + NEAR.share * near + FAR.share * far };
  });
}

/**
 * The limit at which capacity and being short cost least together: `limit + shortCost x share of the time short`. `shortCost` is in the unit
 * of the series: being short all the time is as bad as that much capacity lying idle. One `shortCost` for many machines spends the same
 * allowance where it frees the most: large ones are cut closer than small ones.
 */
export function limitFor(need: Need, { shortCost }: { readonly shortCost: number }): Limit {
  return limitsOf(need).reduce((best, limit) => (costOf(limit, shortCost) < costOf(best, shortCost) ? limit : best));
}

const costOf = ({ value, shortRatio }: Limit, shortCost: number): number => value + shortCost * shortRatio;
