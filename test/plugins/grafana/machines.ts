import { ref, type Action, type Plugin, type ResourceKind } from 'novacron/plugin';
import { z } from 'zod';

const GIB = 2 ** 30;
const vm = (id: string, name: string, more: object = {}) => ({
  id,
  name,
  tenant: 'default',
  host: 'h1',
  state: 'running',
  vcpus: 2,
  memoryBytes: 2 * GIB,
  managed: true,
  tags: ['web'],
  owner: null,
  ...more,
});

const VMS = [
  vm('mine', 'name-of-mine'),
  vm('theirs', 'name-of-theirs', { tenant: 'other', memoryBytes: 3 * GIB }),
  vm('w2', 'web-2', { vcpus: 1, memoryBytes: GIB, state: 'paused' }),
  vm('b1', 'batch-1', { state: 'crashed' }),
  vm('d1', 'db-1', { host: 'h2', memoryBytes: 6 * GIB, vcpus: 4 }),
  vm('d2', 'db-2', { host: 'h2', memoryBytes: 4 * GIB, vcpus: 4 }),
  vm('d3', 'db-3', { host: 'h2', state: 'shut-off' }),
];

const host = (id: string, state: string) => ({
  id,
  name: id,
  uri: `test:///${id}`,
  state,
  reason: null,
  cpus: 8,
  memoryBytes: 8 * GIB,
  accelerator: 'kvm',
  vmsRunning: 2,
});

const HOSTS = [host('h1', 'connected'), host('h2', 'connected'), host('h3', 'unreachable')];

const list = (
  key: 'vms' | 'hosts',
  title: string,
  rows: readonly { readonly id: string; readonly host?: string; readonly tenant?: string }[],
): Action => ({
  title,
  label: title,
  risk: 'read',
  input: z.object({ host: z.string().optional(), tenant: z.string().optional(), rowsMax: z.int().default(200) }),
  output: z.object({ [key]: z.array(z.looseObject({})) }),
  run: async (_, { host, tenant }: { host?: string; tenant?: string }) => ({
    [key]: rows.filter((one) => (host === undefined || one.host === host) && (tenant === undefined || one.tenant === tenant)),
  }),
});

const power = (label: string, risk: 'change' | 'disrupt', done: (vm: string) => void): Action => ({
  title: `${label} a VM`,
  label,
  risk,
  input: z.object({ vm: z.string() }),
  output: z.object({ vm: z.string() }),
  target: (input: { vm: string }) => ref('vm', input.vm),
  ...(risk === 'disrupt' && {
    plan: async ({ target }) => ({ sentences: [`${target?.name} is switched off at once; what it had not written is lost.`], facts: {} }),
  }),
  run: async (_, input: { vm: string }) => {
    done(input.vm);
    return { vm: input.vm };
  },
});

/** A fake hypervisor with actions under the names, and with the answers, of the real one; `stopped` are the VMs that were switched off. */
export function withMachines(fake: Plugin): { plugin: Plugin; stopped: string[] } {
  const stopped: string[] = [];
  const vm: ResourceKind = {
    ...fake.resources!['vm']!,
    card: async (_, { name }) => ({
      title: name,
      subtitle: 'VM on h1',
      state: { text: 'running', tone: 'good' },
      fields: [{ label: 'Memory', value: '2 GiB' }],
      actions: ['vm.console.read', 'vm.stop', 'vm.start'],
    }),
  };
  const actions = {
    'vm.list': list('vms', 'List VMs', VMS),
    'host.list': list('hosts', 'List hosts', HOSTS),
    'vm.stop': power('Switch off', 'disrupt', (id) => stopped.push(id)),
    'vm.start': power('Start', 'change', () => undefined),
  };
  return { plugin: { ...fake, resources: { ...fake.resources, vm }, actions }, stopped };
}
