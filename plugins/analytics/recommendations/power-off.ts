import { formatValue } from '../../charts/port.ts';
import { daysOf, quantileOf, type VmEvidence } from './evidence.ts';
import type { Recommendation } from './recommendation.ts';

const BUSY_RATIO = 0.02;
const BUSY_BYTES_PER_SECOND = 1024;
/** A backup or an update a day is not what a VM is kept for. */
const BUSY_SHARE = 0.99;

/** A VM that did nothing for days. Undefined: it did something, or nobody knows. */
export function findPowerOff({ vm, cpus, network }: VmEvidence, { daysMin }: { readonly daysMin: number }): Recommendation | undefined {
  if (vm.state !== 'running' || daysOf(cpus) < daysMin || daysOf(network) < daysMin) return undefined;
  const [used, carried] = [quantileOf(cpus, BUSY_SHARE), quantileOf(network, BUSY_SHARE)];
  if (used === null || carried === null || used / vm.vcpus > BUSY_RATIO || carried > BUSY_BYTES_PER_SECOND) return undefined;
  const days = daysOf(cpus);
  const all = { expected: vm.memoryBytes, low: vm.memoryBytes, high: vm.memoryBytes };
  return {
    key: `power-off/${vm.id}`,
    kind: 'power-off',
    subject: { kind: 'vm', id: vm.id, name: vm.name, tenant: vm.tenant },
    title: `Switch off ${vm.name}, which does nothing.`,
    before: { memoryBytes: vm.memoryBytes },
    evidence: [
      `In ${days} days it used ${formatValue(used / vm.vcpus, 'ratio')} of its processors and ${formatValue(carried, 'bytesPerSecond')} of network at the most, but for ${formatValue(1 - BUSY_SHARE, 'ratio')} of the time.`,
    ],
    gains: [{ what: 'memory freed', unit: 'bytes', ...all }],
    cost: 'None.',
    risk: `A standby or a licence server does nothing either: ask whose it is. ${formatValue(vm.memoryBytes, 'bytes')} come free.`,
    undo: `vm start ${vm.name}`,
    suggestion: { action: 'vm.shutdown', label: 'Shut it down', input: { vm: vm.id } },
  };
}
