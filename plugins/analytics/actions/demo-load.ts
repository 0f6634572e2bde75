import {
  HubError,
  type ActionContext,
  type Actions,
  type Actor,
  type Jobs,
  type Resource,
  type Resources,
  type Via,
} from 'novacron/plugin';
import { z } from 'zod';
import type { AnalyticsTools, Config, Needs } from '../config.ts';
import { DEMO_DAYS, DEMO_STEP_SECONDS, type DemoKind, type DemoRange } from '../demo/history.ts';
import { checkTables, importHistory } from '../demo/import-history.ts';

type Context = ActionContext<Config, Needs>;

const DEMO_TAG = 'demo';
const DEMO_VMS: readonly { readonly name: string; readonly kind: DemoKind }[] = [
  { name: 'demo-web', kind: 'web' },
  { name: 'demo-batch', kind: 'batch' },
  { name: 'demo-grow', kind: 'grow' },
];
/** What `vm.get` says of the machine: generated figures fit into it. */
const Size = z.object({ vcpus: z.number().min(1), memoryBytes: z.number().min(1) });
type Size = z.output<typeof Size>;

const output = z.object({
  vms: z.array(z.object({ id: z.string(), name: z.string(), created: z.boolean(), rows: z.int() })),
  days: z.int(),
});

async function findVm(resources: Resources, name: string, actor: Actor): Promise<Resource | undefined> {
  try {
    return await resources.get('vm', name, actor);
  } catch (error) {
    if (HubError.is(error) && error.code === 'vm_unknown') return undefined;
    throw error;
  }
}

function checkIsDemo(vm: Resource): void {
  if (vm.tags.includes(DEMO_TAG)) return;
  const message = `A VM '${vm.name}' exists that is not of the demo (it has no tag '${DEMO_TAG}'). Rename it first: generated history is never mixed with measured.`;
  throw new HubError('demo_name_taken', message, { status: 409 });
}

interface Call {
  readonly actor: Actor;
  readonly via: Via;
  readonly key: string;
}

async function createVm(
  { actions, jobs }: { actions: Actions; jobs: Jobs },
  name: string,
  { signal, ...call }: Call & { signal: AbortSignal },
): Promise<void> {
  const outcome = await actions.execute('vm.create', { name, tags: [DEMO_TAG] }, call);
  if (outcome.is !== 'accepted') return;
  const { state } = await jobs.wait(outcome.job.id, signal);
  if (state.is === 'succeeded') return;
  const reason = 'failure' in state ? state.failure.message : `the job is ${state.is}`;
  throw new HubError('demo_vm_failed', `The VM '${name}' was not created: ${reason}`, { status: 502 });
}

async function sizeOf({ services: { actions }, actor, via }: Context, id: string): Promise<Size> {
  const outcome = await actions.execute('vm.get', { vm: id }, { actor, via });
  const size = Size.safeParse(outcome.is === 'done' ? outcome.output : null);
  if (size.success) return size.data;
  throw new HubError('demo_vm_failed', `The size of the VM '${id}' is not known, so no history can be generated for it.`, { status: 502 });
}

interface DemoMachine extends Size {
  readonly id: string;
  readonly created: boolean;
}

/** The VM of this name, made when it is absent. Safe to call again after a crash: the key of the call is the same. */
async function ensureVm(ctx: Context, name: string, signal: AbortSignal): Promise<DemoMachine> {
  const { resources } = ctx.services;
  const known = await findVm(resources, name, ctx.actor);
  if (known === undefined) await createVm(ctx.services, name, { actor: ctx.actor, via: ctx.via, key: ctx.id(name), signal });
  const vm = known ?? (await resources.get('vm', name, ctx.actor));
  checkIsDemo(vm);
  return { id: vm.id, created: known === undefined, ...(await sizeOf(ctx, vm.id)) };
}

/** Generated history ends where measured history may begin; a VM that has some of either in the range gets no more. */
async function hasHistory(
  { services: { metrics } }: Context,
  id: string,
  { from, to, signal }: DemoRange & { signal: AbortSignal },
): Promise<boolean> {
  const frame = await metrics.query({ metric: 'vm.cpuRatio', targets: [id], from, to, stepSeconds: 86_400, aggregate: 'mean' }, signal);
  return (frame.fields[0]?.values.length ?? 0) > 1;
}

function checkAdmin({ actor }: Context): void {
  if (actor.role === 'admin') return;
  throw new HubError('permission_denied', 'Only an admin may load the demo.', { status: 403 });
}

export const demoActions = ({ action }: AnalyticsTools) => ({
  'demo.load': action({
    title: 'Load the demo: three VMs with generated history',
    label: 'Load the demo',
    help: `Makes the VMs ${DEMO_VMS.map(({ name }) => name).join(', ')} where they are absent and gives them ${DEMO_DAYS} days of generated history, labelled as such. A second call changes nothing.`,
    risk: 'change',
    input: z.object({}),
    output,
    examples: ['demo load'],
    timeoutMs: 600_000,
    show: ({ vms, days }) => ({
      text: `The demo is loaded: ${vms.map(({ name }) => name).join(', ')}, with ${days} days of generated (not measured) history. Try: forecast vm ${vms[0]?.name ?? 'demo-web'}`,
      table: {
        columns: ['VM', 'Created', 'Rows added'],
        rows: vms.map(({ name, created, rows }) => [name, created ? 'now' : 'before', String(rows)]),
      },
    }),
    async run(ctx) {
      checkAdmin(ctx);
      checkTables(ctx.services.metrics);
      // Before the VMs are made, so that generated samples never meet measured ones.
      const { to } = await ctx.step('choose the time', async () => ({
        to: Math.floor(ctx.clock.now() / (DEMO_STEP_SECONDS * 1000)) * DEMO_STEP_SECONDS * 1000,
      }));
      const from = to - DEMO_DAYS * 86_400_000;
      const vms = [];
      for (const [i, { name, kind }] of DEMO_VMS.entries()) {
        ctx.progress(i / DEMO_VMS.length, name);
        const { id, created, vcpus, memoryBytes } = await ctx.step(`create ${name}`, (signal) => ensureVm(ctx, name, signal));
        const range = { from, to };
        const has = await ctx.step(`look at the history of ${name}`, (signal) => hasHistory(ctx, id, { ...range, signal }));
        const load = (signal: AbortSignal): Promise<number> =>
          importHistory(ctx.services.metrics, { vm: { id, kind, vcpus, memoryBytes }, range }, signal);
        const rows = has ? 0 : await ctx.step(`load the history of ${name}`, load);
        vms.push({ id, name, created, rows });
      }
      return { vms, days: DEMO_DAYS };
    },
  }),
});
