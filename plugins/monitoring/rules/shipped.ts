import type { AlertRule } from 'novacron/plugin';

/** The rules that come with the plugin; each can be turned off: `/nova alert disable monitoring.vm-memory`. */
export const shippedRules: Readonly<Record<string, AlertRule>> = {
  'vm-memory': {
    title: 'VM memory nearly full',
    severity: 'warning',
    metric: 'vm.memoryUsedBytes',
    of: 'memoryBytes',
    aggregate: 'mean',
    windowSeconds: 300,
    condition: { is: 'threshold', above: 0.95, resolveAt: 0.9 },
    forSeconds: 300,
    keepFiringSeconds: 300,
    actions: [
      { action: 'vm.resize', label: 'More memory', input: { vm: '{id}', memory: '{of*1.5}' } },
      { action: 'vm.reboot', label: 'Reboot', input: { vm: '{id}' } },
    ],
    help: 'The guest itself says that almost no memory is left. Look for a process that grows, or give it more.',
  },
  'host-memory': {
    title: 'Host memory nearly full',
    severity: 'critical',
    metric: 'host.memoryUsedRatio',
    aggregate: 'mean',
    windowSeconds: 300,
    condition: { is: 'threshold', above: 0.95, resolveAt: 0.92 },
    forSeconds: 300,
    keepFiringSeconds: 300,
    help: 'The host will begin to swap, or to kill guests. Stop what nobody needs, or move VMs to another host.',
  },
  'vm-disk': {
    title: 'Disk of a VM near its capacity',
    severity: 'warning',
    metric: 'vm.disk.allocationBytes',
    of: 'capacityBytes',
    condition: { is: 'threshold', above: 0.9, resolveAt: 0.85 },
    forSeconds: 60,
    actions: [{ action: 'vm.disk.grow', label: 'Grow the disk', input: { vm: '{id}', device: '{device}', size: '{of*1.5}' } }],
    help: 'What the disk takes on the host nears what the guest may write. When the guest has written all of it, its writes fail.',
  },
  'host-unreachable': {
    title: 'Host does not answer',
    severity: 'critical',
    metric: 'host.memoryBytes',
    condition: { is: 'absence', seconds: 120 },
    help: 'Its VMs may well run on. Check the power, the network and libvirtd of the host; `/nova host get` says why it cannot be reached.',
  },
  'vm-vanished': {
    title: 'VM is not measured any more',
    severity: 'warning',
    metric: 'vm.vcpus',
    condition: { is: 'absence', seconds: 180 },
    actions: [{ action: 'vm.start', label: 'Start', input: { vm: '{id}' } }],
    help: 'It should run, and nothing is heard of it: it crashed, was removed behind the back of the hub, or its host does not answer.',
  },
};
