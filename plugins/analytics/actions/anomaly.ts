import { HubError, ref, type Card, type Resource } from 'novacron/plugin';
import { z } from 'zod';
import { TOGETHER_MS } from '../anomaly/findings.ts';
import { createAnomalyStore } from '../anomaly/store.ts';
import { anomalyRow, timeText } from '../anomaly/words.ts';
import type { AnalyticsTools } from '../config.ts';
import type { Anomaly } from '../port.ts';

const DAY_MS = 86_400_000;
const SHOWN_DAYS_MAX = 365;
const UNITS = ['bytes', 'seconds', 'ratio', 'count', 'bytesPerSecond', 'countPerSecond'] as const;

const AnomalyView = z.object({
  id: z.string(),
  kind: z.enum(['vm', 'host', 'fleet']),
  subject: z.object({ id: z.string(), name: z.string(), tenant: z.string().nullable() }),
  since: z.number().meta({ description: 'Epoch milliseconds' }),
  foundAt: z.number(),
  score: z.number().meta({ description: 'Powers of ten by which it is rarer than usual' }),
  text: z.string(),
  metrics: z.array(
    z.object({
      metric: z.string(),
      unit: z.enum(UNITS),
      since: z.number(),
      value: z.number(),
      expected: z.number(),
      low: z.number(),
      high: z.number(),
      days: z.number(),
      score: z.number(),
      text: z.string(),
    }),
  ),
  members: z.array(z.object({ id: z.string(), name: z.string() })),
  state: z.enum(['open', 'dismissed']),
});

const toView = ({ metrics, members, ...anomaly }: Anomaly): z.output<typeof AnomalyView> => ({
  ...anomaly,
  metrics: [...metrics],
  members: [...members],
});

const Id = z.string().min(1).max(20).meta({ title: 'Anomaly', picker: 'anomaly' });

const asResource = ({ id, subject }: Anomaly): Resource => ({
  kind: 'anomaly',
  id,
  name: id,
  tenant: subject.tenant,
  tags: [],
  owner: null,
});

const cardOf = ({ id, subject, text, state, members, metrics, foundAt }: Anomaly): Card => ({
  title: `${subject.name}: unusual`,
  subtitle: id,
  state: { text: state, tone: state === 'open' ? 'warn' : 'idle' },
  fields: [
    { label: 'What', value: text },
    { label: 'Found', value: timeText(foundAt, foundAt + DAY_MS) },
    ...metrics.slice(1).map((metric) => ({ label: 'And', value: metric.text })),
    ...(members.length > 0 ? [{ label: 'VMs', value: members.map(({ name }) => name).join(', ') }] : []),
  ],
  actions: state === 'open' ? ['anomaly.dismiss'] : [],
});

async function found(reading: Promise<Anomaly | undefined>, id: string): Promise<Anomaly> {
  const anomaly = await reading;
  if (anomaly) return anomaly;
  throw new HubError('anomaly_unknown', `There is no anomaly '${id}'.`, { status: 404 });
}

export const anomalyKind = ({ resource }: AnalyticsTools) =>
  resource({
    title: 'Anomalies',
    async get({ services }, id, { tenant }) {
      const anomaly = await createAnomalyStore(services.database).get(id);
      return anomaly && (tenant === null || anomaly.subject.tenant === tenant) ? asResource(anomaly) : undefined;
    },
    async search({ services, clock }, { text, tenant, rowsMax }) {
      const now = clock.now();
      const all = await createAnomalyStore(services.database).list({ tenant, from: now - 7 * DAY_MS, to: now + 1, states: ['open'] });
      const wanted = text.toLowerCase();
      return all
        .filter(({ id, subject }) => `${id} ${subject.name}`.toLowerCase().includes(wanted))
        .slice(0, rowsMax)
        .map(asResource);
    },
    card: async ({ services }, { id }) => cardOf(await found(createAnomalyStore(services.database).get(id), id)),
  });

const listAnomalies = ({ action }: AnalyticsTools) =>
  action({
    title: 'List what was unusual',
    label: 'Anomalies',
    help: 'Which metrics of which VMs and hosts were unusual, since when, against which past.',
    risk: 'read',
    input: z.object({
      vm: z.string().min(1).max(200).optional().meta({ title: 'VM', picker: 'vm' }),
      days: z.int().min(1).max(SHOWN_DAYS_MAX).default(7).meta({ title: 'Days', description: 'How far back' }),
      dismissed: z.boolean().default(false).meta({ title: 'Dismissed', description: 'Also those that were called none' }),
    }),
    output: z.object({ anomalies: z.array(AnomalyView), now: z.number() }),
    positional: ['vm'],
    examples: ['anomaly list', 'anomaly list web-1 --days 30'],
    async run({ services, actor, clock }, { vm, days, dismissed }) {
      const targets = vm === undefined ? undefined : [(await services.resources.get('vm', vm, actor)).id];
      const now = clock.now();
      const anomalies = await createAnomalyStore(services.database).list({
        ...(targets && { targets }),
        // Tenants are a wall; only admins look over it.
        tenant: actor.role === 'admin' ? null : actor.tenant,
        from: now - days * DAY_MS,
        to: now + 1,
        states: dismissed ? ['open', 'dismissed'] : ['open'],
      });
      return { anomalies: anomalies.map(toView), now };
    },
    show: ({ anomalies, now }, { days }) => {
      if (anomalies.length === 0) return { text: `Nothing was unusual in the last ${days === 1 ? 'day' : `${days} days`}.` };
      const text = `${anomalies.length} findings. To teach the hub that one is none: anomaly dismiss ${anomalies[0]?.id ?? ''}`;
      return { text, table: { columns: ['Id', 'Of', 'Found', 'What'], rows: anomalies.map((each) => anomalyRow(each, now)) } };
    },
  });

const dismissAnomaly = ({ action }: AnalyticsTools) =>
  action({
    title: 'Say that something is not an anomaly',
    label: 'Not an anomaly',
    help: 'The like of it, in the same metric of the same VM, is not reported again.',
    risk: 'change',
    input: z.object({ anomaly: Id }),
    output: AnomalyView,
    positional: ['anomaly'],
    examples: ['anomaly dismiss AN-17'],
    target: ({ anomaly }) => ref('anomaly', anomaly),
    async run({ services, clock, actor, step }, { anomaly: id }) {
      const store = createAnomalyStore(services.database);
      const by = { at: clock.now(), name: actor.name };
      await step('dismiss', async () => {
        const anomaly = await found(store.get(id), id);
        // What is said of a fleet is said of each of its VMs.
        const theirs = await store.list({
          targets: anomaly.members.map((member) => member.id),
          tenant: anomaly.subject.tenant,
          from: anomaly.foundAt - TOGETHER_MS,
          to: anomaly.foundAt + TOGETHER_MS,
          states: ['open'],
        });
        for (const each of [anomaly, ...theirs]) await store.dismiss(each.id, by);
      });
      return step('read', async () => toView(await found(store.get(id), id)));
    },
    show: ({ id, subject }) => ({ text: `${id} is dismissed: the like of it in ${subject.name} is not reported again.` }),
  });

export const anomalyActions = (tools: AnalyticsTools) => ({
  'anomaly.list': listAnomalies(tools),
  'anomaly.dismiss': dismissAnomaly(tools),
});
