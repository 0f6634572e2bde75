import { PLACEMENT_ID, VM_GRID_ID } from '../names.ts';
import { action, bars, board, lines, metric, own, stat, table, variable } from './parts.ts';

const RATIO = { unit: 'percentunit', max: 1 };
const LAST = { aggregate: 'last' } as const;

export const fleet = () =>
  board('fleet', 'fleet', 'All VMs and hosts that you may see: what runs, where, and what is short.')
    .withPanel(stat('VMs running, by host', metric('host.vmsRunning', LAST)))
    .withPanel(stat('CPU of hosts', metric('host.cpuRatio'), RATIO))
    .withPanel(stat('Memory of hosts', metric('host.memoryUsedRatio'), RATIO))
    .withPanel(stat('Storage pools', metric('host.pool.allocatedRatio', LAST), RATIO))
    .withPanel(own(VM_GRID_ID, 'VMs', { queries: [action('vm.list', { rowsMax: 500 })], width: 14, show: { groupBy: 'host' } }))
    .withPanel(own(PLACEMENT_ID, 'Placement', { queries: [action('host.list'), action('vm.list', { rowsMax: 500 })], width: 10 }))
    .withPanel(lines('CPU of VMs', metric('vm.cpuRatio'), RATIO))
    .withPanel(lines('Memory of VMs', metric('vm.memoryRssBytes'), { unit: 'bytes' }))
    .withPanel(bars('Fullest file systems', metric('vm.filesystem.usedRatio', LAST), RATIO))
    .withPanel(lines('Written to disks', metric('vm.disk.writeBytes'), { unit: 'binBps' }));

export const host = () =>
  board('host', 'host', 'One host: its load, its memory, its pools, and the VMs on it.')
    .withVariable(variable('host', 'hosts'))
    .withPanel(stat('VMs running', metric('host.vmsRunning', { targets: ['$host'], ...LAST })))
    .withPanel(stat('Memory', metric('host.memoryBytes', { targets: ['$host'], ...LAST }), { unit: 'bytes' }))
    .withPanel(bars('Storage pools', metric('host.pool.allocatedRatio', { targets: ['$host'], ...LAST }), { ...RATIO, height: 4 }))
    .withPanel(lines('CPU', metric('host.cpuRatio', { targets: ['$host'] }), RATIO))
    .withPanel(lines('Memory used', metric('host.memoryUsedRatio', { targets: ['$host'] }), RATIO))
    .withPanel(lines('CPU of its VMs', metric('vm.cpuRatio', { host: '$host' }), RATIO))
    .withPanel(lines('Memory of its VMs', metric('vm.memoryRssBytes', { host: '$host' }), { unit: 'bytes' }))
    .withPanel(table('VMs', action('vm.list', { host: '$host', rowsMax: 500 })));

export const vm = () =>
  board('vm', 'VM', 'One VM, or some beside each other.')
    .withVariable(variable('vm', 'vms', { multi: true, label: 'VM' }))
    .withPanel(lines('CPU, and what is ahead', metric('vm.cpuRatio', { targets: ['$vm'], forecast: '6h', anomalies: true }), RATIO))
    .withPanel(lines('Memory used by the guest', metric('vm.memoryUsedRatio', { targets: ['$vm'] }), RATIO))
    .withPanel(lines('Disk read', metric('vm.disk.readBytes', { targets: ['$vm'] }), { unit: 'binBps' }))
    .withPanel(lines('Disk written', metric('vm.disk.writeBytes', { targets: ['$vm'] }), { unit: 'binBps' }))
    .withPanel(lines('Network received', metric('vm.nic.receiveBytes', { targets: ['$vm'] }), { unit: 'binBps' }))
    .withPanel(lines('Network sent', metric('vm.nic.transmitBytes', { targets: ['$vm'] }), { unit: 'binBps' }))
    .withPanel(bars('File systems', metric('vm.filesystem.usedRatio', { targets: ['$vm'], ...LAST }), RATIO))
    .withPanel(lines('Requests to disks', metric('vm.disk.writeOps', { targets: ['$vm'] }), { unit: 'iops' }));

export const tenant = () =>
  board('tenant', 'tenant', 'What the VMs of a tenant use.')
    .withVariable(variable('tenant', 'tenants'))
    .withPanel(lines('CPU', metric('vm.cpuRatio', { tenant: '$tenant' }), RATIO))
    .withPanel(lines('Memory', metric('vm.memoryRssBytes', { tenant: '$tenant' }), { unit: 'bytes' }))
    .withPanel(lines('Written to disks', metric('vm.disk.writeBytes', { tenant: '$tenant' }), { unit: 'binBps' }))
    .withPanel(lines('Network sent', metric('vm.nic.transmitBytes', { tenant: '$tenant' }), { unit: 'binBps' }))
    .withPanel(bars('How much of each disk is taken', metric('vm.disk.allocatedRatio', { tenant: '$tenant', ...LAST }), RATIO))
    .withPanel(
      own(VM_GRID_ID, 'VMs', {
        queries: [action('vm.list', { tenant: '$tenant', rowsMax: 500 })],
        width: 12,
        height: 8,
        show: { groupBy: 'host' },
      }),
    );
