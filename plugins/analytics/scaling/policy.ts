import type { Json } from 'novacron/plugin';

/** `shadow`: only writes down what it would do; `ask`: recommends; `act`: does it, and takes it back. */
export type Stage = 'shadow' | 'ask' | 'act';
export const STAGES = ['shadow', 'ask', 'act'] as const satisfies readonly Stage[];

/** When to act before a load comes: where the cost of being overloaded, times its chance, is above the cost of acting. */
export interface ScalingPolicy {
  /** Unique: `web-memory`. */
  readonly name: string;
  readonly tenant: string;
  /** VMs with this tag. */
  readonly tag: string;
  /** A gauge of VMs: `vm.cpuRatio`. */
  readonly metric: string;
  /** Above it a VM is overloaded, in the unit of the metric. */
  readonly limit: number;
  readonly horizonSeconds: number;
  /** In one unit of the owner's choice, for instance euros: of one overload, and of acting once. */
  readonly overloadCost: number;
  readonly actCost: number;
  /** Action, its input beside `vm`, and what takes it back; null: nothing does. */
  readonly action: string;
  readonly input: { readonly [field: string]: Json };
  readonly undo: { readonly action: string; readonly input: { readonly [field: string]: Json } } | null;
  readonly stage: Stage;
}

/** What was decided for one VM at one look, and what came: a forecast is judged when its horizon is over. */
export interface Decision {
  readonly policy: string;
  readonly vm: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly dueAt: number;
  readonly chance: number;
  readonly wouldAct: boolean;
  /** Null: not due yet, or nothing was measured. */
  readonly overloaded: boolean | null;
}

export const shouldAct = (chance: number, { overloadCost, actCost }: Pick<ScalingPolicy, 'overloadCost' | 'actCost'>): boolean =>
  chance * overloadCost > actCost;

/** What a policy's decisions were worth, in its own unit of cost. */
export interface PolicyRecord {
  readonly judged: number;
  readonly overloads: number;
  readonly foreseen: number;
  /** Acted without need. */
  readonly needless: number;
  /** Of the decisions as they were, of never acting, of always acting. */
  readonly cost: number;
  readonly neverCost: number;
  readonly alwaysCost: number;
  /** Mean squared error of the chances, and that of always saying how often it happens. */
  readonly brier: number;
  readonly climateBrier: number;
}

/** An action that was taken, or would have been, is taken to avert the overload: the most that can be known without doing it. */
export function recordOf(
  decisions: readonly Pick<Decision, 'chance' | 'wouldAct' | 'overloaded'>[],
  { overloadCost, actCost }: Pick<ScalingPolicy, 'overloadCost' | 'actCost'>,
): PolicyRecord {
  const judged = decisions.filter(({ overloaded }) => overloaded !== null);
  const count = (of: (one: (typeof judged)[number]) => boolean): number => judged.filter(of).length;
  const overloads = count(({ overloaded }) => overloaded === true);
  const foreseen = count(({ overloaded, wouldAct }) => overloaded === true && wouldAct);
  const acted = count(({ wouldAct }) => wouldAct);
  const rate = overloads / Math.max(1, judged.length);
  const error = (of: (one: (typeof judged)[number]) => number): number =>
    judged.reduce((sum, one) => sum + (of(one) - Number(one.overloaded)) ** 2, 0) / Math.max(1, judged.length);
  return {
    judged: judged.length,
    overloads,
    foreseen,
    needless: acted - foreseen,
    cost: acted * actCost + (overloads - foreseen) * overloadCost,
    neverCost: overloads * overloadCost,
    alwaysCost: judged.length * actCost,
    brier: error(({ chance }) => chance),
    climateBrier: error(() => rate),
  };
}

const JUDGED_MIN = 50;
const OVERLOADS_MIN = 5;
const COST_RATIO_MAX = 0.9;

/** The test that a policy must pass before it may go a step up; each sentence says what is missing. Empty: it passes. */
export function missingForPromotion(record: PolicyRecord): string[] {
  const { judged, overloads, cost, neverCost, alwaysCost, brier, climateBrier } = record;
  const best = Math.min(neverCost, alwaysCost);
  return [
    ...(judged < JUDGED_MIN ? [`It has ${judged} judged decisions; it needs ${JUDGED_MIN}.`] : []),
    ...(overloads < OVERLOADS_MIN ? [`It has seen ${overloads} overloads; it needs ${OVERLOADS_MIN}.`] : []),
    ...(cost > COST_RATIO_MAX * best
      ? [`Its decisions cost ${cost}; never or always acting would have cost ${best}, and it must stay below ${COST_RATIO_MAX} of that.`]
      : []),
    ...(judged > 0 && brier >= climateBrier ? ['Its chances are no better than saying each time how often it happens.'] : []),
  ];
}
