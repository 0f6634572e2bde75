import { ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { checkDiskSize, diskOf, growDisk, limit } from '../disk-growth.ts';
import { vmRef } from '../names.ts';
import { entryOf, managedVm, runtimeOf, type HypervisorTools } from '../runtime.ts';
import { formatBytes, MIB, sizeBytes } from '../sizes.ts';
import { diskFacts, planOf } from './plans.ts';

const BYTES_MAX = 2 ** 50;

const Input = z.object({
  vm: vmRef,
  size: sizeBytes(MIB, BYTES_MAX).meta({ title: 'New size', description: '20G; it can only grow' }),
  device: z
    .string()
    .regex(/^[a-z]{2,4}[0-9]{0,3}$/, 'A disk as the guest calls it: vda.')
    .optional()
    .meta({ title: 'Disk', description: 'As the guest calls it, vda; without it the first one' }),
});

const Output = z.object({ vm: z.string(), name: z.string(), device: z.string(), capacityBytes: z.int() });

export const growDiskOfVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Let a disk of a VM grow',
    label: 'Grow the disk',
    help: 'A running guest sees the larger disk at once; its file system has to be told by itself. A disk never shrinks again.',
    risk: 'disrupt',
    input: Input,
    output: Output,
    positional: ['vm', 'size'],
    examples: ['vm disk grow web-1 20G', 'vm disk grow web-1 20G --device vdb'],
    target: ({ vm }) => ref('vm', vm),
    async plan(ctx, { size, device }) {
      const runtime = runtimeOf(ctx);
      managedVm(runtime, ctx.target);
      const entry = entryOf(runtime, ctx.target);
      const { device: named } = diskOf(entry.definition.disks, entry.name, device);
      const { capacityBytes = null } = (await diskFacts(runtime, entry, ctx.signal)).find((disk) => disk.device === named) ?? {};
      if (capacityBytes === null) throw limit(`Host '${entry.host}' does not say how large disk '${named}' is. Try again in a moment.`);
      checkDiskSize(runtime, { capacityBytes, bytes: size });
      return planOf(runtime, entry, {
        sentences: [`Disk ${named} grows from ${formatBytes(capacityBytes)} to ${formatBytes(size)}. That cannot be taken back.`],
        facts: { device: named, capacityBytes },
      });
    },
    async run(ctx, { size, device }) {
      const runtime = runtimeOf(ctx);
      const vm = managedVm(runtime, ctx.target);
      const grown = await ctx.step('grow', () => growDisk(runtime, vm, { device, bytes: size }));
      return { vm: vm.id, name: vm.name, ...grown };
    },
    show: ({ name, device, capacityBytes }) => ({ text: `Disk ${device} of '${name}' has ${formatBytes(capacityBytes)} now.` }),
  });
