import type { Channel } from '../port.ts';
import { labelsOf } from './matchers.ts';
import { onCall, type Override } from './rotations.ts';
import type { Policy, Target } from './policy.ts';
import { incidentId, type IncidentRecord } from './record.ts';
import { judgeRoutes, routesFor, type Route, type Verdict } from './routes.ts';
import type { RuleFacts } from './runtime.ts';
import type { Told } from './store.ts';
import { formatInstant, formatUntil } from './words.ts';

/** All whom a route may tell, sooner or later. */
export const targetsOf = ({ receivers, escalations }: Policy, { receiver, escalation }: Route): readonly Target[] => [
  ...(receivers.get(receiver) ?? []),
  ...((escalation === null ? undefined : escalations.get(escalation)) ?? []).flatMap(({ tell }) => tell),
];

const isMeant = (policy: Policy, target: Target, { person, at, overrides }: Asked): boolean => {
  if (target.is === 'person') return target.person === person;
  if (target.is !== 'rotation') return false;
  const rotation = policy.rotations.get(target.rotation);
  return rotation !== undefined && onCall(rotation, target.rotation, { at, overrides }) === person;
};

interface Asked {
  readonly person: string;
  readonly at: number;
  readonly overrides: readonly Override[];
}

const matcherText = ({ failed }: Verdict): string => (failed ? `${failed.label}${failed.negated ? '!=' : '='}${failed.pattern}` : '');

const verdictSentence = (verdict: Verdict): string => {
  const { route, fits, takes } = verdict;
  if (!fits) return `Route ${route.name} does not fit: it asks for ${matcherText(verdict)}.`;
  return takes ? `Route ${route.name} fits and has it (receiver ${route.receiver}).` : `Route ${route.name} fits; a route below it has it.`;
};

const toldSentence = ({ why, channel, to, state, endedAt, dueAt, attempts, receipt, reason }: Told): string => {
  const where = `${why}, by ${channel} (${to})`;
  switch (state) {
    case 'taken':
      return `Told at ${formatInstant(endedAt ?? dueAt)}: ${where}; taken as ${receipt ?? 'something without a receipt'}.`;
    case 'failed':
      return `Not told, given up after ${attempts} tries: ${where}. ${reason ?? ''}`;
    case 'moot':
      return `Not told: ${where}. ${reason ?? ''}`;
    case 'waiting':
      return `Waits ${formatUntil(dueAt)}: ${where}.${reason === null ? '' : ` The last try: ${reason}`}`;
  }
};

/** What keeps the rest of its steps from being done. */
function holdSentence({ state, acknowledgedBy, snoozedUntil, silencedBy, tracks }: IncidentRecord): string {
  if (state === 'resolved') return 'It is resolved, so nothing more is told.';
  if (state === 'acknowledged') return `${acknowledgedBy ?? 'Somebody'} has acknowledged it, so it does not escalate.`;
  if (state === 'snoozed') return `It is snoozed ${formatUntil(snoozedUntil ?? 0)}; until then nobody is told.`;
  if (silencedBy !== null) return `It is silenced by ${silencedBy}; until that ends nobody is told.`;
  const next = tracks.flatMap(({ nextAt }) => nextAt ?? []);
  return next.length === 0 ? 'All steps of its routes are done.' : `The next step is due at ${formatInstant(Math.min(...next))}.`;
}

export interface Explanation {
  readonly told: boolean;
  readonly sentences: readonly string[];
}

/** Why did this person (not) get this? */
export function explainRoutes(policy: Policy, record: IncidentRecord, asked: Asked & { readonly told: readonly Told[] }): Explanation {
  const { person, told } = asked;
  const signals = record.signals.map(({ signal }) => signal);
  const first = signals.find(({ state }) => state === 'firing') ?? signals[0];
  const verdicts = first ? judgeRoutes(policy.root, labelsOf(first)) : [];
  const routes = [
    ...new Map(signals.flatMap((signal) => routesFor(policy.root, labelsOf(signal))).map((route) => [route.name, route])).values(),
  ];
  const meaning = routes.filter((route) => targetsOf(policy, route).some((target) => isMeant(policy, target, asked)));
  const ways = policy.people.get(person) ?? [];
  const theirs = told.filter((one) => one.person === person || ways.some(({ channel, to }) => channel === one.channel && to === one.to));
  const named = `The routes that have ${incidentId(record.number)} (${routes.map(({ name }) => name).join(', ') || 'none'})`;
  const places = [
    ...new Set(told.filter((one) => one.person === null && one.state === 'taken').map(({ channel, to }) => `${channel} ${to}`)),
  ];
  return {
    told: theirs.some(({ state, why }) => state === 'taken' && why !== 'changed'),
    sentences: [
      ...theirs.filter(({ why }) => why !== 'changed').map(toldSentence),
      ...(ways.length === 0 ? [`The config says under people of no way to reach ${person}.`] : []),
      meaning.length > 0
        ? `${named} name ${person}, by person or because they are on call now.`
        : `${named} do not name ${person}, neither by person nor by who is on call now.`,
      ...(places.length > 0 ? [`Everybody in ${places.join(', ')} was told.`] : []),
      holdSentence(record),
      ...verdicts.map(verdictSentence),
    ],
  };
}

export interface Reach {
  readonly rule: string;
  readonly severity: string;
  readonly kind: string;
  readonly routes: readonly string[];
  /** Who is reached, in words. */
  readonly reaches: readonly string[];
  /** What is wrong; `null`: it reaches a person. */
  readonly problem: string | null;
}

/** Where people read; a webhook is read by programs. */
const READ_BY_PEOPLE = new Set(['slack', 'email']);

function reachOf(policy: Policy, target: Target, channels: ReadonlyMap<string, Channel>): { words: string; problem: string | null } {
  const wayProblem = ({ channel }: { channel: string }): string | null => {
    if (!channels.has(channel)) return `there is no channel "${channel}" now`;
    return READ_BY_PEOPLE.has(channel) ? null : `"${channel}" is read by programs`;
  };
  if (target.is === 'way') return { words: `${target.way.channel} ${target.way.to}`, problem: wayProblem(target.way) };
  const people = target.is === 'person' ? [target.person] : (policy.rotations.get(target.rotation)?.people ?? []);
  const problems = people.flatMap((person) => {
    const ways = (policy.people.get(person) ?? []).map(wayProblem);
    return ways.includes(null) ? [] : [`${person}: ${ways[0] ?? 'no way to reach them'}`];
  });
  const words = target.is === 'person' ? target.person : `rotation ${target.rotation} (${people.join(', ')})`;
  return { words, problem: problems.length > 0 ? problems.join('; ') : null };
}

/** Does what this rule says reach a person? */
export function checkReach(policy: Policy, facts: RuleFacts, channels: ReadonlyMap<string, Channel>): Reach {
  const routes = routesFor(policy.root, labelsOf(facts));
  const found = routes.flatMap((route) => targetsOf(policy, route)).map((target) => reachOf(policy, target, channels));
  const good = found.filter(({ problem }) => problem === null);
  return {
    rule: facts.rule.id,
    severity: facts.severity,
    kind: facts.subject.kind,
    routes: routes.map(({ name }) => name),
    reaches: [...new Set(good.map(({ words }) => words))],
    problem: good.length > 0 ? null : found.map(({ words, problem }) => `${words}: ${problem}`).join('; ') || 'nobody is named',
  };
}
