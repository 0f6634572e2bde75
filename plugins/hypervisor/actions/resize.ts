import { HubError, ref, type Action, type Plan } from 'novacron/plugin';
import { DomainMemoryModFlags, DomainVcpuFlags, DomainXMLFlags, type Domain } from 'node-libvirt';
import { z } from 'zod';
import { growDisk, limit } from '../disk-growth.ts';
import { isOff, stateOf } from '../domains.ts';
import { parseDomain, type Definition } from '../domain-parse.ts';
import { vmRef } from '../names.ts';
import { domainAt, entryOf, hostOf, managedVm, runtimeOf, type HypervisorTools, type Runtime, type VmAddress } from '../runtime.ts';
import { formatBytes, MIB, sizeBytes } from '../sizes.ts';
import { ensureRunning, onDomain, stopGently } from '../vm-ops.ts';
import { VmView, vmCard } from '../views.ts';
import { planOf } from './plans.ts';
import { letGo, look } from './power.ts';

const TIMEOUT_MS = 5 * 60_000;
const HOLD_MS = TIMEOUT_MS + 15 * 60_000;
const RESTART_GRACE_MS = 60_000;
const BYTES_MAX = 2 ** 50;
const KIB = 1024;

const Input = z.object({
  vm: vmRef,
  vcpus: z.int().min(1).max(1024).optional().meta({ title: 'vCPUs' }),
  memory: sizeBytes(64 * MIB, BYTES_MAX)
    .optional()
    .meta({ title: 'Memory', description: '512M, 2G' }),
  disk: sizeBytes(MIB, BYTES_MAX).optional().meta({ title: 'Disk', description: 'New size of its first disk; it can only grow' }),
  restart: z.boolean().default(false).meta({ title: 'Restart', description: 'Restart it, so that vCPUs and memory change now' }),
});
type Input = z.output<typeof Input>;

const Output = VmView.extend({
  /** True when the running guest still has the old figures until it is started again. */
  pending: z.boolean(),
});

type Figures = Pick<Definition, 'vcpus' | 'memoryBytes'>;

export const resizeVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Change the vCPUs, memory or disk of a VM',
    label: 'Resize',
    help: 'vCPUs and memory count from the next start on, or at once with --restart; a disk grows at once.',
    risk: 'disrupt',
    input: Input,
    output: Output,
    positional: ['vm'],
    examples: ['vm resize web-1 --memory 1G', 'vm resize web-1 --vcpus 4 --restart', 'vm resize web-1 --disk 20G'],
    target: ({ vm }) => ref('vm', vm),
    timeoutMs: TIMEOUT_MS,
    async plan(ctx, input) {
      const runtime = runtimeOf(ctx);
      managedVm(runtime, ctx.target);
      return resizePlan(runtime, entryOf(runtime, ctx.target), input);
    },
    async run(ctx, input) {
      const runtime = runtimeOf(ctx);
      const vm = await ctx.step(
        'find',
        () => find(runtime, managedVm(runtime, ctx.target), input),
        () => letGo(runtime, entryOf(runtime, ctx.target)),
      );
      const wanted = { vcpus: input.vcpus ?? vm.before.vcpus, memoryBytes: input.memory ?? vm.before.memoryBytes };
      await ctx.step(
        'define',
        () => setFigures(runtime, vm, wanted),
        () => setFigures(runtime, vm, vm.before),
      );
      if (input.disk !== undefined) await ctx.step('disk', () => growDisk(runtime, vm, { bytes: input.disk ?? 0 }));
      if (input.restart && vm.wasOn)
        await ctx.step('restart', async (signal) => {
          await stopGently(domainAt(runtime, vm), { forMs: RESTART_GRACE_MS, signal });
          await ensureRunning(domainAt(runtime, vm));
        });
      return ctx.step('record', () => record(runtime, vm, wanted));
    },
    show: (vm) => ({
      text: vm.pending
        ? `VM '${vm.name}' has its new size from its next start on.`
        : `VM '${vm.name}' has ${vm.vcpus} vCPUs and ${formatBytes(vm.memoryBytes)} of memory.`,
      card: vmCard(vm),
    }),
  });

