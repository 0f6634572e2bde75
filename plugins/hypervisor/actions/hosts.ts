import { ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { linkOf } from '../host-link.ts';
import { runtimeOf, type HypervisorTools } from '../runtime.ts';
import { formatBytes } from '../sizes.ts';
import { hostCard, hostView, HostView } from '../views.ts';

export const listHosts = ({ action }: HypervisorTools): Action =>
  action({
    title: 'List hosts',
    label: 'Hosts',
    help: 'All hosts and whether they can be reached.',
    risk: 'read',
    input: z.object({}),
    output: z.object({ hosts: z.array(HostView) }),
    examples: ['host list'],
    async run(ctx) {
      const { links, inventory } = runtimeOf(ctx);
      return { hosts: [...links.values()].map((link) => hostView(link.status, inventory.all())) };
    },
    show: ({ hosts }) => ({
      text: hosts.length === 0 ? 'No host is configured.' : `${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}.`,
      table: {
        columns: ['Name', 'State', 'CPUs', 'Memory', 'Accelerator', 'VMs running'],
        rows: hosts.map((host) => [
          host.name,
          host.state,
          String(host.cpus),
          formatBytes(host.memoryBytes),
          host.accelerator,
          String(host.vmsRunning),
        ]),
      },
    }),
  });

export const getHost = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Show a host',
    label: 'Host',
    help: 'State and size of a host.',
    risk: 'read',
    input: z.object({ host: z.string().min(1).max(63).meta({ title: 'Host', picker: 'host' }) }),
    output: HostView,
    positional: ['host'],
    examples: ['host get local'],
    target: ({ host }) => ref('host', host),
    async run(ctx) {
      const { links, inventory } = runtimeOf(ctx);
      return hostView(linkOf(links, ctx.target?.id ?? '').status, inventory.all());
    },
    show: (host) => ({
      text: host.state === 'connected' ? `Host '${host.name}' is connected.` : `Host '${host.name}' cannot be reached: ${host.reason}.`,
      card: hostCard(host),
    }),
  });
