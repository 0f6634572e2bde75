import { definePlugin, HubError, ref, type Metric, type Plugin, type Resource } from 'novacron/plugin';
import { z } from 'zod';

const gauge = (unit: Metric['unit']): Metric => ({ unit, kind: 'gauge', help: 'For tests' });
const counter = (unit: Metric['unit']): Metric => ({ unit, kind: 'counter', help: 'For tests' });

export interface Machines {
  /** Stands where hypervisor and monitoring stand: kind `vm`, `vm.create`, `vm.get`, and the tables of VMs. */
  readonly plugin: Plugin;
  readonly world: Map<string, Resource>;
  /** Names of the VMs that were made, in order. */
  readonly made: string[];
}

const Vm = z.object({ id: z.string(), name: z.string(), vcpus: z.int(), memoryBytes: z.int() });
const MEMORY_BYTES = 96 * 2 ** 20;

/** A world of VMs that have no guest in them: enough to be measured and forecast. */
export function createMachines(): Machines {
  const world = new Map<string, Resource>();
  const made: string[] = [];
  const find = (idOrName: string, tenant: string | null): Resource | undefined =>
    [...world.values()].find((vm) => (tenant === null || vm.tenant === tenant) && [vm.id, vm.name].includes(idOrName));
  const view = ({ id, name }: Resource): z.output<typeof Vm> => ({ id, name, vcpus: 1, memoryBytes: MEMORY_BYTES });

  const plugin = definePlugin({ name: 'monitoring', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action, resource }) => ({
    resources: {
      vm: resource({
        title: 'VMs',
        get: async (_, idOrName, { tenant }) => find(idOrName, tenant),
        search: async (_, { tenant }) => [...world.values()].filter((vm) => tenant === null || vm.tenant === tenant),
        card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
      }),
    },
    metrics: {
      vm: {
        cpuTimeSeconds: counter('seconds'),
        cpuRatio: gauge('ratio'),
        vcpus: gauge('count'),
        memoryBytes: gauge('bytes'),
        memoryUsedBytes: gauge('bytes'),
        memoryUsedRatio: gauge('ratio'),
      },
      'vm.disk': { readBytes: counter('bytes'), writeBytes: counter('bytes') },
    },
    actions: {
      'vm.create': action({
        title: 'Create a VM',
        label: 'Create',
        risk: 'change',
        input: z.object({ name: z.string(), tags: z.array(z.string()).default([]) }),
        output: Vm,
        target: (_, actor) => ref('tenant', actor.tenant),
        async run({ id, actor, step }, { name, tags }) {
          return step('make', async () => {
            const vm: Resource = { kind: 'vm', id: id('vm'), name, tenant: actor.tenant, tags, owner: actor.id };
            if (name === 'demo-batch' && world.has('no-room')) throw new HubError('host_full', 'There is no room.', { status: 409 });
            world.set(name, vm);
            made.push(name);
            return view(vm);
          });
        },
      }),
      'vm.get': action({
        title: 'Show a VM',
        label: 'Show',
        risk: 'read',
        input: z.object({ vm: z.string() }),
        output: Vm,
        target: ({ vm }) => ref('vm', vm),
        run: async ({ target }) => {
          if (target === null) throw new HubError('vm_unknown', 'No VM.', { status: 404 });
          return view(target);
        },
      }),
    },
  }));
  return { plugin, world, made };
}
