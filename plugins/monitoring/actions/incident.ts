import { HubError, ref, type ActionContext, type Picture, type View } from 'novacron/plugin';
import { z } from 'zod';
import type { Config, MonitoringTools, Needs } from '../config.ts';
import type { Decision } from '../incidents/decisions.ts';
import { incidentId, incidentOf, type IncidentRecord } from '../incidents/record.ts';
import { incidentsOf } from '../incidents/runtime.ts';
import { incidentNumber } from '../incidents/start.ts';
import { entriesFor, incidentFor, tenantOf } from '../incidents/tenancy.ts';
import {
  incidentCard,
  incidentTable,
  IncidentView,
  incidentView,
  SIGNS,
  stateWords,
  timelineTable,
  TimelineView,
  ToldView,
  toldView,
} from '../incidents/views.ts';
import { parseInstant } from '../range.ts';

type Context = Pick<ActionContext<Config, Needs>, 'services' | 'actor' | 'step' | 'target' | 'clock'>;

export const incidentRef = z.string().min(1).max(40).meta({ title: 'Incident', description: 'INC-42', picker: 'incident' });
const WEEK_SECONDS = 604_800;

async function recordOf({ services, target }: Pick<Context, 'services' | 'target'>): Promise<IncidentRecord> {
  const record = await incidentsOf({ services }).store.get(incidentNumber(target?.id ?? '') ?? 0);
  if (record) return record;
  throw new HubError('incident_unknown', `There is no incident '${target?.name ?? ''}' any more.`, { status: 404 });
}

/** Decides as a recorded step: after a crash it is decided again, which changes nothing. */
async function decideAs(ctx: Context, decision: Decision): Promise<IncidentView> {
  const record = await ctx.step('decide', () =>
    incidentsOf(ctx).desk.decide(incidentNumber(ctx.target?.id ?? '') ?? 0, decision, ctx.actor.name),
  );
  return incidentView(incidentFor(incidentOf(record), tenantOf(ctx.actor)));
}

/** Somebody whom the hub knows and who may see it, or whom the config says how to reach. HubError `person_unknown`. */
async function assignable(ctx: Context, name: string): Promise<void> {
  const [{ tenant }, user] = [await recordOf(ctx), await ctx.services.users.byName(name)];
  const sees = user !== undefined && (tenant === null || user.role === 'admin' || user.tenant === tenant);
  if (sees || incidentsOf(ctx).policy.people.has(name)) return;
  throw new HubError('person_unknown', `There is nobody called '${name}' who may see ${ctx.target?.name ?? 'it'}. Say a user name.`, {
    status: 404,
  });
}

const showIncident =
  (said: (view: IncidentView) => string) =>
  (view: IncidentView): View => ({ text: said(view) });

const common = { risk: 'change', output: IncidentView } as const;

const listInput = z.strictObject({
  state: z.enum(['unresolved', 'open', 'acknowledged', 'snoozed', 'resolved', 'all']).default('unresolved'),
  from: z.string().max(40).optional().meta({ title: 'From', description: '-7d, or 2026-01-31T12:00:00Z' }),
  rows: z.int().min(1).max(200).default(30).meta({ title: 'Rows', description: 'How many at most' }),
});

