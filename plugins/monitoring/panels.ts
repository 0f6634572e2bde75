import type { Aggregate, Panel, Unit } from 'novacron/plugin';

const panel = (title: string, metric: string, shown: { unit: Unit; aggregate: Aggregate }): Panel => ({
  title,
  resource: metric.split('.')[0] ?? '',
  query: { metric, aggregate: shown.aggregate },
  unit: shown.unit,
});

const ratio = { unit: 'ratio', aggregate: 'mean' } as const;
const bytes = { unit: 'bytes', aggregate: 'mean' } as const;
const bytesPerSecond = { unit: 'bytesPerSecond', aggregate: 'rate' } as const;

export const panels: Readonly<Record<string, Panel>> = {
  'vm.cpu': panel('CPU', 'vm.cpuRatio', ratio),
  'vm.memory': panel('Memory on the host', 'vm.memoryRssBytes', bytes),
  'vm.memoryUsed': panel('Memory used by the guest', 'vm.memoryUsedBytes', bytes),
  'vm.diskRead': panel('Disk read', 'vm.disk.readBytes', bytesPerSecond),
  'vm.diskWrite': panel('Disk write', 'vm.disk.writeBytes', bytesPerSecond),
  'vm.receive': panel('Network received', 'vm.nic.receiveBytes', bytesPerSecond),
  'vm.transmit': panel('Network sent', 'vm.nic.transmitBytes', bytesPerSecond),
  'host.cpu': panel('CPU', 'host.cpuRatio', ratio),
  'host.memory': panel('Memory used', 'host.memoryUsedBytes', bytes),
  'host.vms': panel('Running VMs', 'host.vmsRunning', { unit: 'count', aggregate: 'max' }),
};
