import { ref, type Action, type ActionContext, type Resource } from 'novacron/plugin';
import { z } from 'zod';
import type { HypervisorConfig } from '../config.ts';
import { findDomain, isOff } from '../domains.ts';
import { linkOf } from '../host-link.ts';
import type { Trash, VmMetadata } from '../metadata.ts';
import { isVmVolume, trashNameOf, vmRef } from '../names.ts';
import { poolOf, removeVolume, volumesOf } from '../pool.ts';
import {
  domainAt,
  entryOf,
  hostOf,
  managedVm,
  runtimeOf,
  type HypervisorTools,
  type Runtime,
  type VmAddress,
  type needs,
} from '../runtime.ts';
import { isTrashed } from '../inventory.ts';
import { ensureDomainName, ensureOff, ensureRunning, metadataFor, stopGently, undefine, writeMetadata } from '../vm-ops.ts';
import { diskFacts, diskSentence, planOf, type DiskFacts } from './plans.ts';
import { letGo } from './power.ts';

const TIMEOUT_MS = 15 * 60_000;
const HOLD_MS = TIMEOUT_MS + 15 * 60_000;

const Input = z.object({
  vm: vmRef,
  purge: z.boolean().default(false).meta({ title: 'Purge', description: 'Delete its disks as well; there is no way back' }),
});

const Output = z.object({
  id: z.string(),
  name: z.string(),
  purged: z.boolean(),
  /** Epoch milliseconds after which the trash is emptied; null when it was purged. */
  purgeAt: z.number().nullable(),
});

type Context = ActionContext<HypervisorConfig, typeof needs>;

export const deleteVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Delete a VM',
    label: 'Delete',
    help: 'Puts a VM and its disks into the trash, from where it can be restored; with --purge it is gone for good.',
    risk: 'disrupt',
    riskOf: ({ purge }) => (purge ? 'destroy' : 'disrupt'),
    input: Input,
    output: Output,
    positional: ['vm'],
    examples: ['vm delete web-1', 'vm delete web-1 --purge'],
    target: ({ vm }) => ref('vm', vm),
    timeoutMs: TIMEOUT_MS,
    async plan(ctx, { purge }) {
      const runtime = runtimeOf(ctx);
      managedVm(runtime, ctx.target, purge ? 'any' : 'live');
      const entry = entryOf(runtime, ctx.target);
      const disks = await diskFacts(runtime, entry, ctx.signal);
      const days = runtime.config.trashDays;
      const sentences = purge
        ? [...stopSentence(isOff(entry.state) || isTrashed(entry)), diskSentence(disks), ...purgeSentences(disks)]
        : [
            ...stopSentence(isOff(entry.state)),
            diskSentence(disks),
            `It stays in the trash with its disks for ${days} days; until then it can be restored.`,
          ];
      return planOf(runtime, entry, { sentences, facts: { purge, disks: disks.map((disk) => ({ ...disk })) } });
    },
    run: (ctx, { purge }) => (purge ? purgeIt(ctx) : trashIt(ctx)),
    show: ({ name, purged, purgeAt }) => ({
      text: purged
        ? `VM '${name}' is gone for good.`
        : `VM '${name}' is in the trash${purgeAt === null ? '' : ` until ${new Date(purgeAt).toISOString().slice(0, 10)}`}. To bring it back: vm restore ${name}`,
    }),
  });

const stopSentence = (off: boolean): string[] => (off ? [] : ['It is shut down first, and switched off when that takes too long.']);

/** Only what the hub made for this VM is deleted; a disk that was there before it was adopted stays. */
const purgeSentences = (disks: readonly DiskFacts[]): string[] => {
  const kept = disks.filter(({ path }) => !isOwnVolume(path));
  const gone = disks.length - kept.length;
  return [
    gone > 0
      ? 'Its disks and all that is on them are deleted. This cannot be undone.'
      : 'Its definition is deleted. This cannot be undone.',
    ...(kept.length > 0 ? [`Not made by the hub, so they stay: ${kept.map(({ path }) => path).join(', ')}.`] : []),
  ];
};

const isOwnVolume = (path: string): boolean => isVmVolume(path.slice(path.lastIndexOf('/') + 1));

