import type { SuggestedAction } from 'novacron/plugin';
import type { Incident, IncidentState, Notification, Severity, Signal, Silence, Subject, TimelineEntry } from '../port.ts';
import type { Policy, Way } from './policy.ts';
import type { Override } from './rotations.ts';

/** A signal as an incident holds it. */
export interface HeldSignal {
  readonly signal: Signal;
  /** When it began to fire, within the flapping window; the newest last. */
  readonly flips: readonly number[];
  /** Somebody resolved the incident though it fires: it is not told of again before it was good once. */
  readonly closed: boolean;
}

/** How far one route has got. */
export interface Track {
  readonly route: string;
  /** What comes next: 0 the receiver, then the steps of the escalation, then reminders. */
  readonly step: number;
  /** When; `null`: nothing more. */
  readonly nextAt: number | null;
}

/** An incident as it is kept. Plain data; every change makes a new one. */
export interface IncidentRecord {
  readonly number: number;
  /** The thing it is about, `<kind>/<id>`: one open incident each. */
  readonly root: string;
  readonly title: string;
  readonly severity: Severity;
  readonly state: IncidentState;
  readonly tenant: string | null;
  readonly subject: Subject;
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly assignee: string | null;
  readonly snoozedUntil: number | null;
  readonly signals: readonly HeldSignal[];
  /** Grows with each change that people should see. */
  readonly version: number;
  /** Grows when its tracks begin anew: part of the ids of what is told, so that a new round is no repetition of the old. */
  readonly lap: number;
  readonly lapWhy: 'opened' | 'reopened' | 'reminder' | 'escalated';
  readonly tracks: readonly Track[];
  /** Whom it was told to: they see changes and the end. */
  readonly audience: readonly Way[];
  /** Set while all its signals are good but it was flapping: when it is over. */
  readonly quietAt: number | null;
  /** The silence that it was under when it was last looked at. */
  readonly silencedBy: string | null;
  readonly mergedInto: number | null;
}

export interface Entry extends TimelineEntry {
  /** The same again is the same entry: for what may be done twice after a crash. */
  readonly key?: string;
  /** Whose it is, where an incident has things of several tenants: others do not see it. */
  readonly tenant?: string | null;
}

/** Something to be told, kept until it was taken or given up. */
export interface Telling {
  /** Follows from what it is about, so that the same one cannot be made twice. */
  readonly id: string;
  readonly about: { readonly incident: number } | { readonly silence: string };
  readonly why: Notification['why'];
  readonly channel: string;
  readonly to: string;
  readonly person: string | null;
  readonly dueAt: number;
}

/** An incident under change, with what there is to say of it. */
export interface Draft {
  record: IncidentRecord;
  readonly entries: Entry[];
  readonly tellings: Telling[];
  isChanged: boolean;
}

/** Whether a thing stands on others: the host that a VM runs on. */
export interface Topology {
  /** What it stands on, nearest first, as `<kind>/<id>`. */
  parentsOf(subject: Pick<Subject, 'kind' | 'id'>): readonly string[];
  childrenOf(subject: Pick<Subject, 'kind' | 'id'>): readonly string[];
}

/** What decisions are made from, besides the incident. */
export interface Circumstances {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly policy: Policy;
  readonly silences: readonly Silence[];
  readonly overrides: readonly Override[];
}

export const ENTRY_TEXT_LENGTH_MAX = 500;

export const rootOf = ({ kind, id }: Pick<Subject, 'kind' | 'id'>): string => `${kind}/${id}`;
export const incidentId = (number: number): string => `INC-${number}`;

export const draftOf = (record: IncidentRecord): Draft => ({ record, entries: [], tellings: [], isChanged: false });

export function change(draft: Draft, to: Partial<IncidentRecord>): void {
  draft.record = { ...draft.record, ...to };
  draft.isChanged = true;
}

/** Its messages show it as it is now. */
export const touch = (draft: Draft): void => change(draft, { version: draft.record.version + 1 });

/** Writes into the timeline; people see the incident anew. */
export function note(draft: Draft, entry: Omit<Entry, 'actor' | 'values'> & Partial<Entry>): void {
  draft.entries.push({ actor: null, values: {}, ...entry, text: entry.text.slice(0, ENTRY_TEXT_LENGTH_MAX) });
  touch(draft);
}

export const isOpen = ({ state }: Pick<IncidentRecord, 'state'>): boolean => state !== 'resolved';
export const firingIn = ({ signals }: Pick<IncidentRecord, 'signals'>): readonly Signal[] =>
  signals.flatMap(({ signal }) => (signal.state === 'firing' ? [signal] : []));

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };
export const isWorse = (one: Severity, other: Severity): boolean => RANK[one] > RANK[other];
export const worstOf = (severities: readonly Severity[], otherwise: Severity): Severity =>
  severities.reduce((worst, severity) => (isWorse(severity, worst) ? severity : worst), severities[0] ?? otherwise);

const ACTIONS_MAX = 8;

/** What is suggested by what still fires; each once. */
function suggestions(record: IncidentRecord): readonly SuggestedAction[] {
  const all = firingIn(record).flatMap(({ actions = [] }) => actions);
  return [...new Map(all.map((one) => [JSON.stringify([one.action, one.input]), one])).values()].slice(0, ACTIONS_MAX);
}

/** As others see it. */
export function incidentOf(record: IncidentRecord): Incident {
  const { title, severity, state, tenant, subject, openedAt, resolvedAt, acknowledgedBy, assignee, snoozedUntil } = record;
  const facts = { title, severity, state, tenant, subject, openedAt, resolvedAt, acknowledgedBy, assignee, snoozedUntil };
  const { silencedBy, mergedInto } = record;
  return {
    id: incidentId(record.number),
    ...facts,
    silencedBy,
    partOf: mergedInto === null ? null : incidentId(mergedInto),
    isFlapping: record.quietAt !== null,
    signals: record.signals.map(({ signal }) => signal),
    actions: suggestions(record),
  };
}
