import { totalmem } from 'node:os';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { until } from '../../kit/collect.ts';
import { startTestHub } from '../../kit/hub.ts';
import { startLibvirtHost } from '../../kit/libvirt-host.ts';
import { onHost, vmsOf, type Vm } from './kit.ts';

const run = promisify(execFile);

test('a hub whose only host is dead starts, says so, and connects when the host is back', async () => {
  await using host = await startLibvirtHost();
  await host.stop();
  await using hub = await startTestHub({ plugins: [await onHost(host)] });
  expect(await hub.run('host.list', {})).toMatchObject({ hosts: [{ name: 'local', state: 'unreachable' }] });
  await host.restart();
  await until(
    'the host is connected',
    async () => ((await hub.run('host.get', { host: 'local' })) as { state: string }).state === 'connected',
  );
  expect(await hub.run('host.get', { host: 'local' })).toMatchObject({ memoryBytes: totalmem() });
});

test('a full pool is said with figures, and nothing is left of the VM', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'nova-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir]);
  try {
    await using host = await startLibvirtHost();
    await using hub = await startTestHub({ plugins: [await onHost(host, { poolDir: dir })] });
    await expect(hub.run('vm.create', { name: 'full' })).rejects.toThrow(/disk_full: Pool 'novacron' has .* left/);
    expect(await vmsOf(hub)).toEqual([]);
  } finally {
    await run('umount', [dir]);
    await rm(dir, { recursive: true });
  }
});

test('a hub with an empty database finds its VMs again, those in the trash too', async () => {
  await using host = await startLibvirtHost();
  let made: Vm;
  let web: Vm | undefined;
  {
    await using hub = await startTestHub({ plugins: [await onHost(host)] });
    await hub.run('vm.create', { name: 'web' }, hub.as('operator'));
    made = (await hub.run('vm.create', { name: 'gone', tags: ['x'] }, hub.as('operator'))) as unknown as Vm;
    await hub.run('vm.delete', { vm: 'gone' });
    [web] = await vmsOf(hub);
  }
  await using fresh = await startTestHub({ plugins: [await onHost(host)] });
  expect(await vmsOf(fresh)).toEqual([web]);
  expect(await fresh.run('vm.restore', { vm: 'gone' })).toMatchObject({ id: made.id, name: 'gone', tags: ['x'], state: 'running' });
});
