import { HubError, ref, type Actor, type Metric, type Resolved } from 'novacron/plugin';
import { z } from 'zod';
import type { VmStatus } from '../../hypervisor/port.ts';
import type { AnalyticsTools, Needs } from '../config.ts';
import { missingForPromotion, recordOf, STAGES, type PolicyRecord, type ScalingPolicy, type Stage } from '../scaling/policy.ts';
import { scale } from '../scaling/scaler.ts';
import { scalerOptions } from '../scaling/scaling.ts';
import { createScalingStore } from '../scaling/store.ts';

const Name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'A name is lower case letters, digits and dashes.')
  .meta({ title: 'Policy' });
const Call = z
  .string()
  .max(2_000)
  .transform((text, ctx) => {
    try {
      return z.record(z.string(), z.json()).parse(JSON.parse(text));
    } catch {
      ctx.addIssue({ code: 'custom', message: 'The input is a JSON object: {"size":"20G"}.' });
      return z.NEVER;
    }
  });

const ShownRecord = z.object({
  judged: z.int(),
  overloads: z.int(),
  foreseen: z.int(),
  needless: z.int(),
  cost: z.number(),
  neverCost: z.number(),
  alwaysCost: z.number(),
  brier: z.number(),
  climateBrier: z.number(),
});
const Shown = z.object({
  name: z.string(),
  tag: z.string(),
  metric: z.string(),
  limit: z.number(),
  horizonSeconds: z.int(),
  overloadCost: z.number(),
  actCost: z.number(),
  action: z.string(),
  stage: z.enum(STAGES),
  record: ShownRecord,
  /** What is missing for the next step; empty: it may go up. */
  missing: z.array(z.string()),
});

const next = (stage: Stage): Stage | undefined => STAGES[STAGES.indexOf(stage) + 1];

/** What acts by itself must be able to take it back. */
const missingFor = ({ stage, undo }: ScalingPolicy, record: PolicyRecord): string[] => [
  ...missingForPromotion(record),
  ...(next(stage) === 'act' && undo === null
    ? ['It has no action that takes back what it does: delete it and create it with --undo-action.']
    : []),
];

async function shown({ services }: Services, policy: ScalingPolicy): Promise<z.output<typeof Shown>> {
  const record: PolicyRecord = recordOf(await createScalingStore(services.database).decisions(policy), policy);
  return Shown.parse({ ...policy, record, missing: missingFor(policy, record) });
}

interface Services {
  readonly services: Pick<Resolved<Needs>, 'database'>;
}

const target = (_: unknown, { tenant }: Actor) => ref('tenant', tenant);

/** A slip here is noticed only when the load comes. */
function checkLimit(declared: ReadonlyMap<string, Metric>, { metric, limit }: Pick<ScalingPolicy, 'metric' | 'limit'>): void {
  const known = declared.get(metric);
  if (known === undefined)
    throw new HubError('metric_unknown', `There is no metric '${metric}'. For instance: vm.cpuRatio, vm.memoryUsedRatio.`, { status: 422 });
  if (known.unit !== 'ratio' || limit < 1) return;
  throw new HubError('scaling_limit_never', `${metric} is a share between 0 and 1 and never above ${limit}. For 85 % say 0.85.`, {
    status: 422,
  });
}