function resizePlan(runtime: Runtime, entry: ReturnType<typeof entryOf>, { vcpus, memory, disk, restart }: Input): Plan {
  const changes = [
    ...(vcpus === undefined ? [] : [`vCPUs: ${entry.vcpus} to ${vcpus}.`]),
    ...(memory === undefined ? [] : [`Memory: ${formatBytes(entry.memoryBytes)} to ${formatBytes(memory)}.`]),
    ...(disk === undefined ? [] : [`Its first disk grows to ${formatBytes(disk)}. That cannot be taken back.`]),
  ];
  const off = isOff(entry.state);
  const when = off
    ? []
    : [restart ? 'It is restarted for that: what runs in it is away until then.' : 'vCPUs and memory count from its next start on.'];
  return planOf(runtime, entry, { sentences: [...changes, ...when], facts: { vcpus: entry.vcpus, memoryBytes: entry.memoryBytes } });
}

interface Resizing extends VmAddress {
  readonly before: Figures;
  readonly wasOn: boolean;
}

async function find(runtime: Runtime, vm: VmAddress, input: Input): Promise<Resizing> {
  const { vcpus, memory, disk } = input;
  const { vcpusMax, memoryMax, diskMax } = runtime.config.limits;
  if (vcpus === undefined && memory === undefined && disk === undefined) throw limit('Say what to change: --vcpus, --memory or --disk.');
  if ((vcpus ?? 0) > vcpusMax) throw limit(`A VM may have at most ${vcpusMax} vCPUs here.`);
  if ((memory ?? 0) > memoryMax) throw limit(`A VM may have at most ${formatBytes(memoryMax)} of memory here.`);
  if ((disk ?? 0) > diskMax) throw limit(`A disk may have at most ${formatBytes(diskMax)} here.`);
  const { memoryBytes: hostBytes } = hostOf(runtime, vm).status;
  if ((memory ?? 0) > hostBytes)
    throw new HubError('host_memory_short', `Host '${vm.host}' has ${formatBytes(hostBytes)} of memory in all.`, { status: 507 });
  return onDomain(domainAt(runtime, vm), async (domain) => {
    const { vcpus, memoryBytes } = await configured(domain);
    await runtime.store.hold(vm.id, runtime.clock.now() + HOLD_MS);
    return { ...vm, before: { vcpus, memoryBytes }, wasOn: !isOff(await stateOf(domain)) };
  });
}

const configured = async (domain: Domain): Promise<Definition> => parseDomain(await domain.getXMLDesc(DomainXMLFlags.INACTIVE));

/** The maximum has to stay above the figure in every moment, so its order depends on the direction. */
const setFigures = (runtime: Runtime, vm: VmAddress, { vcpus, memoryBytes }: Figures): Promise<void> =>
  onDomain(domainAt(runtime, vm), async (domain) => {
    const before = await configured(domain);
    const { CONFIG, MAXIMUM } = DomainVcpuFlags;
    const { MEM_CONFIG, MEM_MAXIMUM } = DomainMemoryModFlags;
    if (vcpus !== before.vcpus) {
      const max = () => domain.setVcpus(vcpus, CONFIG | MAXIMUM);
      const current = () => domain.setVcpus(vcpus, CONFIG);
      await inOrder(vcpus > before.vcpus ? [max, current] : [current, max]);
    }
    if (memoryBytes !== before.memoryBytes) {
      const max = () => domain.setMemory(memoryBytes / KIB, MEM_CONFIG | MEM_MAXIMUM);
      const current = () => domain.setMemory(memoryBytes / KIB, MEM_CONFIG);
      await inOrder(memoryBytes > before.memoryBytes ? [max, current] : [current, max]);
    }
  });

async function inOrder(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  for (const task of tasks) await task();
}

async function record(runtime: Runtime, vm: Resizing, wanted: Figures): Promise<z.infer<typeof Output>> {
  const row = await runtime.store.get(vm.id);
  if (row) await runtime.store.put({ ...row, ...wanted, heldUntil: null });
  const view = await look(runtime, vm);
  const running = await onDomain(domainAt(runtime, vm), (domain) => domain.getInfo());
  const differs = running.nrVirtCpu !== wanted.vcpus || running.maxMemKib * KIB !== wanted.memoryBytes;
  return { ...view, pending: !isOff(view.state) && differs };
}
