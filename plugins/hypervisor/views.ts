import type { Card, Tone, View } from 'novacron/plugin';
import { z } from 'zod';
import type { VmEntry } from './inventory.ts';
import type { HostStatus, VmState } from './port.ts';
import { formatBytes } from './sizes.ts';

const VM_STATES = [
  'running',
  'paused',
  'shutting-down',
  'shut-off',
  'crashed',
  'suspended',
  'creating',
  'trashed',
  'missing',
  'unknown',
] as const satisfies readonly VmState[];

/** A VM as actions give it out. */
export const VmView = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string().nullable(),
  host: z.string(),
  state: z.enum(VM_STATES),
  vcpus: z.int(),
  memoryBytes: z.int(),
  managed: z.boolean(),
  tags: z.array(z.string()),
  owner: z.string().nullable(),
});
export type VmView = z.infer<typeof VmView>;

export const vmView = ({ id, name, tenant, host, state, vcpus, memoryBytes, managed, tags, owner }: VmEntry): VmView => ({
  id,
  name,
  tenant,
  host,
  state,
  vcpus,
  memoryBytes,
  managed,
  tags: [...tags],
  owner,
});

export const HostView = z.object({
  id: z.string(),
  name: z.string(),
  uri: z.string(),
  state: z.enum(['connected', 'unreachable']),
  /** Why it is unreachable. */
  reason: z.string().nullable(),
  cpus: z.int(),
  memoryBytes: z.int(),
  accelerator: z.enum(['kvm', 'tcg']),
  vmsRunning: z.int(),
});
export type HostView = z.infer<typeof HostView>;

export const hostView = (host: HostStatus, vms: readonly VmEntry[]): HostView => ({
  id: host.id,
  name: host.name,
  uri: host.uri,
  state: host.state.is,
  reason: host.state.is === 'unreachable' ? host.state.reason : null,
  cpus: host.cpus,
  memoryBytes: host.memoryBytes,
  accelerator: host.accelerator,
  vmsRunning: vms.filter((vm) => vm.host === host.id && vm.state === 'running').length,
});

export function toneOf(state: VmState): Tone {
  switch (state) {
    case 'running':
      return 'good';
    case 'creating':
    case 'shutting-down':
      return 'busy';
    case 'paused':
    case 'suspended':
    case 'unknown':
      return 'warn';
    case 'crashed':
    case 'missing':
      return 'bad';
    case 'shut-off':
    case 'trashed':
      return 'idle';
  }
}

/** Actions that make sense in a state, the likeliest first. */
export function actionsFor({ state, managed }: Pick<VmEntry, 'state' | 'managed'>): string[] {
  if (!managed) return ['vm.adopt'];
  switch (state) {
    case 'running':
      return ['vm.console.read', 'vm.shutdown', 'vm.pause', 'vm.reboot', 'vm.resize', 'vm.stop', 'vm.reset', 'vm.delete'];
    case 'paused':
      return ['vm.resume', 'vm.stop', 'vm.delete'];
    case 'suspended':
    case 'shutting-down':
      return ['vm.stop', 'vm.delete'];
    case 'shut-off':
    case 'crashed':
      return ['vm.start', 'vm.resize', 'vm.rename', 'vm.delete'];
    case 'trashed':
      return ['vm.restore'];
    case 'creating':
    case 'missing':
    case 'unknown':
      return [];
  }
}

/** Card of a VM from what is known without asking its host. */
export const vmCard = (vm: VmView, more: Card['fields'] = []): Card => ({
  title: vm.name,
  subtitle: vm.managed ? `VM on ${vm.host}` : `VM on ${vm.host}, made by others`,
  state: { text: vm.state, tone: toneOf(vm.state) },
  fields: [
    { label: 'Host', value: vm.host },
    { label: 'vCPUs', value: String(vm.vcpus) },
    { label: 'Memory', value: formatBytes(vm.memoryBytes) },
    ...more,
    ...(vm.tags.length > 0 ? [{ label: 'Tags', value: vm.tags.join(', ') }] : []),
    ...(vm.tenant !== null && vm.tenant !== 'default' ? [{ label: 'Tenant', value: vm.tenant }] : []),
  ],
  actions: actionsFor(vm),
});

/** A sentence and the card. */
export const showVm =
  (sentence: (vm: VmView) => string) =>
  (vm: VmView): View => ({ text: sentence(vm), card: vmCard(vm) });

export const vmTable = (vms: readonly VmView[]): NonNullable<View['table']> => ({
  columns: ['Name', 'State', 'vCPUs', 'Memory', 'Host', 'Tags'],
  rows: vms.map((vm) => [
    vm.managed ? vm.name : `${vm.name} (not managed)`,
    vm.state,
    String(vm.vcpus),
    formatBytes(vm.memoryBytes),
    vm.host,
    vm.tags.join(', '),
  ]),
});

export const hostCard = (host: HostView): Card => ({
  title: host.name,
  subtitle: host.uri,
  state: host.state === 'connected' ? { text: 'connected', tone: 'good' } : { text: 'unreachable', tone: 'bad' },
  fields: [
    ...(host.reason === null ? [] : [{ label: 'Reason', value: host.reason }]),
    { label: 'CPUs', value: String(host.cpus) },
    { label: 'Memory', value: formatBytes(host.memoryBytes) },
    { label: 'Accelerator', value: host.accelerator === 'kvm' ? 'KVM' : 'TCG (emulation, slow)' },
    { label: 'VMs running', value: String(host.vmsRunning) },
  ],
  actions: ['host.get'],
});