const listActions = ({ action }: MonitoringTools) => ({
  'incident.list': action({
    title: 'List incidents, the newest first',
    label: 'Incidents',
    risk: 'read',
    input: listInput,
    output: z.strictObject({ at: z.number(), incidents: z.array(IncidentView) }),
    positional: ['state'],
    examples: ['incident list', 'incident list all --from -7d'],
    async run({ services, actor, clock }, { state, from, rows }) {
      const tenant = tenantOf(actor);
      const states = state === 'all' ? undefined : state === 'unresolved' ? (['open', 'acknowledged', 'snoozed'] as const) : [state];
      const since = from === undefined ? {} : { from: parseInstant(from, clock.now()) };
      const records = await incidentsOf({ services }).store.list({ ...(states && { states }), ...since, tenant, rowsMax: rows });
      return { at: clock.now(), incidents: records.map((record) => incidentView(incidentFor(incidentOf(record), tenant))) };
    },
    show: ({ incidents, at }) => ({
      text: incidents.length === 0 ? 'No incidents.' : `${incidents.length} ${incidents.length === 1 ? 'incident' : 'incidents'}.`,
      ...(incidents.length > 0 && { table: incidentTable(incidents, at) }),
    }),
  }),
  'incident.show': action({
    title: 'Show an incident with its timeline',
    label: 'Show an incident',
    risk: 'read',
    input: z.strictObject({ incident: incidentRef }),
    output: z.strictObject({
      at: z.number(),
      incident: IncidentView,
      timeline: TimelineView,
      told: ToldView,
      /** Of the metric of each rule in it, by the rule's title. */
      units: z.record(z.string(), z.string()),
      picture: z
        .strictObject({ title: z.string(), alt: z.string(), mediaType: z.enum(['image/png', 'image/svg+xml']), base64: z.string() })
        .nullable(),
    }),
    positional: ['incident'],
    examples: ['incident show INC-42'],
    target: ({ incident }) => ref('incident', incident),
    async run(ctx) {
      const { store, draw } = incidentsOf(ctx);
      const [record, tenant] = [await recordOf(ctx), tenantOf(ctx.actor)];
      const entries = entriesFor(await store.timeline(record.number), tenant);
      const told = (await store.told(record.number)).filter(({ why }) => why !== 'changed').map(toldView);
      const picture: Picture | null = await draw(record, ctx.signal);
      const timeline = entries.map((entry) => ({ ...entry, values: { ...entry.values } }));
      const incident = incidentFor(incidentOf(record), tenant);
      const units = Object.fromEntries(incident.signals.flatMap(({ rule, unit }) => (unit === undefined ? [] : [[rule.title, unit]])));
      return { at: ctx.clock.now(), incident: incidentView(incident), timeline, told, units, picture };
    },
    show: ({ incident, timeline, picture, units, at }) => ({
      text: `${SIGNS[incident.severity]} ${incident.id}: ${incident.title} (${stateWords(incident)})`,
      card: incidentCard(incident, at),
      table: timelineTable(timeline, units),
      ...(picture && { pictures: [picture] }),
      suggestions: incident.state === 'resolved' ? [] : incident.actions,
    }),
  }),
});

const decideActions = ({ action }: MonitoringTools) => ({
  'incident.acknowledge': action({
    ...common,
    title: 'Acknowledge an incident',
    label: 'Acknowledge',
    help: 'You take it: it does not escalate any more, and there are no reminders.',
    input: z.strictObject({ incident: incidentRef }),
    positional: ['incident'],
    examples: ['incident acknowledge INC-42'],
    target: ({ incident }) => ref('incident', incident),
    run: (ctx) => decideAs(ctx, { is: 'acknowledge' }),
    show: showIncident(({ id, acknowledgedBy }) => `${id} is acknowledged by ${acknowledgedBy}.`),
  }),
  'incident.assign': action({
    ...common,
    title: 'Give an incident to somebody',
    label: 'Assign',
    help: 'They are told, if the config says how to reach them.',
    output: IncidentView.extend({ told: z.boolean() }),
    input: z.strictObject({
      incident: incidentRef,
      to: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'must be a user name')
        .meta({ title: 'To', description: 'User name' }),
    }),
    positional: ['incident', 'to'],
    examples: ['incident assign INC-42 operator'],
    target: ({ incident }) => ref('incident', incident),
    async run(ctx, { to }) {
      await ctx.step('find', () => assignable(ctx, to));
      return { ...(await decideAs(ctx, { is: 'assign', to })), told: incidentsOf(ctx).policy.people.has(to) };
    },
    show: ({ id, assignee, told }): View => ({
      text: told
        ? `${id} is given to ${assignee}, who is told.`
        : `${id} is given to ${assignee}. The config says of no way to reach them (incidents.people), so tell them yourself.`,
    }),
  }),
  'incident.snooze': action({
    ...common,
    title: 'Snooze an incident',
    label: 'Snooze',
    help: 'Nobody is told for a while. When it is still not good then, everybody is told again.',
    input: z.strictObject({
      incident: incidentRef,
      forSeconds: z.int().min(60).max(WEEK_SECONDS).default(3600).meta({ title: 'For' }),
    }),
    positional: ['incident'],
    examples: ['incident snooze INC-42 --for 2h'],
    target: ({ incident }) => ref('incident', incident),
    async run(ctx, { forSeconds }) {
      const until = await ctx.step('until', async () => ctx.clock.now() + forSeconds * 1000);
      return decideAs(ctx, { is: 'snooze', until });
    },
    show: showIncident((view) => `${view.id} is ${stateWords(view)}.`),
  }),
});

