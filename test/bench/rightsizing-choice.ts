import { cheapestOf, limitsOf, needOf, type Limit, type NeedSettings } from '../../plugins/analytics/sizing/need.ts';
import { crossFit, gridOf, leastOf } from './choose.ts';
import { added, overPercent, slackPercent, totalsOf, type Totals, type VmDay } from './rightsizing-data.ts';

/** How the bench of right-sizing chooses: settings, the cost of being short, and how much of the allowance to keep back. */

export const OVER_PERCENT_MAX = 0.55;

export const NEED_GRID = gridOf<NeedSettings>({ dayVote: [0.3, 0.5, 0.7], doubt: [0.001, 0.003, 0.01], farShare: [0.002, 0.005, 0.02] });

/** MHz. */
export const COSTS: readonly number[] = Array.from({ length: 180 }, (_, step) => 2000 * 1.05 ** step);
/** Of the allowance, that a cost may spend on the VMs that it is chosen on. */
const MARGINS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
/** Of the allowance, that margin and settings may spend on VMs left out within: the rest is for what none of these VMs has shown. */
const INNER_SHARE = 0.8;

/** A VM with what each of the grid (lines) at each cost (columns) was worth on it. */
export interface VmTrial {
  readonly vm: string;
  readonly totals: readonly (readonly Totals[])[];
}

export interface SizingChoice {
  /** Of `NEED_GRID`. */
  readonly settings: number;
  readonly margin: number;
  /** Of `COSTS`. */
  readonly cost: number;
}

/** Those that are the cheapest at some cost: few, so that many costs are soon tried. */
function hullOf(limits: readonly Limit[]): Limit[] {
  const hull: Limit[] = [];
  for (const limit of limits) {
    if (limit.shortRatio >= (hull.at(-1)?.shortRatio ?? Infinity)) continue;
    while (hull.length > 1 && isAbove(hull.at(-2) as Limit, hull.at(-1) as Limit, limit)) hull.pop();
    hull.push(limit);
  }
  return hull;
}

/** Whether the middle one lies above the line between the others: no cost would choose it. */
const isAbove = (low: Limit, middle: Limit, high: Limit): boolean =>
  (middle.value - low.value) * (low.shortRatio - high.shortRatio) >= (high.value - low.value) * (low.shortRatio - middle.shortRatio);

/** Of each cost, what the limits of these settings were worth on that day. */
function tryDay({ history, begin, uses }: VmDay, settings: NeedSettings): Totals[] {
  const need = needOf(history, { now: begin });
  const hull = need === undefined ? [] : hullOf(limitsOf(need, settings));
  const known = new Map<number, Totals>();
  return COSTS.map((cost) => {
    const { value } = cheapestOf(hull, cost);
    const totals = known.get(value) ?? totalsOf(uses, value);
    known.set(value, totals);
    return totals;
  });
}

export function tryAll(days: readonly VmDay[]): VmTrial[] {
  return [...Map.groupBy(days, ({ vm }) => vm)].map(([vm, own]) => ({
    vm,
    totals: NEED_GRID.map((settings) => {
      const ofDays = own.map((day) => tryDay(day, settings));
      return COSTS.map((_, cost) => added(ofDays.map((line) => line[cost] as Totals)));
    }),
  }));
}

export const totalsAt = ({ totals }: VmTrial, { settings, cost }: Pick<SizingChoice, 'settings' | 'cost'>): Totals =>
  totals[settings]?.[cost] as Totals;

const overAt = (trials: readonly VmTrial[], at: Pick<SizingChoice, 'settings' | 'cost'>): number =>
  overPercent(added(trials.map((trial) => totalsAt(trial, at))));

/** The least cost at which these VMs are over no more often than they may be; dearer limits are never lower, so halving finds it. The last where none is. */
export function costFor(trials: readonly VmTrial[], { settings, margin }: Pick<SizingChoice, 'settings' | 'margin'>): number {
  let [low, high] = [0, COSTS.length - 1];
  while (low < high) {
    const cost = Math.floor((low + high) / 2);
    if (overAt(trials, { settings, cost }) <= OVER_PERCENT_MAX * margin) high = cost;
    else low = cost + 1;
  }
  return low;
}

/** The least slack without any margin: what the best settings can do where nothing is held out. */
export function chooseBoldly(trials: readonly VmTrial[]): SizingChoice {
  const options = NEED_GRID.map((_, settings) => ({ settings, margin: 1, cost: costFor(trials, { settings, margin: 1 }) }));
  return leastOf(options, (option) => slackPercent(added(trials.map((trial) => totalsAt(trial, option)))));
}

/**
 * Settings and margin by VMs left out in turn among these, the cost by all of these. A cost that just keeps the allowance on some VMs breaks it on
 * others: one day of one VM that wakes up is the whole allowance of all.
 */
export function chooseCarefully(trials: readonly VmTrial[]): SizingChoice {
  const options = NEED_GRID.flatMap((_, settings) => MARGINS.map((margin) => ({ settings, margin })));
  const { settings, margin } = leastOf(options, (option) => {
    const { results } = crossFit(
      trials.map((trial) => [trial]),
      { choose: (others) => costFor(others, option), score: (trial, cost) => totalsAt(trial, { ...option, cost }) },
    );
    const held = added(results);
    const excess = overPercent(held) - INNER_SHARE * OVER_PERCENT_MAX;
    // One that does not keep it is worse than any that does.
    return excess > 0 ? 100 + excess : slackPercent(held);
  });
  return { settings, margin, cost: costFor(trials, { settings, margin }) };
}