const createPolicy = ({ action }: AnalyticsTools) =>
  action({
    title: 'Create a scaling policy',
    label: 'Create a policy',
    help: 'Acts before an overload comes, where its chance times its cost is above the cost of acting. It begins in shadow: it only writes down what it would do.',
    risk: 'change',
    input: z.object({
      name: Name,
      tag: z.string().min(1).max(100).meta({ title: 'Tag', description: 'VMs with this tag' }),
      metric: z
        .string()
        .regex(/^vm\.[A-Za-z.]+$/)
        .default('vm.cpuRatio')
        .meta({ title: 'Metric' }),
      limit: z.number().meta({ title: 'Limit', description: 'Above it a VM is overloaded' }),
      horizonSeconds: z
        .int()
        .min(600)
        .max(7 * 86_400)
        .default(3600)
        .meta({ title: 'Horizon' }),
      overloadCost: z.number().positive().meta({ title: 'Cost of an overload' }),
      actCost: z.number().positive().meta({ title: 'Cost of acting' }),
      action: z.string().max(100).meta({ title: 'Action', description: 'vm.disk.grow' }),
      input: Call.default({}).meta({ title: 'Its input', description: 'JSON, without the VM: {"size":"20G"}' }),
      undoAction: z.string().max(100).optional().meta({ title: 'Action that takes it back' }),
      undoInput: Call.default({}).meta({ title: 'Its input' }),
    }),
    output: Shown.extend({ vms: z.int() }),
    positional: ['name'],
    examples: ['scaling create web-load --tag web --limit 0.85 --overload-cost 50 --act-cost 2 --action vm.resume'],
    target,
    async run(ctx, { undoAction, undoInput, ...given }) {
      const { actions, database } = ctx.services;
      checkLimit(ctx.services.metrics.declared(), given);
      for (const id of [given.action, ...(undoAction === undefined ? [] : [undoAction])]) actions.describe(id, ctx.actor);
      const undo = undoAction === undefined ? null : { action: undoAction, input: undoInput };
      const policy: ScalingPolicy = { ...given, undo, tenant: ctx.actor.tenant, stage: 'shadow' };
      await ctx.step('keep', () => createScalingStore(database).create(policy, ctx.clock.now()));
      const vms = ctx.services.hypervisor?.vms() ?? [];
      const isMeant = (vm: VmStatus): boolean => vm.tenant === policy.tenant && vm.tags.includes(policy.tag) && vm.state === 'running';
      return ctx.step('show', async () => ({ ...(await shown(ctx, policy)), vms: vms.filter(isMeant).length }));
    },
    show: ({ name, tag, vms }) => ({
      text: `Policy ${name} is in shadow: what it would do is written down and judged. See: scaling show ${name}. ${vms === 0 ? `No VM that runs now has the tag '${tag}'.` : `${vms === 1 ? '1 VM that runs has' : `${vms} VMs that run have`} the tag '${tag}' now.`}`,
    }),
  });

const listPolicies = ({ action }: AnalyticsTools) =>
  action({
    title: 'List scaling policies',
    label: 'Scaling policies',
    risk: 'read',
    input: z.object({}),
    output: z.object({ policies: z.array(Shown) }),
    examples: ['scaling list'],
    target,
    async run(ctx) {
      const policies = await createScalingStore(ctx.services.database).policies(ctx.actor.tenant);
      return { policies: await Promise.all(policies.map((policy) => shown(ctx, policy))) };
    },
    show: ({ policies }) => ({
      text:
        policies.length === 0
          ? 'There is no scaling policy yet: scaling create'
          : policies.length === 1
            ? '1 scaling policy.'
            : `${policies.length} scaling policies.`,
      table: {
        columns: ['Policy', 'Stage', 'Judged', 'Foreseen', 'Needless', 'Cost', 'Never', 'Always'],
        rows: policies.map(({ name, stage, record: { judged, foreseen, overloads, needless, cost, neverCost, alwaysCost } }) => [
          name,
          stage,
          String(judged),
          `${foreseen} of ${overloads}`,
          String(needless),
          String(cost),
          String(neverCost),
          String(alwaysCost),
        ]),
      },
    }),
  });

const showPolicy = ({ action }: AnalyticsTools) =>
  action({
    title: 'Show a scaling policy and its record',
    label: 'Show',
    risk: 'read',
    input: z.object({ name: Name }),
    output: Shown,
    positional: ['name'],
    examples: ['scaling show web-load'],
    target,
    run: async (ctx, { name }) => shown(ctx, await createScalingStore(ctx.services.database).policy(ctx.actor.tenant, name)),
    show: ({ name, stage, record, missing, actCost, overloadCost, metric, limit }) => ({
      text:
        stage === 'act'
          ? `Policy ${name} acts by itself.`
          : missing.length === 0
            ? `Policy ${name} has passed the test: scaling promote ${name}`
            : `Policy ${name} stays in ${stage}. ${missing.join(' ')}`,
      card: {
        title: name,
        state: { text: stage, tone: stage === 'act' ? 'good' : 'busy' },
        fields: [
          { label: 'Acts when', value: `chance of ${metric} > ${limit} is above ${(actCost / overloadCost).toFixed(2)}` },
          {
            label: 'Judged',
            value: `${record.judged}, overloads foreseen ${record.foreseen} of ${record.overloads}, needless ${record.needless}`,
          },
          { label: 'Cost', value: `${record.cost}; never acting ${record.neverCost}, always ${record.alwaysCost}` },
          { label: 'Brier score', value: `${record.brier.toFixed(3)}; of the plain frequency ${record.climateBrier.toFixed(3)}` },
        ],
        actions: [],
      },
    }),
  });

