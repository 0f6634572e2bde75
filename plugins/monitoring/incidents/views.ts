import type { Card, Json, Table, Tone, Unit } from 'novacron/plugin';
import { z } from 'zod';
import { formatValue } from '../format.ts';
import type { Incident, Severity, TimelineEntry } from '../port.ts';
import type { Told } from './store.ts';
import { formatDuration, formatInstant, formatUntil } from './words.ts';

const severity = z.enum(['info', 'warning', 'critical']);
const subject = z.strictObject({
  kind: z.string(),
  id: z.string(),
  name: z.string(),
  device: z.string().exactOptional(),
  tenant: z.string().nullable(),
});
const values = z.record(z.string(), z.number());
// Read-only, as the contract's JSON is.
const json = z.json() as z.ZodType<Json>;

/** An incident as surfaces get it: the port's, without what only channels need. */
export const IncidentView = z.strictObject({
  id: z.string(),
  title: z.string(),
  severity,
  state: z.enum(['open', 'acknowledged', 'snoozed', 'resolved']),
  tenant: z.string().nullable(),
  subject,
  openedAt: z.number(),
  resolvedAt: z.number().nullable(),
  acknowledgedBy: z.string().nullable(),
  assignee: z.string().nullable(),
  snoozedUntil: z.number().nullable(),
  silencedBy: z.string().nullable(),
  partOf: z.string().nullable(),
  isFlapping: z.boolean(),
  signals: z.array(
    z.strictObject({
      key: z.string(),
      state: z.enum(['firing', 'resolved']),
      rule: z.strictObject({ id: z.string(), title: z.string() }),
      severity,
      subject,
      since: z.number(),
      at: z.number(),
      summary: z.string(),
      values,
    }),
  ),
  actions: z.array(z.strictObject({ action: z.string(), label: z.string(), input: z.record(z.string(), json) })),
});
export type IncidentView = z.output<typeof IncidentView>;

export const incidentView = ({ signals, actions, subject, ...facts }: Incident): IncidentView => ({
  ...facts,
  subject: { ...subject },
  signals: signals.map(({ key, state, rule, severity, subject, since, at, summary, values }) => ({
    key,
    state,
    rule: { ...rule },
    severity,
    subject: { ...subject },
    since,
    at,
    summary,
    values: { ...values },
  })),
  actions: actions.map(({ action, label, input }) => ({ action, label, input: { ...input } })),
});

const KINDS = [
  'opened',
  'signal',
  'acknowledged',
  'assigned',
  'snoozed',
  'silenced',
  'escalated',
  'told',
  'action',
  'note',
  'resolved',
  'reopened',
] as const satisfies readonly TimelineEntry['kind'][];

export const TimelineView = z.array(
  z.strictObject({ at: z.number(), kind: z.enum(KINDS), text: z.string(), actor: z.string().nullable(), values }),
);

export const ToldView = z.array(
  z.strictObject({
    at: z.number(),
    why: z.string(),
    channel: z.string(),
    to: z.string(),
    person: z.string().nullable(),
    state: z.enum(['waiting', 'taken', 'failed', 'moot']),
    attempts: z.number(),
    receipt: z.string().nullable(),
    reason: z.string().nullable(),
  }),
);

export const toldView = ({
  dueAt,
  endedAt,
  why,
  channel,
  to,
  person,
  state,
  attempts,
  receipt,
  reason,
}: Told): z.output<typeof ToldView>[number] => ({
  at: endedAt ?? dueAt,
  why,
  channel,
  to,
  person,
  state,
  attempts,
  receipt,
  reason,
});

const TONES: Readonly<Record<Severity, Tone>> = { info: 'idle', warning: 'warn', critical: 'bad' };
export const SIGNS: Readonly<Record<Severity, string>> = { info: 'ℹ️', warning: '🟠', critical: '🔴' };

/** `open`, `acknowledged by admin`, `snoozed until …`, `silenced (SIL-3)` */
export function stateWords({ state, acknowledgedBy, snoozedUntil, silencedBy, isFlapping, partOf }: Incident): string {
  if (partOf !== null) return `part of ${partOf}`;
  if (state === 'resolved') return 'resolved';
  const silenced = silencedBy === null ? '' : `, silenced (${silencedBy})`;
  if (state === 'acknowledged') return `acknowledged by ${acknowledgedBy ?? 'somebody'}${silenced}`;
  if (state === 'snoozed' && snoozedUntil !== null) return `snoozed ${formatUntil(snoozedUntil)}${silenced}`;
  return `${isFlapping ? 'good for now, flapping' : 'open'}${silenced}`;
}

/** What makes sense in this state, the likeliest first. */
export function nextActions({ state }: Pick<Incident, 'state'>): readonly string[] {
  if (state === 'resolved') return ['incident.show', 'incident.note'];
  const first = state === 'acknowledged' ? [] : ['incident.acknowledge'];
  return [...first, 'incident.show', 'incident.snooze', 'silence.create', 'incident.assign', 'incident.note', 'incident.resolve'];
}

export function incidentCard(incident: Incident, now: number): Card {
  const { id, title, severity, subject, state, openedAt, resolvedAt, assignee, signals } = incident;
  const firing = signals.filter((signal) => signal.state === 'firing').length;
  const tone: Tone = state === 'resolved' ? 'good' : state === 'open' ? TONES[severity] : 'busy';
  return {
    title: `${id}: ${title}`,
    subtitle: `${severity}, ${subject.kind} ${subject.name}`,
    state: { text: stateWords(incident), tone },
    fields: [
      { label: 'Since', value: formatInstant(openedAt) },
      { label: 'For', value: formatDuration((resolvedAt ?? now) - openedAt) },
      { label: 'Signals', value: `${firing} of ${signals.length} firing` },
      ...(assignee === null ? [] : [{ label: 'Given to', value: assignee }]),
    ],
    actions: nextActions(incident),
  };
}

export function incidentTable(incidents: readonly Incident[], now: number): Table {
  const row = (incident: Incident): string[] => [
    incident.id,
    incident.severity,
    stateWords(incident),
    `${incident.subject.kind} ${incident.subject.name}`,
    formatDuration((incident.resolvedAt ?? now) - incident.openedAt),
    incident.title,
  ];
  return { columns: ['id', 'severity', 'state', 'about', 'for', 'title'], rows: incidents.map(row) };
}

/** What is in the unit of the rule's metric; other figures of a finding (a chance, a score) have none. */
const MEASURED = new Set(['value', 'of', 'limit']);

const valuesText = (values: Readonly<Record<string, number>>, unit: Unit | undefined): string =>
  Object.entries(values)
    .map(([name, value]) =>
      MEASURED.has(name) && unit !== undefined ? `${name} ${formatValue(value, unit)}` : `${name} ${Number(value.toPrecision(4))}`,
    )
    .join(', ');

/** `units`: of the metric of each rule, by its title, which the entries about it begin with. */
export const timelineTable = (entries: readonly TimelineEntry[], units: Readonly<Record<string, string>> = {}): Table => {
  const unitOf = (text: string): Unit | undefined =>
    Object.entries(units).find(([title]) => text.includes(`${title}: `))?.[1] as Unit | undefined;
  return {
    columns: ['at', 'what', 'values'],
    rows: entries.map(({ at, text, values }) => [formatInstant(at), text, valuesText(values, unitOf(text))]),
  };
};
