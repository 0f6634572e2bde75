import { formatValue } from '../../charts/port.ts';
import type { HostStatus, VmStatus } from '../../hypervisor/port.ts';
import type { Series } from '../port.ts';
import { quantileOf } from './evidence.ts';
import type { Recommendation } from './recommendation.ts';
import { countText } from './words.ts';

const HOT_RATIO = 0.85;
const COOL_RATIO = 0.6;

export interface HostLoad {
  readonly host: HostStatus;
  /** Of its processors, the last day. */
  readonly cpu: Series;
  /** What its VMs use, vCPUs, the last day; the busiest first. */
  readonly vms: readonly { readonly vm: VmStatus; readonly cpus: number }[];
}

/** Moves the VM that helps most from a hot host to the coolest one that stays cool with it. Undefined: nothing is hot, or nothing helps. */
export function findSpread(hot: HostLoad, all: readonly HostLoad[]): Recommendation | undefined {
  const load = (of: HostLoad): number => quantileOf(of.cpu, 0.95) ?? 0;
  if (load(hot) < HOT_RATIO) return undefined;
  for (const { vm, cpus } of hot.vms) {
    const after = (host: HostLoad): number => load(host) + cpus / host.host.cpus;
    const [to] = all.filter((host) => host !== hot && after(host) <= COOL_RATIO).toSorted((a, b) => after(a) - after(b));
    if (to === undefined) continue;
    const relief = cpus / hot.host.cpus;
    return {
      key: `spread/${hot.host.id}`,
      kind: 'spread',
      subject: { kind: 'host', id: hot.host.id, name: hot.host.name, tenant: null },
      title: `Move ${vm.name} from ${hot.host.name} to ${to.host.name}.`,
      before: { loadRatio: load(hot) },
      evidence: [
        `Host ${hot.host.name} was above ${formatValue(HOT_RATIO, 'ratio')} of its processors for more than a twentieth of the last day; ${to.host.name} stayed below ${formatValue(load(to), 'ratio')}.`,
        `${vm.name} uses ${countText(cpus, 'vCPU')} of it.`,
      ],
      gains: [{ what: `load taken from ${hot.host.name}`, unit: 'ratio', expected: relief, low: relief / 2, high: relief }],
      cost: 'Its memory goes over the network once.',
      risk: 'A guest that writes memory faster than the network carries it does not arrive.',
      undo: `Move it back to ${hot.host.name}.`,
      suggestion: { action: 'vm.migrate', label: 'Move it', input: { vm: vm.id, host: to.host.id } },
    };
  }
  return undefined;
}
