import { cheapestOf, lastingLimit, limitsOf, NEED, needOf, type NeedSettings } from '../../plugins/analytics/sizing/need.ts';
import { crossFit, timesChosen } from './choose.ts';
import { readData } from './data.ts';
import { round } from './forecast-data.ts';
import type { BenchOptions, BenchResult } from './main.ts';
import {
  chooseBoldly,
  chooseCarefully,
  costFor,
  COSTS,
  NEED_GRID,
  OVER_PERCENT_MAX,
  totalsAt,
  tryAll,
  type SizingChoice,
  type VmTrial,
} from './rightsizing-choice.ts';
import { added, HISTORY_DAYS, overPercent, slackPercent, totalsOf, vmDaysOf, type Totals, type VmDay } from './rightsizing-data.ts';

/**
 * Bitbrains GWA-T-12: the CPU limit of each VM for a day, chosen from the 7 days before. Slack is what of the limits lies idle, over the share
 * of the points that need more. Each VM is scored with settings, cost and margin that the other VMs chose: one is left out at a time, since five
 * of the 24 hold nine tenths of the capacity, and a fold of several would leave too little to choose on. A quarter of a minute.
 */

const FILE = 'bitbrains/trace.csv.gz';
const SLACK_AIM_PERCENT = 40;

const settingsName = ({ dayVote, doubt, farShare }: NeedSettings): string => `vote ${dayVote}, doubt ${doubt}, far ${farShare}`;
const choiceName = ({ settings, margin }: SizingChoice): string => `${settingsName(NEED_GRID[settings] as NeedSettings)}, margin ${margin}`;

const worth = (days: readonly VmDay[], limitOf: (day: VmDay) => number): Totals =>
  added(days.map((day) => totalsOf(day.uses, limitOf(day))));

const isEven = (trials: readonly VmTrial[], { vm }: VmTrial): boolean =>
  trials
    .map((trial) => trial.vm)
    .toSorted()
    .indexOf(vm) %
    2 ===
  0;

interface Found {
  readonly heldOut: Totals;
  readonly bold: Totals;
  readonly halves: Totals;
  readonly choices: readonly SizingChoice[];
  /** What all VMs together choose: carefully, and as if nothing were held out. */
  readonly all: SizingChoice;
  readonly hindsight: SizingChoice;
}

function crossFitAll(trials: readonly VmTrial[]): Found {
  const alone = trials.map((trial) => [trial]);
  const careful = { choose: chooseCarefully, score: totalsAt };
  const { results, choices } = crossFit(alone, careful);
  const halves = [true, false].map((even) => trials.filter((trial) => isEven(trials, trial) === even));
  return {
    heldOut: added(results),
    choices,
    bold: added(crossFit(alone, { choose: chooseBoldly, score: totalsAt }).results),
    halves: added(crossFit(halves, careful).results),
    all: chooseCarefully(trials),
    hindsight: chooseBoldly(trials),
  };
}

/** The later half of the days at the cost that the earlier half needs, with the product's settings. */
function laterHalf(days: readonly VmDay[]): Totals {
  const middle = days.map(({ begin }) => begin).toSorted((one, other) => one - other)[days.length >> 1] ?? 0;
  const earlier = tryAll(days.filter(({ begin }) => begin < middle));
  const cost = COSTS[costFor(earlier, { settings: PRODUCT_INDEX, margin: 1 })] ?? 0;
  return worth(
    days.filter(({ begin }) => begin >= middle),
    ({ history, begin }) => {
      const need = needOf(history, { now: begin });
      return need === undefined ? 0 : cheapestOf(limitsOf(need), cost).value;
    },
  );
}

const PRODUCT_INDEX = NEED_GRID.findIndex((settings) => settingsName(settings) === settingsName(NEED));

const places = (totals: Totals): { readonly slackPercent: number; readonly overPercent: number } => ({
  slackPercent: round(slackPercent(totals), 2),
  overPercent: round(overPercent(totals), 3),
});
const row = (name: string, totals: Totals): string[] => [name, slackPercent(totals).toFixed(2), overPercent(totals).toFixed(3)];

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, FILE);
  if ('skipped' in data) return data.skipped;
  const startedAt = performance.now();
  const days = vmDaysOf(data.text);
  const trials = tryAll(days);
  const found = crossFitAll(trials);
  const at = (choice: Pick<SizingChoice, 'settings' | 'cost'>): Totals => added(trials.map((trial) => totalsAt(trial, choice)));
  const product = { settings: PRODUCT_INDEX, cost: costFor(trials, { settings: PRODUCT_INDEX, margin: 1 }) };
  const lasting = worth(days, ({ history, begin }) => lastingLimit(history, { now: begin, shortCost: COSTS[product.cost] ?? 0 }) ?? 0);
  const max = worth(days, ({ history }) => Math.max(...history.value));
  const foreseen = worth(days, ({ uses }) => Math.max(...uses));
  const later = laterHalf(days);
  const { heldOut, bold, halves, choices, all, hindsight } = found;
  const keeps = overPercent(heldOut) <= OVER_PERCENT_MAX;
  return {
    figures: {
      vmDays: days.length,
      points: heldOut.points,
      folds: choices.length,
      settings: NEED_GRID.length,
      ...places(heldOut),
      chosen: timesChosen(choices, choiceName),
      chosenByAll: choiceName(all),
      shortCostByAllMhz: Math.round(COSTS[all.cost] ?? 0),
      byAll: places(at(all)),
      withoutMargin: places(bold),
      halves: places(halves),
      product: { ...places(at(product)), shortCostMhz: Math.round(COSTS[product.cost] ?? 0) },
      hindsight: { ...places(at(hindsight)), settings: choiceName(hindsight) },
      later: places(later),
      lasting: places(lasting),
      max: places(max),
      foreseenSlackPercent: round(slackPercent(foreseen), 2),
      seconds: round((performance.now() - startedAt) / 1000, 1),
    },
    aims: [
      {
        name: `slack, held out, %, where at most ${OVER_PERCENT_MAX} % are over (${round(overPercent(heldOut), 3)} %)`,
        value: round(slackPercent(heldOut), 2),
        aim: `<= ${SLACK_AIM_PERCENT}`,
        met: keeps && slackPercent(heldOut) <= SLACK_AIM_PERCENT,
      },
    ],
    tables: [
      {
        title: `Right-sizing, Bitbrains, ${trials.length} VMs, limits from the ${HISTORY_DAYS} days before`,
        columns: ['limit', 'slack %', 'over %'],
        rows: [
          row('NovaCron, each VM as the other VMs chose, with a margin chosen by VMs left out within', heldOut),
          row('NovaCron, the same without a margin', bold),
          row('NovaCron, each half of the VMs as the other half chose, with a margin', halves),
          row(`NovaCron, best in hindsight (${choiceName(hindsight)})`, at(hindsight)),
          row(`NovaCron, as it ships (${settingsName(NEED)}), least cost that keeps it in hindsight`, at(product)),
          row('NovaCron, as it ships, later half of the days at the cost of the earlier half', later),
          row('NovaCron, what `shrink` would leave: as it ships, stood for three days', lasting),
          row('largest of 7 days', max),
          row(
            'largest of 7 days x 1.1',
            worth(days, ({ history }) => 1.1 * Math.max(...history.value)),
          ),
          row('largest of the day itself (cannot be known before)', foreseen),
        ],
      },
    ],
  };
}