/** Every step says in the machine itself how far it is, so that a restore or another hub can go on from there. */
async function trashIt(ctx: Context): Promise<z.infer<typeof Output>> {
  const runtime = runtimeOf(ctx);
  const vm = await ctx.step(
    'find',
    async () => {
      const found = managedVm(runtime, ctx.target);
      await runtime.store.hold(found.id, runtime.clock.now() + HOLD_MS);
      return found;
    },
    () => unfind(runtime, ctx.target),
  );
  const at = () => domainAt(runtime, vm);
  const trash = await ctx.step(
    'mark',
    () => mark(runtime, vm, ctx.jobId),
    async () => writeMetadata(at(), { ...(await metadataFor(at())), trash: null }),
  );
  ctx.progress(0.3, 'Shutting it down.');
  await ctx.step(
    'stop',
    (signal) => stopGently(at(), { forMs: runtime.config.deleteGraceSeconds * 1000, signal }),
    async () => {
      if (trash.wasRunning) await ensureRunning(at());
    },
  );
  ctx.progress(0.8, 'Putting it into the trash.');
  await ctx.step(
    'rename',
    () => ensureDomainName(at(), trashNameOf(vm.id)),
    () => ensureDomainName(at(), vm.domainName),
  );
  await ctx.step(
    'record',
    () => recordTrash(runtime, vm),
    () => unrecordTrash(runtime, vm),
  );
  return { id: vm.id, name: vm.name, purged: false, purgeAt: trash.at + runtime.config.trashDays * 86_400_000 };
}

/** What was running is noted before it is stopped: a second look would find it off. */
async function mark(runtime: Runtime, vm: VmAddress, job: string): Promise<Trash> {
  const at = domainAt(runtime, vm);
  const metadata = await metadataFor(at);
  if (metadata.trash?.job === job) return metadata.trash;
  const seen = await runtime.reconciler.refresh(at.link, vm.id);
  const trash = { at: runtime.clock.now(), wasRunning: seen?.state === 'running' || seen?.state === 'paused', job };
  await writeMetadata(at, { ...metadata, trash } satisfies VmMetadata);
  return trash;
}

async function recordTrash({ store, reconciler, links }: Runtime, vm: VmAddress): Promise<void> {
  const row = await store.get(vm.id);
  if (row) await store.put({ ...row, state: 'trashed', domainName: trashNameOf(vm.id), heldUntil: null });
  await reconciler.refresh(linkOf(links, vm.host), vm.id);
}

async function unrecordTrash({ store, clock }: Runtime, { id, domainName }: VmAddress): Promise<void> {
  const row = await store.get(id);
  if (row) await store.put({ ...row, state: 'present', domainName, heldUntil: clock.now() + HOLD_MS });
}

/** What `find` began, whether it got as far as a VM or not. */
async function unfind(runtime: Runtime, target: Resource | null): Promise<void> {
  const { id, host } = entryOf(runtime, target);
  await letGo(runtime, { id, host });
}

/** Volumes go before the definition: whatever stops in between leaves a VM that can be purged again, not files that belong to nobody. */
async function purgeIt(ctx: Context): Promise<z.infer<typeof Output>> {
  const runtime = runtimeOf(ctx);
  const vm = await ctx.step('find', async () => {
    const found = managedVm(runtime, ctx.target, 'any');
    await runtime.store.hold(found.id, runtime.clock.now() + HOLD_MS);
    return found;
  });
  const link = () => hostOf(runtime, vm);
  await ctx.step('stop', () =>
    link().use(async (conn) => {
      if (await findDomain(conn, vm.host, vm.id)) await ensureOff(domainAt(runtime, vm));
    }),
  );
  ctx.progress(0.4, 'Deleting its disks.');
  await ctx.step('volumes', (signal) =>
    link().use(async (conn) => {
      const pool = await poolOf(conn, runtime.config.pool);
      for (const volume of await volumesOf(pool, vm.id, signal)) await removeVolume(pool, volume.name, signal);
    }),
  );
  await ctx.step('undefine', () => undefine({ link: link(), id: vm.id }));
  await ctx.step('record', async () => {
    await runtime.store.remove(vm.id);
    runtime.reconciler.forget(vm.id);
  });
  return { id: vm.id, name: vm.name, purged: true, purgeAt: null };
}