const closeActions = ({ action }: MonitoringTools) => ({
  'incident.note': action({
    ...common,
    title: 'Write a note into the timeline of an incident',
    label: 'Write a note',
    input: z.strictObject({ incident: incidentRef, text: z.string().min(1).max(500).meta({ title: 'Note' }) }),
    positional: ['incident', 'text'],
    examples: ['incident note INC-42 "the disk is on order"'],
    target: ({ incident }) => ref('incident', incident),
    run: (ctx, { text }) => decideAs(ctx, { is: 'note', text, key: ctx.id('note') }),
    show: showIncident(({ id }) => `Noted in ${id}.`),
  }),
  'incident.resolve': action({
    ...common,
    title: 'Resolve an incident',
    label: 'Resolve',
    help: 'What still fires then is not told of again before it was good once.',
    input: z.strictObject({ incident: incidentRef, reason: z.string().max(400).default('').meta({ title: 'Reason' }) }),
    positional: ['incident', 'reason'],
    examples: ['incident resolve INC-42 "the rule was wrong"'],
    target: ({ incident }) => ref('incident', incident),
    run: (ctx, { reason }) => decideAs(ctx, { is: 'resolve', reason }),
    show: showIncident(({ id }) => `${id} is resolved.`),
  }),
});

const raiseAction = ({ action }: MonitoringTools) => ({
  'incident.raise': action({
    ...common,
    title: 'Raise an incident by hand',
    label: 'Raise an incident',
    help: 'For what no rule sees. It ends with: incident resolve. Who may do this may also send alerts from Prometheus and Grafana.',
    output: z.strictObject({ key: z.string(), incident: z.string().nullable() }),
    input: z.strictObject({
      title: z.string().min(1).max(300).meta({ title: 'What is wrong' }),
      severity: z.enum(['info', 'warning', 'critical']).default('warning'),
    }),
    positional: ['title', 'severity'],
    examples: ['incident raise "customers cannot sign in" critical'],
    target: (_, actor) => ref('tenant', actor.tenant),
    async run(ctx, { title, severity }) {
      const id = ctx.id('incident');
      await ctx.step('raise', async () => {
        const at = ctx.clock.now();
        const subject = { kind: 'manual', id, name: ctx.actor.name, tenant: ctx.actor.tenant };
        const facts = { rule: { id: 'manual', title: `Raised by ${ctx.actor.name}` }, summary: title, values: {}, since: at, at };
        await incidentsOf(ctx).raise([{ key: `manual/${id}`, state: 'firing', severity, subject, ...facts }]);
      });
      return ctx.step('look', async () => {
        const [made] = await incidentsOf(ctx).store.list({ subject: { kind: 'manual', id }, tenant: tenantOf(ctx.actor), rowsMax: 1 });
        return { key: `manual/${id}`, incident: made === undefined ? null : incidentId(made.number) };
      });
    },
    show: ({ incident }) => ({ text: `${incident ?? 'It'} is raised. Those whom the routes name are told now.` }),
  }),
});

export const incidentActions = (tools: MonitoringTools) => ({
  ...listActions(tools),
  ...decideActions(tools),
  ...closeActions(tools),
  ...raiseAction(tools),
});
