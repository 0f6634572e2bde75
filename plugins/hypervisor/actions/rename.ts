import { HubError, ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { isOff } from '../domains.ts';
import { domainNameOf, vmName, vmRef } from '../names.ts';
import { domainAt, managedVm, runtimeOf, type HypervisorTools, type Runtime, type VmAddress } from '../runtime.ts';
import { ensureDomainName, metadataFor, stateWrong, writeMetadata } from '../vm-ops.ts';
import { showVm, VmView } from '../views.ts';
import { letGo, look } from './power.ts';

const TIMEOUT_MS = 60_000;
const HOLD_MS = TIMEOUT_MS + 15 * 60_000;

const Input = z.object({ vm: vmRef, name: vmName.meta({ title: 'New name' }) });

export const renameVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Rename a VM',
    label: 'Rename',
    help: 'Gives a VM that is off another name.',
    risk: 'change',
    input: Input,
    output: VmView,
    positional: ['vm', 'name'],
    examples: ['vm rename web-1 web-old'],
    target: ({ vm }) => ref('vm', vm),
    timeoutMs: TIMEOUT_MS,
    async run(ctx, { name }) {
      const runtime = runtimeOf(ctx);
      const vm = await ctx.step('find', () => find(runtime, managedVm(runtime, ctx.target)));
      const at = () => domainAt(runtime, vm);
      await ctx.step(
        'reserve',
        () => setName(runtime, vm, { name, domainName: domainNameOf(vm.tenant, name) }),
        async () => {
          await setName(runtime, vm, vm);
          await letGo(runtime, vm);
        },
      );
      await ctx.step(
        'rename',
        () => ensureDomainName(at(), domainNameOf(vm.tenant, name)),
        () => ensureDomainName(at(), vm.domainName),
      );
      await ctx.step(
        'note',
        async () => writeMetadata(at(), { ...(await metadataFor(at())), name }),
        async () => writeMetadata(at(), { ...(await metadataFor(at())), name: vm.name }),
      );
      return ctx.step('record', async () => {
        await runtime.store.release(vm.id);
        return look(runtime, vm);
      });
    },
    show: showVm((vm) => `The VM is now called '${vm.name}'.`),
  });

/** libvirt renames only what is off; saying so before anything is changed is kinder than taking it back. */
async function find(runtime: Runtime, vm: VmAddress): Promise<VmAddress> {
  const { state } = await look(runtime, vm);
  if (!isOff(state)) throw stateWrong(vm.name, state, `A VM can be renamed only while it is off: vm shutdown ${vm.name}`);
  return vm;
}

/** HubError `vm_name_taken`. */
async function setName(
  { store, clock }: Runtime,
  { id }: VmAddress,
  to: { readonly name: string; readonly domainName: string },
): Promise<void> {
  const row = await store.get(id);
  if (row === undefined) throw new HubError('vm_unknown', `There is no VM '${to.name}' any more.`, { status: 404 });
  await store.put({ ...row, name: to.name, domainName: to.domainName, heldUntil: clock.now() + HOLD_MS });
}
