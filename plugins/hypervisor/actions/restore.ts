import { HubError, ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { TRASH_PREFIX } from '../inventory.ts';
import { domainNameOf, trashNameOf, UUID, vmName, vmRef } from '../names.ts';
import { domainAt, managedVm, runtimeOf, type HypervisorTools, type Runtime, type VmAddress } from '../runtime.ts';
import type { Trash } from '../metadata.ts';
import { ensureDomainName, ensureOff, ensureRunning, metadataFor, writeMetadata } from '../vm-ops.ts';
import { showVm, VmView } from '../views.ts';
import { letGo, look } from './power.ts';

const TIMEOUT_MS = 5 * 60_000;
const HOLD_MS = TIMEOUT_MS + 15 * 60_000;

const Input = z.object({
  vm: vmRef.meta({ title: 'VM', description: 'Name or id of a VM in the trash; search for trash/', picker: 'vm' }),
  as: vmName.optional().meta({ title: 'As', description: 'Another name, when its own is taken by now' }),
});

interface Found extends VmAddress {
  /** What it was called before. */
  readonly oldName: string;
  readonly trash: Trash;
}

export const restoreVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Restore a VM from the trash',
    label: 'Restore',
    help: 'Gives a deleted VM its name back and starts it when it ran before.',
    risk: 'change',
    input: Input,
    output: VmView,
    positional: ['vm'],
    examples: ['vm restore web-1', 'vm restore web-1 --as web-2'],
    // Another VM may have the name by now: what is meant is the one in the trash.
    target: ({ vm }) => ref('vm', UUID.test(vm) || vm.startsWith(TRASH_PREFIX) ? vm : `${TRASH_PREFIX}${vm}`),
    timeoutMs: TIMEOUT_MS,
    async run(ctx, input) {
      const runtime = runtimeOf(ctx);
      const vm = await ctx.step('find', () => find(runtime, managedVm(runtime, ctx.target, 'trashed'), input.as));
      const at = () => domainAt(runtime, vm);
      await ctx.step(
        'reserve',
        () => takeName(runtime, vm),
        () => giveNameBack(runtime, vm),
      );
      await ctx.step(
        'rename',
        () => ensureDomainName(at(), vm.domainName),
        () => ensureDomainName(at(), trashNameOf(vm.id)),
      );
      await ctx.step(
        'unmark',
        async () => writeMetadata(at(), { ...(await metadataFor(at())), name: vm.name, trash: null }),
        async () => writeMetadata(at(), { ...(await metadataFor(at())), name: vm.oldName, trash: vm.trash }),
      );
      if (vm.trash.wasRunning)
        await ctx.step(
          'start',
          () => ensureRunning(at()),
          () => ensureOff(at()),
        );
      return ctx.step('record', () => record(runtime, vm));
    },
    show: showVm((vm) => `VM '${vm.name}' is back; it is ${vm.state} on host ${vm.host}.`),
  });

async function find(runtime: Runtime, vm: VmAddress, as: string | undefined): Promise<Found> {
  const { trash, name: oldName } = await metadataFor(domainAt(runtime, vm));
  if (trash === null) throw new HubError('vm_not_trashed', `'${vm.name}' is not in the trash any more.`, { status: 409 });
  const name = as ?? vm.name;
  return { ...vm, name, domainName: domainNameOf(vm.tenant, name), oldName, trash };
}

/** HubError `vm_name_taken`. */
async function takeName({ store, clock }: Runtime, { id, name, domainName }: Found): Promise<void> {
  const row = await store.get(id);
  if (row === undefined) throw new HubError('vm_unknown', `There is no VM '${name}' any more.`, { status: 404 });
  await store.put({ ...row, name, domainName, state: 'present', heldUntil: clock.now() + HOLD_MS });
}

async function giveNameBack(runtime: Runtime, { id, host, oldName }: Found): Promise<void> {
  const row = await runtime.store.get(id);
  if (row) await runtime.store.put({ ...row, name: oldName, domainName: trashNameOf(id), state: 'trashed' });
  await letGo(runtime, { id, host });
}

async function record(runtime: Runtime, vm: Found): Promise<VmView> {
  await runtime.store.release(vm.id);
  return look(runtime, vm);
}
