import type { Series } from '../port.ts';

/** Bins are this much wider than the one before: limits are exact to a quarter of a hundredth. */
const BIN_LN = 0.0025;
/** Beyond the largest value seen a limit may lie this many bins: 2.7 times as much. */
const BINS_ABOVE = 400;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/**
 * Tomorrow is like the days before it, mostly: a value comes again as it was, give or take a fifth of a hundredth; and seldom it is larger by a
 * tenth. Without that a limit would never lie above what was seen.
 */
const NEAR_DECAY = Math.exp(-BIN_LN / 0.002);
const FAR_DECAY = Math.exp(-BIN_LN / 0.1);

/** What decides how days of the past tell of tomorrow. `npm run bench -- rightsizing` chooses among such settings, on VMs that it does not score with them. */
export interface NeedSettings {
  /** What the last day's vote counts; that of the 6 days before it counts the rest of 1. */
  readonly dayVote: number;
  /** That something did not happen in some days makes it no rarer than this. */
  readonly doubt: number;
  /** How often a value comes again larger by a tenth. */
  readonly farShare: number;
}

/** What all VMs of that bench together choose. */
export const NEED: NeedSettings = { dayVote: 0.5, doubt: 0.01, farShare: 0.005 };

/** How often a machine needed how much: bins of `ln(value + 1)`, of fixed size whatever the history. The weights of each span sum to 1. */
export interface Need {
  readonly firstBin: number;
  /** Of the last day. Where one span has no value, both are of the other. */
  readonly day: Float64Array;
  /** Of the 6 days before it. */
  readonly before: Float64Array;
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
  const [day, before] = [rows.filter(({ isLastDay }) => isLastDay), rows.filter(({ isLastDay }) => !isLastDay)];
  return { firstBin, day: shares(day.length === 0 ? rows : day), before: shares(before.length === 0 ? rows : before) };
}

const valueOf = (bin: number): number => Math.expm1(bin * BIN_LN);

/** Of each limit the share of the time in which more is needed, were tomorrow like this span. */
function shortRatios(weights: Float64Array, farShare: number): number[] {
  let below = 0;
  let near = 0;
  let far = 0;
  return Array.from({ length: weights.length + BINS_ABOVE }, (_, index) => {
    const weight = weights[index] ?? 0;
    below += weight;
    near = near * NEAR_DECAY + weight;
    far = far * FAR_DECAY + weight;
    return Math.max(0, 1 - below) + (1 - farShare) * near + farShare * far;
  });
}

const logit = (ratio: number, doubt: number): number => {
  const doubted = Math.min(1 - doubt, ratio + doubt);
  return Math.log(doubted / (1 - doubted));
};

/**
 * All limits worth a thought, rising, each with the share of the time in which it would be short. The last day and the 6 days before it vote
 * by log odds: what was needed often in both will be needed again, what one of the two never saw is seldom. Their mean
 * share would let busy days outvote an idle one, and forgetting by age would make an idle day all that counts.
 */
export function limitsOf({ firstBin, day, before }: Need, { dayVote, doubt, farShare }: NeedSettings = NEED): Limit[] {
  const ofBefore = shortRatios(before, farShare);
  return shortRatios(day, farShare).map((ofDay, index) => {
    const odds = Math.exp(dayVote * logit(ofDay, doubt) + (1 - dayVote) * logit(ofBefore[index] ?? 0, doubt));
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

/** A limit is made for the next day; what is to last must have been enough at the end of each of so many days. */
const STOOD_DAYS = 3;

/** The largest limit that the ends of the last days asked for: a quiet Sunday lowers nothing. In the unit of the series; undefined without a value. */
export function lastingLimit(series: Series, { now, shortCost }: { readonly now: number; readonly shortCost: number }): number | undefined {
  const asked = Array.from({ length: STOOD_DAYS }, (_, daysAgo) => needOf(series, { now: now - daysAgo * DAY_MS }));
  const limits = asked.flatMap((need) => (need === undefined ? [] : [limitFor(need, { shortCost }).value]));
  return limits.length === 0 ? undefined : Math.max(...limits);
}

const costOf = ({ value, shortRatio }: Limit, shortCost: number): number => value + shortCost * shortRatio;
