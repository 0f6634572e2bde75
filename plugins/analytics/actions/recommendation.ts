import { HubError, ref, type Actor } from 'novacron/plugin';
import { z } from 'zod';
import type { AnalyticsTools } from '../config.ts';
import { advisorOptions } from '../recommendations/advising.ts';
import { look } from '../recommendations/advisor.ts';
import type { KeptRecommendation, RecommendationState } from '../recommendations/recommendation.ts';
import { createRecommendationStore } from '../recommendations/store.ts';
import { asResource, recommendationCard, recommendationTable, recommendationView } from '../recommendations/views.ts';

const STATES = ['open', 'applied', 'kept', 'missed', 'dismissed', 'gone'] as const satisfies readonly RecommendationState[];
const ROWS_MAX = 200;

const Gain = z.object({ what: z.string(), unit: z.string(), expected: z.number(), low: z.number(), high: z.number() });
const Shown = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(STATES),
  subject: z.object({ kind: z.string(), id: z.string(), name: z.string(), tenant: z.string().nullable() }),
  title: z.string(),
  evidence: z.array(z.string()),
  gains: z.array(Gain),
  cost: z.string(),
  risk: z.string(),
  undo: z.string().nullable(),
  suggestion: z.object({ action: z.string(), label: z.string(), input: z.record(z.string(), z.json()) }),
  openedAt: z.number(),
  decidedAt: z.number().nullable(),
  decidedBy: z.string().nullable(),
  measured: z.object({ at: z.number(), gains: z.array(z.number().nullable()), text: z.string() }).nullable(),
});

/** Only what people are shown of it. */
const toShown = (one: KeptRecommendation): z.output<typeof Shown> => Shown.parse(one);

/** Tenants are a wall; only admins look over it. */
const tenantOf = ({ role, tenant }: Actor): string | null => (role === 'admin' ? null : tenant);

const Id = z.string().min(1).max(20).meta({ title: 'Recommendation', picker: 'recommendation' });

export const recommendationKind = ({ resource }: AnalyticsTools) =>
  resource({
    title: 'Recommendations',
    async get({ services }, id, { tenant }) {
      const one = await createRecommendationStore(services.database).get(id);
      return one && (tenant === null || one.subject.tenant === tenant) ? asResource(one) : undefined;
    },
    async search({ services }, { text, tenant, rowsMax }) {
      const all = await createRecommendationStore(services.database).list({ states: ['open', 'applied'], tenant, rowsMax: ROWS_MAX });
      return all
        .filter(({ id, title }) => `${id} ${title}`.toLowerCase().includes(text.toLowerCase()))
        .slice(0, rowsMax)
        .map(asResource);
    },
    card: async ({ services }, { id }) => recommendationCard(await found(createRecommendationStore(services.database).get(id), id)),
  });

async function found(reading: Promise<KeptRecommendation | undefined>, id: string): Promise<KeptRecommendation> {
  const one = await reading;
  if (one) return one;
  throw new HubError('recommendation_unknown', `There is no recommendation '${id}'.`, { status: 404 });
}

const listRecommendations = ({ action }: AnalyticsTools) =>
  action({
    title: 'List recommendations',
    label: 'Recommendations',
    help: 'What could be taken away, given, switched off or moved, with what it gains.',
    risk: 'read',
    input: z.object({ state: z.enum(STATES).default('open').meta({ title: 'State' }) }),
    output: z.object({ recommendations: z.array(Shown) }),
    examples: ['recommendation list', 'recommendation list --state kept'],
    async run({ services, actor }, { state }) {
      const store = createRecommendationStore(services.database);
      const all = await store.list({ states: [state], tenant: tenantOf(actor), rowsMax: ROWS_MAX });
      return { recommendations: all.map(toShown) };
    },
    show: ({ recommendations }, { state }) => ({
      text:
        recommendations.length === 0
          ? `No recommendation is ${state}.`
          : `${recommendations.length} ${state}. To see one with its reasons: recommendation show ${recommendations[0]?.id ?? ''}`,
      table: recommendationTable(recommendations as unknown as KeptRecommendation[]),
    }),
  });

