import type { Silence } from '../port.ts';
import { labelsOf, matchesAll, parseMatcher } from './matchers.ts';
import { resolveTargets, type Addressee, type Way } from './policy.ts';
import { firingIn, incidentId, type Circumstances, type IncidentRecord } from './record.ts';
import { routesFor } from './routes.ts';

const LABELS_SAID_MAX = 20;

export const isActive = (silence: Silence, now: number): boolean =>
  silence.state !== 'ended' && silence.startsAt <= now && now < silence.endsAt;

/** The state that time alone gives it. */
export const stateAt = ({ startsAt, endsAt, state }: Silence, now: number): Silence['state'] => {
  if (state === 'ended' || endsAt <= now) return 'ended';
  return startsAt <= now ? 'active' : 'pending';
};

/** Whether it hides all that fires in an incident. */
export function covers(silence: Silence, record: IncidentRecord): boolean {
  if (silence.incident !== null) return silence.incident === incidentId(record.number);
  const matchers = silence.match.map(parseMatcher);
  const firing = firingIn(record);
  return (
    firing.length > 0 &&
    firing.every(
      (signal) => (silence.tenant === null || signal.subject.tenant === silence.tenant) && matchesAll(matchers, labelsOf(signal)),
    )
  );
}

/** The active silence that covers all that fires in an incident; of several, the one that lasts longest. */
export function silenceOver(record: IncidentRecord, silences: readonly Silence[], now: number): Silence | null {
  const over = silences.filter((silence) => isActive(silence, now) && covers(silence, record));
  return over.toSorted((a, b) => b.endsAt - a.endsAt)[0] ?? null;
}

const FACTS = ['rule', 'severity', 'kind', 'name', 'device', 'tenant'];
const SEVERITIES = ['info', 'warning', 'critical'];

/** What in its matchers fits nothing that is known, a sentence each: most likely a slip, after which people are woken all the same. */
export function doubtsOf(
  match: readonly string[],
  { rules, labels }: { readonly rules: ReadonlySet<string>; readonly labels: ReadonlySet<string> },
): readonly string[] {
  const known = [...FACTS, ...[...labels].filter((label) => !FACTS.includes(label))];
  return match.map(parseMatcher).flatMap(({ label, pattern }) => {
    const isExact = !pattern.includes('*');
    if (!known.includes(label))
      return [`Nothing that was told so far has a label "${label}". There are: ${known.slice(0, LABELS_SAID_MAX).join(', ')}.`];
    if (label === 'severity' && isExact && !SEVERITIES.includes(pattern))
      return [`There is no severity "${pattern}". There are: ${SEVERITIES.join(', ')}.`];
    if (label === 'rule' && isExact && !rules.has(pattern)) return [`There is no rule "${pattern}" now.`];
    return [];
  });
}

/** Who is told that a silence begins and ends: those who would have been told of what it hides, as far as its matchers say. */
export function silenceAddressees(
  { incident, match, tenant }: Silence,
  { policy, now, overrides }: Circumstances,
  audience: readonly Way[],
): readonly Addressee[] {
  if (incident !== null) return audience.map((way) => ({ ...way, person: null }));
  const exact = match.map(parseMatcher).filter(({ negated, pattern }) => !negated && !pattern.includes('*'));
  const labels = Object.fromEntries([['tenant', tenant ?? ''], ...exact.map(({ label, pattern }) => [label, pattern])]) as Record<
    string,
    string
  >;
  const targets = routesFor(policy.root, labels).flatMap(({ receiver }) => policy.receivers.get(receiver) ?? []);
  return resolveTargets(policy, targets, { at: now, overrides });
}
