import { expect, test } from 'vitest';
import { startLab, untilUp, vmsOf, type Vm } from './kit.ts';
import '../../kit/libvirt-host.ts';

test('a VM is created, boots, is paused, shut down, deleted, restored and purged', async () => {
  await using lab = await startLab();
  const { hub } = lab;
  const operator = hub.as('operator');
  const made = (await hub.run('vm.create', { name: 'web-1', tags: ['web'] }, operator)) as unknown as Vm;
  expect(made).toMatchObject({ name: 'web-1', tenant: 'default', host: 'local', state: 'running', vcpus: 1, managed: true, tags: ['web'] });
  await untilUp(hub, 'web-1');
  expect(await vmsOf(hub)).toEqual([made]);
  expect(await hub.run('vm.get', { vm: 'web-1' })).toMatchObject({
    image: 'tiny',
    drift: [],
    disks: [{ device: 'vda', capacityBytes: 64 * 2 ** 20 }],
  });
  expect(await hub.run('vm.pause', { vm: 'web-1' }, operator)).toMatchObject({ state: 'paused' });
  expect(await hub.run('vm.resume', { vm: 'web-1' }, operator)).toMatchObject({ state: 'running' });
  expect(await hub.run('vm.shutdown', { vm: 'web-1' }, operator)).toMatchObject({ state: 'shut-off' });
  expect(await hub.run('vm.start', { vm: 'web-1' }, operator)).toMatchObject({ state: 'running' });
  expect(await hub.run('vm.delete', { vm: 'web-1' }, operator)).toMatchObject({ purged: false });
  expect(await vmsOf(hub)).toEqual([]);
  expect(await vmsOf(hub, { trash: true })).toMatchObject([{ name: 'web-1', state: 'trashed' }]);
  expect(await hub.resources.search('vm', { text: 'web' }, operator)).toEqual([]);
  expect(await hub.resources.search('vm', { text: 'trash/web' }, operator)).toMatchObject([{ id: made.id, name: 'web-1' }]);
  expect(await hub.run('vm.restore', { vm: 'web-1' }, operator)).toMatchObject({ id: made.id, name: 'web-1', state: 'running' });
  expect(await hub.run('vm.delete', { vm: 'web-1', purge: true }, hub.as('tenant-admin'))).toMatchObject({ purged: true });
  expect(await vmsOf(hub)).toEqual([]);
  expect(await vmsOf(hub, { trash: true })).toEqual([]);
});
