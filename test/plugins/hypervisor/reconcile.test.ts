import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../kit/collect.ts';
import '../../kit/libvirt-host.ts';
import { Inventory, type VmEntry } from '../../../plugins/hypervisor/inventory.ts';
import { sweepTrash } from '../../../plugins/hypervisor/trash-sweeper.ts';
import { quietLog } from '../../kit/postgres.ts';
import { Hypervisor } from '../../../plugins/hypervisor/port.ts';
import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';
import { startLab, vmsOf, type Lab } from './kit.ts';

const run = promisify(execFile);
let lab: Lab;
let port: Hypervisor | undefined;
/** Another plugin that uses the port, as monitoring does. */
const neighbour = definePlugin(
  { name: 'neighbour', api: 1, config: z.object({}), needs: { hypervisor: Hypervisor }, provides: {} },
  () => ({
    start({ services }) {
      port = services.hypervisor;
      return {};
    },
  }),
);
const virsh = async (...args: string[]): Promise<string> => (await run('virsh', ['-q', '-c', lab.host.uri, ...args])).stdout.trim();
const stateOf = async (name: string): Promise<string | undefined> => (await vmsOf(lab.hub)).find((vm) => vm.name === name)?.state;

async function defineForeign(name: string): Promise<void> {
  const file = join(lab.host.dir, 'foreign.xml');
  const os = `<os><type arch='x86_64'>hvm</type></os>`;
  await writeFile(file, `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory>${os}</domain>`);
  await virsh('define', file);
}

beforeAll(async () => {
  lab = await startLab({ reconcileSeconds: 1 }, [neighbour]);
  await lab.hub.run('vm.create', { name: 'web' }, lab.hub.as('operator'));
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

test('a domain made by others appears, is only looked at, and is managed once it is adopted', async () => {
  await defineForeign('Old Server');
  await until('it appears', async () => (await stateOf('Old Server')) === 'shut-off');
  const [foreign] = (await vmsOf(lab.hub)).filter((vm) => !vm.managed);
  expect(foreign).toMatchObject({ name: 'Old Server', tenant: null, managed: false });
  await expect(lab.hub.run('vm.start', { vm: 'Old Server' })).rejects.toThrow('vm_unmanaged');
  await expect(lab.hub.run('vm.delete', { vm: 'Old Server', purge: true })).rejects.toMatchObject({ code: 'vm_unmanaged' });
  await expect(lab.hub.run('vm.adopt', { vm: 'Old Server' }, lab.hub.as('operator'))).rejects.toMatchObject({ code: 'permission_denied' });
  await expect(lab.hub.run('vm.adopt', { vm: 'Old Server' })).rejects.toThrow(/vm_name: .*--name/);
  await expect(lab.hub.run('vm.adopt', { vm: 'Old Server', name: 'web' })).rejects.toThrow('vm_name_taken');
  const adopted = await lab.hub.run('vm.adopt', { vm: 'Old Server', name: 'old-server', tags: ['legacy'] });
  expect(adopted).toMatchObject({ id: foreign?.id, name: 'old-server', tenant: 'default', managed: true, tags: ['legacy'] });
  expect(await virsh('domname', foreign?.id ?? '')).toBe('Old Server');
  expect(await lab.hub.run('vm.start', { vm: 'old-server' }, lab.hub.as('operator'))).toMatchObject({ state: 'running' });
  await lab.hub.run('vm.delete', { vm: 'old-server', purge: true });
  expect((await vmsOf(lab.hub)).map(({ name }) => name)).toEqual(['web']);
});

test('a change made behind the back of the hub is shown as drift and left as it is', async () => {
  await virsh('setvcpus', 'web', '1', '--config');
  await virsh('setmaxmem', 'web', '200M', '--config');
  await until('the drift is seen', async () => ((await lab.hub.run('vm.get', { vm: 'web' })) as { drift: unknown[] }).drift.length > 0);
  expect(await lab.hub.run('vm.get', { vm: 'web' })).toMatchObject({ drift: [{ field: 'memory', recorded: '96 MiB', actual: '200 MiB' }] });
  const { card } = await lab.hub.resources.card('vm', 'web', lab.hub.as('viewer'));
  expect(card.fields).toContainEqual({ label: 'Drift', value: 'memory: 200 MiB instead of 96 MiB' });
  await lab.hub.run('vm.resize', { vm: 'web', memory: '96M' });
  expect(await lab.hub.run('vm.get', { vm: 'web' })).toMatchObject({ drift: [] });
});

test('a guest whose process dies is seen at once, and can be started', async () => {
  await lab.host.killQemu('web');
  await until('it is seen', async () => (await stateOf('web')) === 'crashed');
  expect(await lab.hub.run('vm.start', { vm: 'web' })).toMatchObject({ state: 'running' });
});

test('a restarted daemon is found again and its guests with it', async () => {
  await lab.host.kill();
  await until(
    'the hub notices',
    async () => ((await lab.hub.run('host.get', { host: 'local' })) as { state: string }).state === 'unreachable',
  );
  await until('nobody knows how it is', async () => (await stateOf('web')) === 'unknown');
  await lab.host.restart();
  await expect.poll(() => stateOf('web'), { timeout: 10_000 }).toBe('running');
});

test('figures of all running guests come in one call', async () => {
  const [web] = await vmsOf(lab.hub);
  const scrape = await port?.scrape('local', AbortSignal.timeout(10_000));
  expect(scrape).toMatchObject({ host: { cpus: port?.hosts()[0]?.cpus }, vms: [{ id: web?.id, vcpus: 1, disks: [{ device: 'vda' }] }] });
  await expect(port?.scrape('nowhere', AbortSignal.timeout(1000))).rejects.toMatchObject({ code: 'host_unknown' });
});

test('what was long enough in the trash is purged through the door, in the name of the sweeper', async () => {
  const { hub } = lab;
  const made = (await hub.run('vm.create', { name: 'old' })) as { id: string };
  await hub.run('vm.delete', { vm: 'old' });
  const inventory = new Inventory();
  for (const vm of port?.vms() ?? []) inventory.put(vm as VmEntry);
  const sweepAt = (days: number) =>
    sweepTrash({ inventory, clock: { now: () => Date.now() + days * 86_400_000 }, log: quietLog, config: { trashDays: 7 } }, hub.actions);
  await sweepAt(6);
  expect(await hub.jobs.list({ target: { kind: 'vm', id: made.id } }, hub.as('admin'))).toHaveLength(1);
  await sweepAt(8);
  await until('it is gone', async () => (await vmsOf(hub, { trash: true })).length === 0);
  const [purge] = await hub.jobs.list({ target: { kind: 'vm', id: made.id } }, hub.as('admin'));
  expect(purge).toMatchObject({ action: 'vm.delete', actor: { name: 'trash sweeper' }, via: 'hub' });
});

test('a VM that was removed behind the back of the hub is missing, and can be taken off the list', async () => {
  await virsh('destroy', 'web');
  await virsh('undefine', 'web');
  await until('it is missing', async () => (await stateOf('web')) === 'missing');
  await expect(lab.hub.run('vm.start', { vm: 'web' })).rejects.toThrow('vm_missing');
  expect(await lab.hub.run('vm.delete', { vm: 'web', purge: true })).toMatchObject({ purged: true });
  expect(await vmsOf(lab.hub)).toEqual([]);
});
