import { definePlugin } from 'novacron/plugin';
import { adoptVm } from './actions/adopt.ts';
import { createVm } from './actions/create.ts';
import { deleteVm } from './actions/delete.ts';
import { growDiskOfVm } from './actions/disk-grow.ts';
import { getHost, listHosts } from './actions/hosts.ts';
import { pauseVm, rebootVm, resetVm, resumeVm, shutdownVm, startVm, stopVm } from './actions/power.ts';
import { getVm, listVms, readConsoleOfVm } from './actions/read.ts';
import { renameVm } from './actions/rename.ts';
import { resizeVm } from './actions/resize.ts';
import { restoreVm } from './actions/restore.ts';
import { HypervisorConfig } from './config.ts';
import { migrations } from './migrations.ts';
import { Hypervisor } from './port.ts';
import { hostKind, vmKind } from './resources.ts';
import { needs } from './runtime.ts';
import { start } from './start.ts';

/** Hosts and VMs through libvirt. */
export default definePlugin(
  { name: 'hypervisor', api: 1, config: HypervisorConfig, needs, provides: { hypervisor: Hypervisor } },
  (tools) => ({
    resources: { host: hostKind(tools), vm: vmKind(tools) },
    actions: {
      'host.list': listHosts(tools),
      'host.get': getHost(tools),
      'vm.list': listVms(tools),
      'vm.get': getVm(tools),
      'vm.console.read': readConsoleOfVm(tools),
      'vm.create': createVm(tools),
      'vm.start': startVm(tools),
      'vm.shutdown': shutdownVm(tools),
      'vm.stop': stopVm(tools),
      'vm.reboot': rebootVm(tools),
      'vm.reset': resetVm(tools),
      'vm.pause': pauseVm(tools),
      'vm.resume': resumeVm(tools),
      'vm.rename': renameVm(tools),
      'vm.resize': resizeVm(tools),
      'vm.disk.grow': growDiskOfVm(tools),
      'vm.delete': deleteVm(tools),
      'vm.restore': restoreVm(tools),
      'vm.adopt': adoptVm(tools),
    },
    migrations,
    start,
  }),
);
