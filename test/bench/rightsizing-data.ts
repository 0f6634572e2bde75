const DAY_MS = 86_400_000;
export const HISTORY_DAYS = 7;

interface Use {
  readonly at: number[];
  readonly value: number[];
}

export interface VmDay {
  readonly vm: string;
  readonly begin: number;
  readonly history: Use;
  /** MHz. */
  readonly uses: readonly number[];
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

/** Every day of every VM that has 7 days before it. Days begin at each VM's first sample, and only whole ones count. */
export function vmDaysOf(text: string): VmDay[] {
  return [...usesOf(text)].flatMap(([vm, use]) => {
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

/** What limits were worth, added up over points. */
export interface Totals {
  readonly used: number;
  readonly limited: number;
  readonly over: number;
  readonly points: number;
}

export const totalsOf = (uses: readonly number[], limit: number): Totals => ({
  used: uses.reduce((sum, use) => sum + Math.min(use, limit), 0),
  limited: limit * uses.length,
  over: uses.filter((use) => use > limit).length,
  points: uses.length,
});

export function added(all: readonly Totals[]): Totals {
  let [used, limited, over, points] = [0, 0, 0, 0];
  for (const one of all) {
    used += one.used;
    limited += one.limited;
    over += one.over;
    points += one.points;
  }
  return { used, limited, over, points };
}

export const slackPercent = ({ used, limited }: Totals): number => 100 * (1 - used / limited);
export const overPercent = ({ over, points }: Totals): number => (100 * over) / points;
