import { HubError, ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { isOff, stateOf } from '../domains.ts';
import { TRASH_PREFIX } from '../inventory.ts';
import type { VmMetadata } from '../metadata.ts';
import { tag, tenantName, vmName, vmRef } from '../names.ts';
import { DomainMetadataType, DomainModificationImpact } from 'node-libvirt';
import { METADATA_NAMESPACE } from '../metadata.ts';
import { domainAt, entryOf, runtimeOf, type HypervisorTools, type Runtime, type VmAddress } from '../runtime.ts';
import { onDomain, readMetadata, writeMetadata } from '../vm-ops.ts';
import { showVm, VmView } from '../views.ts';
import { letGo, look } from './power.ts';

const TIMEOUT_MS = 60_000;
const HOLD_MS = TIMEOUT_MS + 15 * 60_000;

const Input = z.object({
  vm: vmRef,
  name: vmName.optional().meta({ title: 'Name', description: 'What it is called here; default: its name on its host' }),
  tenant: tenantName.optional().meta({ title: 'Tenant', description: 'Default: your own' }),
  tags: z.array(tag).max(20).default([]).meta({ title: 'Tags' }),
});

export const adoptVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Adopt a VM made by others',
    label: 'Adopt',
    help: 'From then on the hub manages it like its own. Nothing of its definition changes but a note in it.',
    risk: 'change',
    input: Input,
    output: VmView,
    positional: ['vm'],
    examples: ['vm adopt old-server', 'vm adopt "Old Server" --name old-server --tags legacy'],
    target: ({ vm }) => ref('vm', vm.startsWith(TRASH_PREFIX) ? vm.slice(TRASH_PREFIX.length) : vm),
    timeoutMs: TIMEOUT_MS,
    async run(ctx, input) {
      const runtime = runtimeOf(ctx);
      const tenant = input.tenant ?? ctx.actor.tenant;
      const vm = await ctx.step('find', async () => find(runtime, ctx.target, { name: input.name, tenant }));
      const at = () => domainAt(runtime, vm);
      await ctx.step(
        'reserve',
        () => reserve(runtime, vm),
        async () => {
          await runtime.store.remove(vm.id);
          await letGo(runtime, vm);
        },
      );
      const createdAt = await ctx.step('time', async () => runtime.clock.now());
      const metadata: VmMetadata = {
        id: vm.id,
        name: vm.name,
        tenant,
        owner: ctx.actor.id,
        image: null,
        tags: input.tags,
        createdAt,
        trash: null,
      };
      await ctx.step(
        'note',
        async () => {
          if ((await readMetadata(at())) === null) await writeMetadata(at(), metadata);
        },
        () => removeMetadata(runtime, vm),
      );
      return ctx.step('record', async () => {
        await runtime.store.release(vm.id);
        return look(runtime, vm);
      });
    },
    show: showVm((vm) => `VM '${vm.name}' is managed by the hub now.`),
  });

type Target = Parameters<typeof entryOf>[1];

function find(runtime: Runtime, target: Target, { name, tenant }: { name: string | undefined; tenant: string }): VmAddress {
  const entry = entryOf(runtime, target);
  const { id, host, domainName } = entry;
  if (entry.managed) throw new HubError('vm_managed', `'${entry.name}' is managed by the hub already.`, { status: 409 });
  const wanted = name ?? domainName;
  if (!vmName.safeParse(wanted).success)
    throw new HubError('vm_name', `'${wanted.slice(0, 100)}' is no name for a VM here. Give it one: --name NAME`, { status: 400 });
  return { id, host, tenant, name: wanted, domainName };
}

async function reserve(runtime: Runtime, vm: VmAddress): Promise<void> {
  const { definition } = entryOf(runtime, { kind: 'vm', id: vm.id, name: vm.name, tenant: null, tags: [], owner: null });
  await runtime.store.reserve({ ...vm, ...definition, state: 'present', heldUntil: runtime.clock.now() + HOLD_MS });
}

const removeMetadata = (runtime: Runtime, vm: VmAddress): Promise<void> =>
  onDomain(domainAt(runtime, vm), async (domain) => {
    const nothing = { type: DomainMetadataType.ELEMENT, metadata: null, uri: METADATA_NAMESPACE };
    await domain.setMetadata({ ...nothing, flags: DomainModificationImpact.AFFECT_CONFIG });
    if (!isOff(await stateOf(domain))) await domain.setMetadata({ ...nothing, flags: DomainModificationImpact.AFFECT_LIVE });
  });