const promotePolicy = ({ action }: AnalyticsTools) =>
  action({
    title: 'Let a scaling policy go a step up',
    label: 'Promote',
    help: 'From shadow to asking, from asking to acting; only after its own record has passed the test.',
    risk: 'disrupt',
    input: z.object({ name: Name }),
    output: Shown,
    positional: ['name'],
    examples: ['scaling promote web-load'],
    target,
    async plan(ctx, { name }) {
      const policy = await createScalingStore(ctx.services.database).policy(ctx.actor.tenant, name);
      const stage = await promotable(ctx, policy);
      const what = stage === 'act' ? `It does ${policy.action} by itself from then on.` : 'It recommends from then on.';
      return { sentences: [`Policy '${name}' goes from ${policy.stage} to ${stage}.`, what], facts: { name, stage } };
    },
    async run(ctx, { name }) {
      const store = createScalingStore(ctx.services.database);
      const policy = await store.policy(ctx.actor.tenant, name);
      const stage = await ctx.step('test', () => promotable(ctx, policy));
      await ctx.step('promote', () => store.setStage(policy, stage, ctx.clock.now()));
      return ctx.step('show', () => shown(ctx, { ...policy, stage }));
    },
    show: ({ name, stage }) => ({ text: `Policy ${name} is in stage ${stage} now; its record begins again.` }),
  });

/** HubError `scaling_test_failed` says what is missing. */
async function promotable({ services }: Services, policy: ScalingPolicy): Promise<Stage> {
  const stage = next(policy.stage);
  if (stage === undefined) throw new HubError('scaling_test_failed', `Policy '${policy.name}' acts already.`, { status: 409 });
  const missing = missingFor(policy, recordOf(await createScalingStore(services.database).decisions(policy), policy));
  if (missing.length === 0) return stage;
  throw new HubError('scaling_test_failed', `Policy '${policy.name}' has not passed the test. ${missing.join(' ')}`, { status: 409 });
}

const demotePolicy = ({ action }: AnalyticsTools) =>
  action({
    title: 'Put a scaling policy back into shadow',
    label: 'Back into shadow',
    help: 'What it has done and not taken back is taken back at the next look.',
    risk: 'change',
    input: z.object({ name: Name }),
    output: z.object({ name: z.string(), inForce: z.int() }),
    positional: ['name'],
    examples: ['scaling demote web-load'],
    target,
    async run(ctx, { name }) {
      const store = createScalingStore(ctx.services.database);
      const policy = await store.policy(ctx.actor.tenant, name);
      await ctx.step('demote', () => store.setStage(policy, 'shadow', ctx.clock.now()));
      return { name, inForce: await ctx.step('count', async () => (await store.inForce(policy)).length) };
    },
    show: ({ name, inForce }) => ({
      text: `Policy ${name} is in shadow again.${inForce === 0 ? '' : ` What it has done to ${inForce === 1 ? '1 VM' : `${inForce} VMs`} is taken back at the next look.`}`,
    }),
  });

const deletePolicy = ({ action }: AnalyticsTools) =>
  action({
    title: 'Delete a scaling policy and its record',
    label: 'Delete',
    risk: 'change',
    input: z.object({ name: Name }),
    output: z.object({ name: z.string() }),
    positional: ['name'],
    examples: ['scaling delete web-load'],
    target,
    async run(ctx, { name }) {
      const store = createScalingStore(ctx.services.database);
      await ctx.step('delete', async () => {
        const left = await store.inForce({ tenant: ctx.actor.tenant, name });
        if (left.length > 0)
          throw new HubError(
            'scaling_in_force',
            `Policy '${name}' has acted on ${left.length === 1 ? '1 VM' : `${left.length} VMs`} and not taken that back. First: scaling demote ${name}; it is taken back at the next look (scaling look).`,
            { status: 409 },
          );
        await store.remove(ctx.actor.tenant, name);
      });
      return { name };
    },
    show: ({ name }) => ({ text: `Policy ${name} is deleted.` }),
  });

const lookAtPolicies = ({ action }: AnalyticsTools) =>
  action({
    title: 'Follow all scaling policies now',
    label: 'Look now',
    help: 'The hub does it by itself every few minutes.',
    risk: 'change',
    input: z.object({}),
    output: z.object({ policies: z.int() }),
    examples: ['scaling look'],
    timeoutMs: 10 * 60_000,
    queue: () => 'scaling.look',
    async run(ctx) {
      const options = scalerOptions(ctx);
      await ctx.step('look', (signal) => scale(options, signal));
      return { policies: await ctx.step('count', async () => (await options.store.policies(null)).length) };
    },
    show: ({ policies }) => ({ text: `${policies} scaling policies were followed.` }),
  });

export const scalingActions = (tools: AnalyticsTools) => ({
  'scaling.create': createPolicy(tools),
  'scaling.list': listPolicies(tools),
  'scaling.show': showPolicy(tools),
  'scaling.promote': promotePolicy(tools),
  'scaling.demote': demotePolicy(tools),
  'scaling.delete': deletePolicy(tools),
  'scaling.look': lookAtPolicies(tools),
});
