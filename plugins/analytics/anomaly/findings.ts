import type { Unit } from 'novacron/plugin';
import type { AnomalousMetric, Anomaly } from '../port.ts';
import type { Hit } from './reading.ts';
import type { NewAnomaly } from './store.ts';
import { findingText, fleetText, sentenceOf } from './words.ts';

/** Hits become findings: what is unusual in one VM at about the same time is one finding, and what many VMs share is one more. Pure functions. */

/** What belongs together in time. */
export const TOGETHER_MS = 30 * 60_000;

export interface Subject {
  readonly kind: 'vm' | 'host';
  readonly id: string;
  readonly name: string;
  readonly tenant: string | null;
  readonly tags: readonly string[];
}

export function metricOf(hit: Hit, { name }: Pick<Subject, 'name'>, unit: Unit): AnomalousMetric {
  const { explanation, metric, score, at } = hit;
  const { value, since, expected, range, days } = explanation;
  const text = sentenceOf(explanation, { metric, unit, name, at });
  return { metric, unit, since, value, expected, low: range.low, high: range.high, days, score, text };
}

const worstFirst = (metrics: readonly AnomalousMetric[]): AnomalousMetric[] => metrics.toSorted((a, b) => b.score - a.score);

/** What follows from the metrics of a finding. */
function summary(metrics: readonly AnomalousMetric[]): Pick<NewAnomaly, 'metrics' | 'since' | 'score' | 'text'> {
  const sorted = worstFirst(metrics);
  return { metrics: sorted, since: Math.min(...sorted.map(({ since }) => since)), score: sorted[0]?.score ?? 0, text: findingText(sorted) };
}

export const newFinding = ({ kind, id, name, tenant }: Subject, metrics: readonly AnomalousMetric[], foundAt: number): NewAnomaly => ({
  kind,
  subject: { id, name, tenant },
  foundAt,
  members: [],
  ...summary(metrics),
});

/** A finding that more metrics have joined; each is named once, at its most unusual. */
export function joined(anomaly: Anomaly, metrics: readonly AnomalousMetric[]): Anomaly {
  const all = new Map(anomaly.metrics.map((each) => [each.metric, each]));
  for (const each of metrics) if (each.score > (all.get(each.metric)?.score ?? 0)) all.set(each.metric, each);
  return { ...anomaly, ...summary([...all.values()]) };
}

/**
 * Did a person call the like of this none? Then the same metric of the same thing lies on the same side of what was expected, and not beyond
 * what was dismissed by more than a tenth.
 */
export function likeDismissed(hit: Hit, dismissed: readonly Anomaly[]): Anomaly | undefined {
  const { value, expected } = hit.explanation;
  const off = value - expected;
  return dismissed.find(({ subject, metrics }) => {
    if (subject.id !== hit.entity) return false;
    return metrics.some((known) => {
      const knownOff = known.value - known.expected;
      return known.metric === hit.metric && Math.sign(knownOff) === Math.sign(off) && Math.abs(off) <= 1.1 * Math.abs(knownOff);
    });
  });
}

export interface Fleet {
  readonly tag: string;
  readonly tenant: string | null;
  readonly found: readonly Anomaly[];
  /** How many VMs carry the tag. */
  readonly of: number;
}

/** Tags that at least `fleetMin` and at least half of whose VMs have a finding; of several tags with the same VMs the one that fits them best. */
export function fleetsOf(recent: readonly Anomaly[], subjects: readonly Subject[], fleetMin: number): Fleet[] {
  const byId = new Map(subjects.map((subject) => [subject.id, subject]));
  const carriers = new Map<string, number>();
  const found = new Map<string, Map<string, Anomaly>>();
  const keysOf = ({ tags, tenant }: Subject): string[] => tags.map((tag) => JSON.stringify([tenant, tag]));
  for (const subject of subjects) for (const key of keysOf(subject)) carriers.set(key, (carriers.get(key) ?? 0) + 1);
  for (const anomaly of recent) {
    const subject = byId.get(anomaly.subject.id);
    for (const key of subject === undefined || anomaly.kind !== 'vm' ? [] : keysOf(subject))
      found.set(key, (found.get(key) ?? new Map<string, Anomaly>()).set(anomaly.subject.id, anomaly));
  }
  const fleets = [...found].flatMap(([key, members]) => {
    const of = carriers.get(key) ?? 0;
    const [tenant, tag] = JSON.parse(key) as [string | null, string];
    return members.size >= fleetMin && members.size * 2 >= of ? [{ tag, tenant, of, found: [...members.values()] }] : [];
  });
  const covered = new Set<string>();
  return fleets
    .toSorted((a, b) => b.found.length - a.found.length || a.of - b.of || a.tag.localeCompare(b.tag))
    .filter(({ found: members }) => {
      const isNew = members.some(({ subject }) => !covered.has(subject.id));
      for (const { subject } of members) covered.add(subject.id);
      return isNew;
    });
}

/** One finding for all of a fleet; of each metric the member that shows it most. */
export function fleetFinding({ tag, tenant, found, of }: Fleet, foundAt: number): NewAnomaly {
  const metrics = new Map<string, AnomalousMetric>();
  for (const each of found.flatMap((anomaly) => anomaly.metrics))
    if (each.score > (metrics.get(each.metric)?.score ?? 0)) metrics.set(each.metric, each);
  const sorted = worstFirst([...metrics.values()]);
  return {
    kind: 'fleet',
    subject: { id: `tag:${tag}`, name: tag, tenant },
    foundAt,
    members: found.map(({ subject: { id, name } }) => ({ id, name })).toSorted((a, b) => a.name.localeCompare(b.name)),
    ...summary(sorted),
    text: fleetText({ tag, found: found.length, of }, sorted),
  };
}
