import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { definePlugin, HubError, Metrics, ref, type Plugin, type Resource, type SampleBatch } from '../../../core/contract.ts';

interface Vm {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly memoryBytes: number;
  state: 'running' | 'shut-off';
}

/** VMs that only exist in memory, with the actions and figures that the page asks for: what a hypervisor and a collector are to the real one. */
export interface World {
  readonly plugin: Plugin;
  readonly vms: Map<string, Vm>;
  /** Lets time pass: one scrape of all running VMs at this instant. */
  scrape(at: number): Promise<void>;
}

const MIB = 2 ** 20;
const vmName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/u, 'must be lower-case letters, digits and dashes');
const Vm = z.object({ id: z.string(), name: z.string(), state: z.string() });
const Name = z.strictObject({ vm: z.string().meta({ title: 'VM', picker: 'vm' }) });

export function createWorld(): World {
  const vms = new Map<string, Vm>();
  let write: (batches: readonly SampleBatch[]) => Promise<void> = async () => undefined;
  const find = (idOrName: string): Vm | undefined => [...vms.values()].find(({ id, name }) => id === idOrName || name === idOrName);
  const mustFind = (target: Resource | null): Vm => find(target?.id ?? '') ?? fail();
  const toResource = ({ id, name, tags }: Vm): Resource => ({ kind: 'vm', id, name, tenant: 'default', tags, owner: null });
  const scrape = async (at: number): Promise<void> => {
    const running = [...vms.values()].filter(({ state }) => state === 'running');
    await write([{ table: 'vm', at, rows: running.map((vm, index) => ({ entity: vm.id, values: figuresOf(vm, { at, index }) })) }]);
  };
  const plugin = definePlugin(
    { name: 'world', api: 1, config: z.object({}), needs: { metrics: Metrics }, provides: {} },
    ({ action, resource }) => ({
      resources: {
        vm: resource({
          title: 'VM',
          get: async (_, idOrName) => {
            const vm = find(idOrName);
            return vm && toResource(vm);
          },
          search: async (_, { text, rowsMax }) =>
            [...vms.values()]
              .filter(({ name }) => name.includes(text))
              .slice(0, rowsMax)
              .map(toResource),
          card: async (_, { id }) => {
            const vm = find(id) ?? fail();
            return {
              title: vm.name,
              subtitle: 'VM on lab-1',
              state: { text: vm.state, tone: vm.state === 'running' ? 'good' : 'idle' },
              fields: [
                { label: 'Host', value: 'lab-1' },
                { label: 'vCPUs', value: '2' },
                { label: 'Memory', value: `${vm.memoryBytes / MIB} MiB` },
                { label: 'Disks', value: 'vda 10 GiB' },
                { label: 'Address', value: '192.168.122.14' },
              ],
              actions: vm.state === 'running' ? ['vm.console.read', 'vm.shutdown', 'vm.copy', 'vm.delete'] : ['vm.start', 'vm.delete'],
            };
          },
        }),
      },
      metrics: {
        vm: {
          cpuRatio: { unit: 'ratio', kind: 'gauge', help: 'CPU.' },
          memoryBytes: { unit: 'bytes', kind: 'gauge', help: 'Memory.' },
          memoryUsedBytes: { unit: 'bytes', kind: 'gauge', help: 'Memory in use.' },
        },
      },
      panels: {
        'vm.cpu': { title: 'CPU', resource: 'vm', query: { metric: 'vm.cpuRatio', aggregate: 'mean' }, unit: 'ratio' },
        'vm.memory': {
          title: 'Memory used by the guest',
          resource: 'vm',
          query: { metric: 'vm.memoryUsedBytes', aggregate: 'mean' },
          unit: 'bytes',
        },
      },
      actions: {
        'vm.list': action({
          title: 'List VMs',
          label: 'VMs',
          risk: 'read',
          input: z.object({}),
          output: z.object({ vms: z.array(z.looseObject({ id: z.string() })), total: z.int() }),
          run: async () => ({ vms: [...vms.values()].map((vm) => ({ ...vm, host: 'lab-1', vcpus: 2, managed: true })), total: vms.size }),
        }),
        'vm.create': action({
          title: 'Create a VM',
          label: 'Create VM',
          help: 'It starts at once.',
          risk: 'change',
          input: z.strictObject({
            name: vmName.meta({ title: 'Name', description: 'a-z, 0-9 and -' }),
            image: z.enum(['tiny', 'debian-12']).default('tiny').meta({ title: 'Image' }),
            memory: z.string().default('512M').meta({ title: 'Memory', description: '512M, 2G' }),
            vcpus: z.int().min(1).max(64).default(1).meta({ title: 'vCPUs' }),
            tags: z.array(z.string().max(20)).default([]).meta({ title: 'Tags' }),
            start: z.boolean().default(true).meta({ title: 'Start it at once' }),
          }),
          output: Vm,
          positional: ['name'],
          target: (_, actor) => ref('tenant', actor.tenant),
          async run({ step, progress, id }, { name, tags, start }) {
            const vm: Vm = { id: id('vm'), name, tags, memoryBytes: 512 * MIB, state: start ? 'running' : 'shut-off' };
            progress(0.3, 'Copying the image');
            await step('copy', (signal) => wait(700, undefined, { signal }));
            progress(0.8, 'Starting the guest');
            await step('start', async () => void vms.set(vm.id, vm));
            return { id: vm.id, name, state: vm.state };
          },
          show: ({ name }) => ({ text: `'${name}' is running.` }),
        }),
        'vm.start': action({
          title: 'Start a VM',
          label: 'Start',
          risk: 'change',
          input: Name,
          output: z.null(),
          target: ({ vm }) => ref('vm', vm),
          async run({ step, target }) {
            await step('start', async () => void (mustFind(target).state = 'running'));
            return null;
          },
        }),
        'vm.shutdown': action({
          title: 'Shut a VM down',
          label: 'Shut down',
          risk: 'disrupt',
          input: Name,
          output: z.null(),
          target: ({ vm }) => ref('vm', vm),
          plan: async ({ target }) => ({
            sentences: [`'${target?.name}' shuts down; its users notice.`, 'It can be started again.'],
            facts: {},
          }),
          async run({ step, target }) {
            await step('stop', async () => void (mustFind(target).state = 'shut-off'));
            return null;
          },
        }),
        'vm.copy': action({
          title: 'Copy a VM',
          label: 'Copy',
          risk: 'change',
          input: z.strictObject({ vm: Name.shape.vm, like: z.string().meta({ title: 'Settings of', picker: 'vm' }) }),
          output: z.null(),
          target: ({ vm }) => ref('vm', vm),
          run: async () => null,
        }),
        'vm.delete': action({
          title: 'Delete a VM',
          label: 'Delete',
          risk: 'destroy',
          input: Name,
          output: z.null(),
          target: ({ vm }) => ref('vm', vm),
          plan: async ({ target }) => ({ sentences: [`'${target?.name}' and its disk of 10 GiB are lost.`], facts: {} }),
          async run({ step, target }) {
            await step('delete', async () => void vms.delete(mustFind(target).id));
            return null;
          },
        }),
        'vm.console.read': action({
          title: "Read a VM's console",
          label: 'Console',
          risk: 'read',
          input: Name,
          output: z.object({ text: z.string() }),
          target: ({ vm }) => ref('vm', vm),
          run: async () => ({
            text: '[    0.000000] Linux version 6.1.0\n[    1.204117] Run /init as init process\ntiny login: <script>alert(1)</script>\n',
          }),
          show: ({ text }) => ({ text: 'Console:', code: text }),
        }),
        'metrics.query': action({
          title: 'Query metrics',
          label: 'Query',
          risk: 'read',
          input: z.strictObject({
            metric: z.string(),
            targets: z.array(z.string()),
            from: z.string(),
            to: z.string(),
            stepSeconds: z.int().min(1),
            aggregate: z.enum(['mean', 'max', 'rate']),
          }),
          output: z.looseObject({ fields: z.array(z.looseObject({ name: z.string() })) }),
          async run({ services, signal }, { from, to, ...query }) {
            const frame = await services.metrics.query({ ...query, from: Date.parse(from), to: Date.parse(to) }, signal);
            return { fields: frame.fields.map((field) => ({ ...field, values: [...field.values] })) };
          },
        }),
      },
      start({ services }) {
        write = (batches) => services.metrics.write('world', batches);
        return {};
      },
    }),
  );
  return { plugin, vms, scrape };
}

const fail = (): never => {
  throw new HubError('vm_unknown', 'There is no such VM.', { status: 404 });
};

/** Load that goes up and down by the hour, different for each. */
function figuresOf({ memoryBytes }: Vm, { at, index }: { at: number; index: number }) {
  const wave = Math.sin(at / 400_000 + index * 2) * 0.5 + 0.5;
  const ratio = Math.min(0.97, 0.06 + wave * (0.25 + index * 0.22) + Math.abs(Math.sin(at / 1700 + index)) * 0.06);
  return { cpuRatio: ratio, memoryBytes, memoryUsedBytes: Math.round(memoryBytes * (0.35 + wave * 0.2 + index * 0.1)) };
}
