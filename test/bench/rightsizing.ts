import { cheapestOf, lastingLimit, limitsOf, needOf, type Limit } from '../../plugins/analytics/sizing/need.ts';
import { readData } from './data.ts';
import type { BenchOptions, BenchResult } from './main.ts';

/**
 * Bitbrains GWA-T-12: the CPU limit of each VM for a day, chosen from the 7 days before. Slack is what of the limits lies idle, over the share
 * of the points that need more. Days begin at each VM's first sample, and only whole ones count.
 */

const FILE = 'bitbrains/trace.csv.gz';
const DAY_MS = 86_400_000;
const HISTORY_DAYS = 7;
const OVER_PERCENT_MAX = 0.55;
const SLACK_AIM_PERCENT = 40;

interface Use {
  readonly at: number[];
  readonly value: number[];
}

interface VmDay {
  readonly vm: string;
  readonly begin: number;
  readonly history: Use;
  /** MHz. */
  readonly uses: readonly number[];
}

interface Outcome {
  readonly slackPercent: number;
  readonly overPercent: number;
}

function usesOf(text: string): Map<string, Use> {
  const vms = new Map<string, Use>();
  for (const line of text.trim().split('\n').slice(1)) {
    const [id = '', timestamp = '', , , usage] = line.split(',');
    const use = vms.get(id) ?? { at: [], value: [] };
    use.at.push(Date.parse(`${timestamp.slice(0, 19).replace(' ', 'T')}Z`));
    use.value.push(Number(usage));
    vms.set(id, use);
  }
  return vms;
}

/** Rows are in the order of time. */
const between = ({ at, value }: Use, from: number, to: number): Use => {
  const rows = at.flatMap((instant, index) => (instant >= from && instant < to ? [index] : []));
  return { at: rows.map((row) => at[row] ?? 0), value: rows.map((row) => value[row] ?? 0) };
};

function daysOf(vms: ReadonlyMap<string, Use>): VmDay[] {
  return [...vms].flatMap(([vm, use]) => {
    const days: VmDay[] = [];
    const [first = 0, last = 0] = [use.at[0], use.at.at(-1)];
    for (let begin = first + HISTORY_DAYS * DAY_MS; begin + DAY_MS <= last; begin += DAY_MS) {
      const history = between(use, begin - HISTORY_DAYS * DAY_MS, begin);
      const uses = between(use, begin, begin + DAY_MS).value;
      if (history.at.length > 0 && uses.length > 0) days.push({ vm, begin, history, uses });
    }
    return days;
  });
}

function outcome(days: readonly VmDay[], limitOf: (day: VmDay) => number): Outcome {
  let used = 0;
  let limited = 0;
  let over = 0;
  let points = 0;
  for (const day of days) {
    const limit = limitOf(day);
    points += day.uses.length;
    limited += limit * day.uses.length;
    for (const use of day.uses) {
      used += Math.min(use, limit);
      if (use > limit) over++;
    }
  }
  return { slackPercent: 100 * (1 - used / limited), overPercent: (100 * over) / points };
}

/** The least cost of being short, to 2 %, with which these days are over no more often than they may be. */
function leastShortCost(days: readonly VmDay[], limits: ReadonlyMap<VmDay, readonly Limit[]>): number {
  for (let cost = 1e3; cost < 1e9; cost *= 1.02)
    if (outcome(days, (day) => cheapestOf(limits.get(day) ?? [], cost).value).overPercent <= OVER_PERCENT_MAX) return cost;
  throw new Error('At no cost of being short are the limits kept.');
}

const row = (name: string, { slackPercent, overPercent }: Outcome) => [name, slackPercent, overPercent] as const;

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, FILE);
  if ('skipped' in data) return data.skipped;
  const vms = usesOf(data.text);
  const days = daysOf(vms);
  const limits = new Map(
    days.map((day) => {
      const need = needOf(day.history, { now: day.begin });
      return [day, need === undefined ? [] : limitsOf(need)] as const;
    }),
  );
  const ours = (shortCost: number) => (day: VmDay) => cheapestOf(limits.get(day) ?? [], shortCost).value;
  const shortCost = leastShortCost(days, limits);
  const whole = outcome(days, ours(shortCost));
  const chosenOn = [...vms.keys()].toSorted().filter((_, index) => index % 2 === 0);
  const halves = [days.filter(({ vm }) => chosenOn.includes(vm)), days.filter(({ vm }) => !chosenOn.includes(vm))] as const;
  const costs = halves.map((half) => leastShortCost(half, limits));
  const heldOut = outcome(days, (day) => ours(costs[halves[0].includes(day) ? 1 : 0] ?? shortCost)(day));
  const middle = days.map(({ begin }) => begin).toSorted((one, other) => one - other)[days.length >> 1] ?? 0;
  const costBefore = leastShortCost(
    days.filter(({ begin }) => begin < middle),
    limits,
  );
  const later = outcome(
    days.filter(({ begin }) => begin >= middle),
    ours(costBefore),
  );
  const lasting = outcome(days, ({ history, begin }) => lastingLimit(history, { now: begin, shortCost }) ?? 0);
  const max = outcome(days, ({ history }) => Math.max(...history.value));
  const hindsight = outcome(days, ({ uses }) => Math.max(...uses));
  const round = (value: number): number => Number(value.toFixed(2));
  return {
    figures: {
      vmDays: days.length,
      points: days.reduce((sum, { uses }) => sum + uses.length, 0),
      slackPercent: round(whole.slackPercent),
      overPercent: round(whole.overPercent),
      shortCostMhz: Math.round(shortCost),
      heldOutSlackPercent: round(heldOut.slackPercent),
      heldOutOverPercent: round(heldOut.overPercent),
      lastingSlackPercent: round(lasting.slackPercent),
      lastingOverPercent: round(lasting.overPercent),
      laterSlackPercent: round(later.slackPercent),
      laterOverPercent: round(later.overPercent),
      maxSlackPercent: round(max.slackPercent),
      maxOverPercent: round(max.overPercent),
      hindsightSlackPercent: round(hindsight.slackPercent),
    },
    aims: [
      {
        name: `slack at <= ${OVER_PERCENT_MAX} % of the points over, %`,
        value: round(whole.slackPercent),
        aim: `<= ${SLACK_AIM_PERCENT}`,
        met: whole.slackPercent <= SLACK_AIM_PERCENT,
      },
    ],
    tables: [
      {
        title: `Right-sizing, Bitbrains, ${vms.size} VMs, limits from the ${HISTORY_DAYS} days before`,
        columns: ['limit', 'slack %', 'over %'],
        rows: [
          row('NovaCron: capacity against being short', whole),
          row('NovaCron, each half of the VMs at the cost chosen on the other half', heldOut),
          row('NovaCron, later half of the days at the cost chosen on the earlier half', later),
          row('NovaCron, what `shrink` would leave: the limits stood for three days', lasting),
          row('largest of 7 days', max),
          row(
            'largest of 7 days x 1.1',
            outcome(days, ({ history }) => 1.1 * Math.max(...history.value)),
          ),
          row('largest of the day itself (hindsight, cannot be had)', hindsight),
        ],
      },
    ],
  };
}
