import type { Series } from '../port.ts';

/** Bins are this much wider than the one before: limits are exact to a quarter of a hundredth. */
const BIN_LN = 0.0025;
/** Beyond the largest value seen a limit may lie this many bins: 2.7 times as much. */
const BINS_ABOVE = 400;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/**
 * Tomorrow is like the days before it, mostly: a value comes again as it was, give or take a fifth of a hundredth; and once in two hundred times
 * it is larger by a sixth. Without that a limit would never lie above what was seen.
 */
const NEAR = { share: 0.995, decay: Math.exp(-BIN_LN / 0.002) };
const FAR = { share: 0.005, decay: Math.exp(-BIN_LN / 0.15) };
/** That something did not happen in a day, or in a week, makes it no rarer than this. */
const DOUBT = 0.005;

/** How often a machine needed how much: bins of `ln(value + 1)`, of fixed size whatever the history. The weights of each span sum to 1. */
export interface Need {
  readonly firstBin: number;
  /** Of the last day; of the week where that day has no value. */
  readonly day: Float64Array;
  /** Of the last 7 days, that day included. */
  readonly week: Float64Array;
}

export interface Limit {
  /** In the unit of the series. */
  readonly value: number;
  /** Expected share of the next day in which more is needed than that. */
  readonly shortRatio: number;
}

/** What was needed in the 7 days before `now`, epoch milliseconds. Undefined without a value. */
export function needOf({ at, value }: Series, { now }: { readonly now: number }): Need | undefined {
  const rows = at.flatMap((instant, index) => {
    const needed = value[index];
    const isKnown = needed !== null && needed !== undefined && Number.isFinite(needed) && instant >= now - WEEK_MS && instant < now;
    return isKnown ? [{ isLastDay: instant >= now - DAY_MS, bin: Math.round(Math.log1p(Math.max(0, needed)) / BIN_LN) }] : [];
  });
  if (rows.length === 0) return undefined;
  const firstBin = rows.reduce((least, { bin }) => Math.min(least, bin), Infinity);
  const bins = rows.reduce((most, { bin }) => Math.max(most, bin), 0) - firstBin + 1;
  const shares = (of: readonly { readonly bin: number }[]): Float64Array => {
    const weights = new Float64Array(bins);
    for (const { bin } of of) weights[bin - firstBin] = (weights[bin - firstBin] ?? 0) + 1 / of.length;
    return weights;
  };
  const lastDay = rows.filter(({ isLastDay }) => isLastDay);
  return { firstBin, day: shares(lastDay.length === 0 ? rows : lastDay), week: shares(rows) };
}

const valueOf = (bin: number): number => Math.expm1(bin * BIN_LN);

/** Of each limit the share of the time in which more is needed, were tomorrow like this span. */
function shortRatios(weights: Float64Array): number[] {
  let below = 0;
  let near = 0;
  let far = 0;
  return Array.from({ length: weights.length + BINS_ABOVE }, (_, index) => {
    const weight = weights[index] ?? 0;
    below += weight;
    near = near * NEAR.decay + weight;
    far = far * FAR.decay + weight;
    return Math.max(0, 1 - below) + NEAR.share * near + FAR.share * far;
  });
}

const logit = (ratio: number): number => {
  const doubted = Math.min(1 - DOUBT, ratio + DOUBT);
  return Math.log(doubted / (1 - doubted));
};

/**
 * All limits worth a thought, rising, each with the share of the time in which it would be short. The last day and the week have one vote each, and vote by log odds:
 * what was needed often in both will be needed again, what one of the two never saw is seldom. Their mean share would let a busy week outvote
 * an idle day, and an idle day make a busy week forgotten.
 */
export function limitsOf({ firstBin, day, week }: Need): Limit[] {
  const ofWeek = shortRatios(week);
  return shortRatios(day).map((ofDay, index) => {
    const odds = Math.exp((logit(ofDay) + logit(ofWeek[index] ?? 0)) / 2);
    return { value: valueOf(firstBin + index), shortRatio: odds / (1 + odds) };
  });
}

/**
 * The limit at which capacity and being short cost least together: `limit + shortCost x share of the time short`. `shortCost` is in the unit
 * of the series: being short all the time is as bad as that much capacity lying idle. One `shortCost` for many machines spends the same
 * allowance where it frees the most: large ones are cut closer than small ones.
 */
export const limitFor = (need: Need, { shortCost }: { readonly shortCost: number }): Limit => cheapestOf(limitsOf(need), shortCost);

/** The same of limits that are known; there must be one. */
export const cheapestOf = (limits: readonly Limit[], shortCost: number): Limit =>
  limits.reduce((best, limit) => (costOf(limit, shortCost) < costOf(best, shortCost) ? limit : best));

const costOf = ({ value, shortRatio }: Limit, shortCost: number): number => value + shortCost * shortRatio;
