import type { Hypervisor } from '../../hypervisor/port.ts';
import type { Topology } from './record.ts';

/** VMs stand on their host. */
export const topologyOf = (hypervisor: Pick<Hypervisor, 'vms'>): Topology => ({
  parentsOf({ kind, id }) {
    const vm = kind === 'vm' ? hypervisor.vms().find((each) => each.id === id) : undefined;
    return vm ? [`host/${vm.host}`] : [];
  },
  childrenOf: ({ kind, id }) =>
    kind === 'host'
      ? hypervisor
          .vms()
          .filter((vm) => vm.host === id)
          .map((vm) => `vm/${vm.id}`)
      : [],
});
