import type { Unit } from 'novacron/plugin';
import type { AnomalousMetric, Anomaly } from '../port.ts';
import type { Hit } from './reading.ts';
import type { NewAnomaly } from './store.ts';
import { findingText, fleetText, sentenceOf, TRAITS, type Trait } from './words.ts';

/** Hits become findings: what is unusual in one VM at about the same time is one finding, and what many VMs share is one more. Pure functions. */

/** What belongs together in time. */
export const TOGETHER_MS = 30 * 60_000;

export interface Subject {
  readonly kind: 'vm' | 'host';
  readonly id: string;
  readonly name: string;
  readonly tenant: string | null;
  readonly tags: readonly string[];
  /** What a VM was made from; null: not known. */
  readonly image: string | null;
  /** Of a VM: where it is. */
  readonly host: string | null;
  /** A VM that does not run shows nothing, so it counts for no fleet. */
  readonly isUp: boolean;
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

export interface Fleet extends Common {
  readonly found: readonly Anomaly[];
  /** How many VMs have that in common. */
  readonly of: number;
}

/** What VMs have in common; tags and images within a tenant, hosts across them. */
interface Common {
  readonly trait: Trait;
  readonly name: string;
  readonly tenant: string | null;
}

const commonOf = ({ tags, image, host, tenant }: Subject): Common[] => [
  ...tags.map((name): Common => ({ trait: 'tag', name, tenant })),
  ...(image === null ? [] : [{ trait: 'image', name: image, tenant } as const]),
  ...(host === null ? [] : [{ trait: 'host', name: host, tenant: null } as const]),
];

/** A host is told to the tenant that has it alone, else to those who see all tenants. */
function tenantOf({ trait, tenant }: Common, carriers: readonly Subject[]): string | null {
  if (trait !== 'host') return tenant;
  const [first, ...others] = new Set(carriers.map((carrier) => carrier.tenant));
  return others.length === 0 ? (first ?? null) : null;
}

/**
 * What at least `fleetMin` VMs with a finding, and at least half of those that could have one, have in common. Where the same VMs have several
 * things in common it is what fits them best, and of equals what a person gave them: the tag, then the image, then the host.
 */
export function fleetsOf(recent: readonly Anomaly[], subjects: readonly Subject[], fleetMin: number): Fleet[] {
  const ofVms = new Map(recent.flatMap((anomaly) => (anomaly.kind === 'vm' ? [[anomaly.subject.id, anomaly] as const] : [])));
  const vms = subjects.filter(({ kind, id, isUp }) => kind === 'vm' && (isUp || ofVms.has(id)));
  const carriers = Map.groupBy(
    vms.flatMap((vm) => commonOf(vm).map((common) => ({ common, vm }))),
    ({ common }) => JSON.stringify(common),
  );
  const fleets = [...carriers.values()].flatMap((carrying): Fleet[] => {
    const [first] = carrying;
    const found = carrying.flatMap(({ vm }) => ofVms.get(vm.id) ?? []);
    if (first === undefined || found.length < fleetMin || found.length * 2 < carrying.length) return [];
    const all = carrying.map(({ vm }) => vm);
    return [{ ...first.common, tenant: tenantOf(first.common, all), of: carrying.length, found }];
  });
  const covered = new Set<string>();
  return fleets.toSorted(bestFirst).filter(({ found: members }) => {
    const isNew = members.some(({ subject }) => !covered.has(subject.id));
    for (const { subject } of members) covered.add(subject.id);
    return isNew;
  });
}

const bestFirst = (a: Fleet, b: Fleet): number =>
  b.found.length - a.found.length || a.of - b.of || TRAITS.indexOf(a.trait) - TRAITS.indexOf(b.trait) || a.name.localeCompare(b.name);

/** One finding for all of a fleet; of each metric the member that shows it most. */
export function fleetFinding({ trait, name, tenant, found, of }: Fleet, foundAt: number): NewAnomaly {
  const metrics = new Map<string, AnomalousMetric>();
  for (const each of found.flatMap((anomaly) => anomaly.metrics))
    if (each.score > (metrics.get(each.metric)?.score ?? 0)) metrics.set(each.metric, each);
  const sorted = worstFirst([...metrics.values()]);
  return {
    kind: 'fleet',
    subject: { id: `${trait}:${name}`, name, tenant },
    foundAt,
    members: found.map(({ subject: { id, name } }) => ({ id, name })).toSorted((a, b) => a.name.localeCompare(b.name)),
    ...summary(sorted),
    text: fleetText({ trait, name, found: found.length, of }, sorted),
  };
}
