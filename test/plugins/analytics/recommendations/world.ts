import { definePlugin, HubError, ref, type Plugin } from 'novacron/plugin';
import { z } from 'zod';
import { Hypervisor, type VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { metrics } from '../../../../plugins/monitoring/metrics.ts';

/** Hosts, VMs and their tables, without guests: `vm.shutdown` and `vm.resize` change what the port says. */
export const createVmWorld = (vms: Map<string, VmStatus>): Plugin =>
  definePlugin({ name: 'monitoring', api: 1, config: z.object({}), needs: {}, provides: { hypervisor: Hypervisor } }, (tools) => {
    const change = (title: string, input: z.ZodType<{ vm: string }>, apply: (before: VmStatus, input: never) => VmStatus) =>
      tools.action({
        title,
        label: title,
        risk: 'change',
        input,
        output: z.object({}),
        target: ({ vm: id }) => ref('vm', id),
        async run({ step, target }, given) {
          await step('change', async () => void vms.set(target!.id, apply(vms.get(target!.id)!, given as never)));
          return {};
        },
      });
    const resources = (tenant: string | null) =>
      [...vms.values()]
        .filter((one) => tenant === null || one.tenant === tenant)
        .map(({ id, name, tenant: owner }) => ({ kind: 'vm', id, name, tenant: owner, tags: [], owner: null }));
    return {
      metrics,
      resources: {
        vm: tools.resource({
          title: 'VMs',
          get: async (_, id, { tenant }) => resources(tenant).find((one) => one.id === id || one.name === id),
          search: async (_, { tenant }) => resources(tenant),
          card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
        }),
      },
      actions: {
        'vm.shutdown': change('Shut down', z.object({ vm: z.string() }), (before) => ({ ...before, state: 'shut-off' })),
        'vm.resize': change(
          'Resize',
          z.object({ vm: z.string(), vcpus: z.int().optional(), memory: z.string().optional(), restart: z.boolean().optional() }),
          (before, { vcpus = before.vcpus }: { vcpus?: number }) => ({ ...before, vcpus }),
        ),
      },
      start: () => ({
        hypervisor: {
          hosts: () => [],
          vms: () => [...vms.values()],
          scrape: () => Promise.reject(new HubError('host_unknown', 'No hosts here.')),
          survey: () => Promise.reject(new HubError('host_unknown', 'No hosts here.')),
        },
      }),
    };
  });
