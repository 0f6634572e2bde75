import type { Reach } from '../incidents/explain.ts';
import type { Late } from '../incidents/store.ts';
import { formatSeconds } from '../rules/signals.ts';
import type { HealthLine } from './lines.ts';

/** A telling that was tried, and still waits after so long, is no hiccup. */
export const LATE_MS = 300_000;

interface Asked {
  readonly now: number;
  /** Why may name servers and channels of all tenants: only admins read it. */
  readonly isAdmin: boolean;
}

const lateLine = ({ channel, count, since, reason }: Late, { now, isAdmin }: Asked): HealthLine => ({
  area: 'people',
  name: channel,
  state: 'bad',
  text: `${count === 1 ? '1 message waits' : `${count} messages wait`}, for ${formatSeconds((now - since) / 1000)}${isAdmin && reason !== null ? `; the last try: ${reason}` : ''}`,
  next: isAdmin ? `Put the channel ${channel} right; what waits is told then.` : 'Tell an admin, and do not rely on being told meanwhile.',
});

/** Whether people learn what is wrong: messages that do not get through, and rules whose routes reach nobody. */
export function peopleLines(late: readonly Late[], reaches: readonly Reach[], asked: Asked): HealthLine[] {
  const lost = reaches.filter(({ problem }) => problem !== null);
  const [first] = lost;
  const lines = late.map((one) => lateLine(one, asked));
  if (first === undefined)
    return [...lines, { area: 'people', name: 'routes', state: 'good', text: 'every rule reaches a person', next: null }];
  const text = `${lost.length} of ${reaches.length} kinds of alerts reach nobody${asked.isAdmin ? `, such as ${first.rule}: ${first.problem ?? ''}` : ''}`;
  return [
    ...lines,
    {
      area: 'people',
      name: 'routes',
      state: lost.length === reaches.length ? 'bad' : 'warn',
      text,
      next: 'See which: route check. Then correct incidents.route in the config.',
    },
  ];
}
