import { HubError, ref, type CallContext, type View } from 'novacron/plugin';
import { z } from 'zod';
import type { Config, MonitoringTools, Needs } from '../config.ts';
import { readMatcher } from '../incidents/matchers.ts';
import { factsOf } from '../incidents/reach.ts';
import { incidentsOf } from '../incidents/runtime.ts';
import { covers, doubtsOf } from '../incidents/silences.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { formatInstant, formatUntil } from '../incidents/words.ts';
import type { Silence } from '../port.ts';
import { incidentRef } from './incident.ts';

const YEAR_SECONDS = 31_536_000;
const SHOWN_MAX = 200;

const SilenceView = z.strictObject({
  id: z.string(),
  match: z.array(z.string()),
  incident: z.string().nullable(),
  tenant: z.string().nullable(),
  owner: z.string(),
  reason: z.string(),
  startsAt: z.number(),
  endsAt: z.number(),
  state: z.enum(['pending', 'active', 'ended']),
});
type SilenceView = z.output<typeof SilenceView>;

const viewOf = ({ match, ...rest }: Silence): SilenceView => ({ ...rest, match: [...match] });

const hides = ({ incident, match }: SilenceView): string => incident ?? match.join(', ');
const row = (silence: SilenceView): string[] => [
  silence.id,
  silence.state,
  hides(silence),
  silence.owner,
  formatInstant(silence.startsAt),
  formatInstant(silence.endsAt),
  silence.reason,
];

const input = z
  .strictObject({
    match: z
      .array(z.string().refine((text) => readMatcher(text) !== undefined, 'must read like severity=warning, name=web-* or kind!=host'))
      .max(20)
      .default([])
      .meta({ title: 'What', description: 'All must fit: name=web-*, severity=warning, rule=…, kind=vm, tenant=… or a label' }),
    incident: incidentRef.optional().meta({ title: 'Only this incident', description: 'Ends when it resolves', picker: 'incident' }),
    forSeconds: z.int().min(60).max(YEAR_SECONDS).default(7200).meta({ title: 'For' }),
    startsAt: z.iso.datetime({ offset: true }).optional().meta({ title: 'From', description: 'Default: now' }),
    reason: z.string().min(1).max(300).meta({ title: 'Reason' }),
  })
  .refine(({ match, incident }) => match.length > 0 || incident !== undefined, {
    error: 'say what to silence: matchers such as name=web-*, or an incident',
    path: ['match'],
  });

const OPEN_MAX = 1000;

type Ctx = Pick<CallContext<Config, Needs>, 'services' | 'actor'>;

/** What it does, and what looks like a slip in it. */
async function effectOf(ctx: Ctx, silence: Silence): Promise<{ readonly covers: number; readonly doubts: string[] }> {
  const runtime = incidentsOf(ctx);
  const states = ['open', 'acknowledged', 'snoozed'] as const;
  const open = await runtime.store.list({ states, tenant: tenantOf(ctx.actor), rowsMax: OPEN_MAX });
  const facts = await factsOf(runtime);
  const rules = new Set(facts.map(({ rule }) => rule.id));
  const labels = new Set(facts.flatMap((fact) => Object.keys(fact.labels ?? {})));
  return { covers: open.filter((record) => covers(silence, record)).length, doubts: [...doubtsOf(silence.match, { rules, labels })] };
}

const told = (silence: SilenceView): string =>
  silence.state === 'pending'
    ? `${silence.id} will silence ${hides(silence)} from ${formatInstant(silence.startsAt)} ${formatUntil(silence.endsAt)}.`
    : `${silence.id} silences ${hides(silence)} ${formatUntil(silence.endsAt)}.`;

const createSilence = ({ action }: MonitoringTools) => ({
  'silence.create': action({
    title: 'Silence incidents for a while',
    label: 'Silence',
    help: 'Incidents go on, but nobody is told of them. Who would have been told learns that it starts and ends.',
    risk: 'change',
    input,
    output: SilenceView.extend({ covers: z.number(), doubts: z.array(z.string()) }),
    positional: ['match'],
    examples: [
      'silence create name=web-* severity=warning --for 4h --reason "kernel update"',
      'silence create --incident INC-42 --reason known',
    ],
    target: ({ incident }, actor) => (incident === undefined ? ref('tenant', actor.tenant) : ref('incident', incident)),
    async run(ctx, { match, forSeconds, startsAt, reason }) {
      const { desk } = incidentsOf(ctx);
      const now = await ctx.step('now', async () => ctx.clock.now());
      const from = startsAt === undefined ? now : Date.parse(startsAt);
      const endsAt = from + forSeconds * 1000;
      if (endsAt <= now) throw new HubError('silence_past', 'The silence would be over already. Give a later time.', { status: 400 });
      const scope = { match, incident: ctx.target?.kind === 'incident' ? ctx.target.id : null, tenant: tenantOf(ctx.actor) };
      const facts = { owner: ctx.actor.name, reason, startsAt: from, endsAt, key: ctx.id('silence') };
      const silence = await ctx.step('silence', () => desk.silence({ ...scope, ...facts }));
      return { ...viewOf(silence), ...(await ctx.step('look', () => effectOf(ctx, silence))) };
    },
    show: ({ covers, doubts, ...silence }): View => ({
      text: [
        told(silence),
        covers === 0
          ? 'No incident that is open now is hidden by it.'
          : `It hides ${covers} of the open incidents${silence.state === 'pending' ? ' then' : ''}.`,
        ...doubts.map((doubt) => `⚠️ ${doubt}`),
      ].join(' '),
    }),
  }),
});

const otherActions = ({ action }: MonitoringTools) => ({
  'silence.list': action({
    title: 'List silences',
    label: 'Silences',
    risk: 'read',
    input: z.strictObject({ all: z.boolean().default(false).meta({ title: 'All', description: 'Also those that have ended' }) }),
    output: z.array(SilenceView),
    examples: ['silence list', 'silence list --all'],
    async run(ctx, { all }) {
      const found = await incidentsOf(ctx).store.silences({ tenant: tenantOf(ctx.actor), withEnded: all, rowsMax: SHOWN_MAX });
      return found.map(viewOf);
    },
    show: (silences) => ({
      text: silences.length === 0 ? 'Nothing is silenced.' : `${silences.length} ${silences.length === 1 ? 'silence' : 'silences'}.`,
      ...(silences.length > 0 && {
        table: { columns: ['id', 'state', 'what', 'owner', 'from', 'until', 'reason'], rows: silences.map(row) },
      }),
    }),
  }),
  'silence.end': action({
    title: 'End a silence now',
    label: 'End a silence',
    help: 'What is still not good is told at once.',
    risk: 'change',
    input: z.strictObject({ silence: z.string().min(1).max(40).meta({ title: 'Silence', description: 'SIL-7', picker: 'silence' }) }),
    output: SilenceView,
    positional: ['silence'],
    examples: ['silence end SIL-7'],
    target: ({ silence }) => ref('silence', silence),
    async run(ctx) {
      const { desk, store } = incidentsOf(ctx);
      const id = ctx.target?.id ?? '';
      return ctx.step('end', async () => {
        const silence = await store.silence(id);
        return viewOf(silence?.state === 'ended' ? silence : await desk.endSilence(id));
      });
    },
    show: ({ id }) => ({ text: `${id} has ended.` }),
  }),
});

export const silenceActions = (tools: MonitoringTools) => ({ ...createSilence(tools), ...otherActions(tools) });