const showRecommendation = ({ action }: AnalyticsTools) =>
  action({
    title: 'Show a recommendation',
    label: 'Show',
    risk: 'read',
    input: z.object({ recommendation: Id }),
    output: Shown,
    positional: ['recommendation'],
    examples: ['recommendation show REC-7'],
    target: ({ recommendation }) => ref('recommendation', recommendation),
    run: async ({ services }, { recommendation }) =>
      toShown(await found(createRecommendationStore(services.database).get(recommendation), recommendation)),
    show: (one) => recommendationView(one as unknown as KeptRecommendation),
  });

const dismissRecommendation = ({ action }: AnalyticsTools) =>
  action({
    title: 'Dismiss a recommendation',
    label: 'Dismiss',
    help: 'The same advice is not given again for a month.',
    risk: 'change',
    input: z.object({ recommendation: Id }),
    output: z.object({ id: z.string() }),
    positional: ['recommendation'],
    examples: ['recommendation dismiss REC-7'],
    target: ({ recommendation }) => ref('recommendation', recommendation),
    async run({ services, clock, actor, step }, { recommendation }) {
      await step('dismiss', async () => {
        const store = createRecommendationStore(services.database);
        if (await store.decide(recommendation, ['open'], { state: 'dismissed', at: clock.now(), by: actor.name })) return;
        const { state } = await found(store.get(recommendation), recommendation);
        if (state !== 'dismissed')
          throw new HubError('recommendation_decided', `'${recommendation}' is ${state}; only an open one can be dismissed.`, {
            status: 409,
          });
      });
      return { id: recommendation.toUpperCase() };
    },
    show: ({ id }) => ({ text: `${id} is dismissed.` }),
  });

const lookForRecommendations = ({ action }: AnalyticsTools) =>
  action({
    title: 'Look for recommendations now',
    label: 'Look now',
    help: 'The hub looks by itself every hour.',
    risk: 'change',
    input: z.object({}),
    output: z.object({ open: z.int() }),
    examples: ['recommendation look'],
    timeoutMs: 10 * 60_000,
    queue: () => 'recommendation.look',
    async run(ctx) {
      const options = advisorOptions(ctx);
      await ctx.step('look', (signal) => look(options, signal));
      return {
        open: await ctx.step('count', async () => (await options.store.list({ states: ['open'], tenant: null, rowsMax: 1_000 })).length),
      };
    },
    show: ({ open }) => ({ text: `${open} recommendations are open: recommendation list` }),
  });

const recordOfRecommendations = ({ action }: AnalyticsTools) =>
  action({
    title: 'Show how good the recommendations were',
    label: 'Record',
    help: 'Of those that were followed and watched: whether the gain that was measured lies in the promised interval.',
    risk: 'read',
    input: z.object({}),
    output: z.object({ kinds: z.array(z.object({ kind: z.string(), kept: z.int(), missed: z.int(), dismissed: z.int() })) }),
    examples: ['recommendation record'],
    async run({ services, actor }) {
      const kinds = await createRecommendationStore(services.database).record(tenantOf(actor));
      return { kinds };
    },
    show: ({ kinds }) => ({
      text: kinds.length === 0 ? 'Nothing was followed and measured yet.' : 'Followed and measured:',
      table: {
        columns: ['Kind', 'Kept', 'Missed', 'Dismissed'],
        rows: kinds.map(({ kind, kept, missed, dismissed }) => [kind, String(kept), String(missed), String(dismissed)]),
      },
    }),
  });

export const recommendationActions = (tools: AnalyticsTools) => ({
  'recommendation.list': listRecommendations(tools),
  'recommendation.show': showRecommendation(tools),
  'recommendation.dismiss': dismissRecommendation(tools),
  'recommendation.look': lookForRecommendations(tools),
  'recommendation.record': recordOfRecommendations(tools),
});
