import type { AlertRule } from 'novacron/plugin';

/** Rules that see ahead; each can be turned off: `/nova alert disable analytics.disk-full-soon`. */
export const shippedAlerts: Readonly<Record<string, AlertRule>> = {
  'disk-full-soon': {
    title: 'Disk of a VM full soon',
    severity: 'warning',
    metric: 'vm.disk.allocationBytes',
    of: 'capacityBytes',
    condition: { is: 'offered', kind: 'forecast', settings: { above: 0.9, of: 'capacityBytes', withinSeconds: 43_200 } },
    keepFiringSeconds: 600,
    actions: [{ action: 'vm.disk.grow', label: 'Grow the disk', input: { vm: '{id}', device: '{device}', size: '{of*1.5}' } }],
    help: 'At its present pace the disk is nine tenths full within 12 hours. Let it grow while there is time, or find what fills it.',
  },
  'filesystem-full-soon': {
    title: 'File system of a VM full soon',
    severity: 'warning',
    metric: 'vm.filesystem.usedBytes',
    condition: { is: 'offered', kind: 'forecast', settings: { above: 0.95, of: 'totalBytes', withinSeconds: 43_200 } },
    keepFiringSeconds: 600,
    help: 'At its present pace the file system is full within 12 hours, as the agent of the guest says.',
  },
  'pool-full-soon': {
    title: 'Storage pool full soon',
    severity: 'critical',
    metric: 'host.pool.allocationBytes',
    condition: { is: 'offered', kind: 'forecast', settings: { above: 0.95, of: 'capacityBytes', withinSeconds: 259_200 } },
    keepFiringSeconds: 3600,
    help: 'When a pool is full, every guest that writes to it stops. Within three days at its present pace: empty the trash, or add storage.',
  },
  'unusual-vm': {
    title: 'Unusual behaviour of a VM',
    severity: 'info',
    metric: 'vm.cpuRatio',
    condition: { is: 'offered', kind: 'anomaly', settings: { scoreMin: 1 } },
    keepFiringSeconds: 1800,
    help: 'Not what the same hour of the days before let expect. If it is none: anomaly dismiss.',
  },
};
