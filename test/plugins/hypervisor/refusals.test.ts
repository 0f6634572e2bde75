import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLibvirtHost } from '../../kit/libvirt-host.ts';
import { startLab, vmsOf, type Lab } from './kit.ts';
import { qcow2Head } from './qcow2-kit.ts';

const run = promisify(execFile);
const GIB = 2 ** 30;
const MIB = 2 ** 20;
let lab: Lab;
const create = (input: object, actor = lab.hub.as('operator')) => lab.hub.run('vm.create', input, actor);
const poolFile = (name: string): string => join(lab.host.dir, 'novacron', name);
const volumes = async (): Promise<string[]> => {
  const { stdout } = await run('virsh', ['-q', '-c', lab.host.uri, 'vol-list', 'novacron']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((name) => name !== '' && !name.startsWith('tiny-'));
};

beforeAll(async () => {
  const host = await startLibvirtHost();
  lab = await startLab({ isoDirs: [join(host.dir, 'iso')] }, [], host);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

test('input that is wrong is refused with the field that is wrong', async () => {
  for (const name of ['a b', '../x', '<x/>', 'x'.repeat(1000), '']) await expect(create({ name })).rejects.toThrow(/name/i);
  await expect(create({ name: 'a', memory: 'lots' })).rejects.toThrow('A size is a number');
  await expect(create({ name: 'a', tags: ['<x>'] })).rejects.toThrow('tag');
  await expect(create({ name: 'a', vcpus: 65 })).rejects.toThrow('vm_limit');
});

test('memory that no host has is refused with figures', async () => {
  await expect(create({ name: 'big', memory: '900G' })).rejects.toThrow(
    /host_memory_short: The VM wants 900 GiB of memory; host 'local' has .* free of /,
  );
});

test('a host that does not exist is refused, and so is another tenant for all but admins', async () => {
  await expect(create({ name: 'a', host: 'nowhere' })).rejects.toThrow('host_unknown');
  await expect(create({ name: 'a', tenant: 'other' })).rejects.toThrow(/may not/);
});

test('images that would show the guest a file of the host are refused, and nothing is left of the VM', async () => {
  await mkdir(join(lab.host.dir, 'outside'), { recursive: true });
  const outside = join(lab.host.dir, 'outside', 'secret.raw');
  await writeFile(outside, 'secret');
  await lab.hub.run('vm.list', {});
  const images: [string, Buffer, string][] = [
    ['backing.qcow2', qcow2Head({ backing: outside }), 'is not an image of pool'],
    ['up.qcow2', qcow2Head({ backing: '../outside/secret.raw' }), 'is not an image of pool'],
    ['json.qcow2', qcow2Head({ backing: 'json:{"driver":"file","filename":"/etc/shadow"}' }), 'is not an image of pool'],
    ['gone.qcow2', qcow2Head({ backing: 'no-such.qcow2' }), 'does not exist'],
    ['self.qcow2', qcow2Head({ backing: 'self.qcow2' }), 'its own backing file'],
    ['data.qcow2', qcow2Head({ features: 4n, dataFile: '/etc/shadow' }), 'data in another file'],
    ['lie.qcow2', Buffer.from('this is no disk image'), 'not what its name says'],
    ['other.img', Buffer.from('KDMV\0\0\0\0'.padEnd(600, '\0')), 'vmdk file'],
  ];
  for (const [name, bytes] of images) await writeFile(poolFile(name), bytes);
  for (const [image, , why] of images) await expect(create({ name: 'evil', image })).rejects.toThrow(new RegExp(`image_unsafe: .*${why}`));
  for (const [name] of images) await rm(poolFile(name));
  await expect(create({ name: 'evil', image: 'no-such.qcow2' })).rejects.toThrow('image_unknown');
  await expect(create({ name: 'evil', image: '/etc/passwd' })).rejects.toThrow('image_unknown');
  expect(await vmsOf(lab.hub)).toEqual([]);
  await run('virsh', ['-q', '-c', lab.host.uri, 'pool-refresh', 'novacron']);
  expect(await volumes()).toEqual([]);
});

test('a qcow2 on a base of its own pool is copied whole, a raw one too, and an ISO is put into the drive', async () => {
  await run('qemu-img', ['create', '-q', '-f', 'raw', poolFile('base.raw'), '8M']);
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', poolFile('base.raw'), '-F', 'raw', poolFile('system.qcow2'), '16M']);
  await mkdir(join(lab.host.dir, 'iso'), { recursive: true });
  await writeFile(join(lab.host.dir, 'iso', 'installer.iso'), Buffer.alloc(65_536));
  await create({ name: 'from-qcow2', image: 'system.qcow2', memory: '64M', disk: '32M' });
  await create({ name: 'from-raw', image: 'novacron/base.raw', memory: '64M' });
  const names = async (input: object, actor = lab.hub.as('operator')) => (await vmsOf(lab.hub, input, actor)).map(({ name }) => name);
  expect(await names({ tenant: 'default' })).toEqual(['from-qcow2', 'from-raw']);
  expect(await names({ tenant: 'other' }, lab.hub.as('admin'))).toEqual([]);
  // Behind the wall nobody sees them, by whatever tenant they are asked for.
  for (const tenant of ['default', 'other', 'unknown']) expect(await names({ tenant }, lab.hub.as('operator', 'other'))).toEqual([]);
  await create({ name: 'from-iso', image: join(lab.host.dir, 'iso', 'installer.iso'), memory: '64M', disk: '24M' });
  const disksOf = async (vm: string) =>
    ((await lab.hub.run('vm.get', { vm })) as { disks: { capacityBytes: number; path: string; kind: string }[] }).disks;
  const [copy] = await disksOf('from-qcow2');
  expect(copy?.capacityBytes).toBe(32 * MIB);
  const { stdout } = await run('qemu-img', ['info', '-U', '--output=json', copy?.path ?? '']);
  expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': 32 * MIB });
  expect(stdout).not.toContain('backing');
  expect(await disksOf('from-raw')).toMatchObject([{ capacityBytes: 8 * MIB }]);
  expect(await disksOf('from-iso')).toMatchObject([{ capacityBytes: 24 * MIB, kind: 'disk' }, { kind: 'cdrom' }]);
  await expect(create({ name: 'too-small', image: 'system.qcow2', disk: '8M' })).rejects.toThrow(/vm_limit.*would cut it off/);
  for (const vm of ['from-qcow2', 'from-raw', 'from-iso']) await lab.hub.run('vm.delete', { vm, purge: true });
  for (const file of ['base.raw', 'system.qcow2']) await rm(poolFile(file));
  await run('virsh', ['-q', '-c', lab.host.uri, 'pool-refresh', 'novacron']);
});

test('two creates of one name at once make exactly one VM', async () => {
  const both = await Promise.allSettled([
    create({ name: 'twin' }),
    create({ name: 'twin' }),
    create({ name: 'twin' }, lab.hub.as('admin')),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
  const reasons = both.flatMap((result) => (result.status === 'rejected' ? [String(result.reason).split(': ')[1]] : []));
  expect(reasons).toEqual(['vm_name_taken', 'vm_name_taken']);
  expect((await vmsOf(lab.hub)).map(({ name }) => name)).toEqual(['twin']);
  expect(await volumes()).toHaveLength(2);
});

test('another tenant may use the same name, and neither sees the other', async () => {
  const other = lab.hub.as('operator', 'other');
  const made = await create({ name: 'twin' }, other);
  expect(made).toMatchObject({ name: 'twin', tenant: 'other' });
  expect((await vmsOf(lab.hub, {}, other)).map(({ tenant }) => tenant)).toEqual(['other']);
  expect((await vmsOf(lab.hub, {}, lab.hub.as('viewer'))).map(({ tenant }) => tenant)).toEqual(['default']);
  await expect(lab.hub.run('vm.get', { vm: 'other/twin' }, lab.hub.as('operator'))).rejects.toMatchObject({ code: 'vm_unknown' });
  expect(await lab.hub.run('vm.get', { vm: 'other/twin' })).toMatchObject({ tenant: 'other' });
  await lab.hub.run('vm.delete', { vm: 'other/twin', purge: true });
});

test('what does not fit the state is refused with the state and what to do', async () => {
  const operator = lab.hub.as('operator');
  await expect(lab.hub.run('vm.resume', { vm: 'twin' }, operator)).resolves.toMatchObject({ state: 'running' });
  await expect(lab.hub.run('vm.rename', { vm: 'twin', name: 'tween' }, operator)).rejects.toThrow(
    /vm_state_wrong: 'twin' is running.*only while it is off/,
  );
  await lab.hub.run('vm.stop', { vm: 'twin' }, operator);
  await expect(lab.hub.run('vm.pause', { vm: 'twin' }, operator)).rejects.toThrow("vm_state_wrong: 'twin' is shut-off");
  await expect(lab.hub.run('vm.reboot', { vm: 'twin' }, operator)).rejects.toThrow('vm_state_wrong');
  await expect(lab.hub.run('vm.restore', { vm: 'twin' }, operator)).rejects.toThrow('vm_not_trashed');
});

test('a VM that is off is renamed and resized, and a disk only grows', async () => {
  const operator = lab.hub.as('operator');
  expect(await lab.hub.run('vm.rename', { vm: 'twin', name: 'solo' }, operator)).toMatchObject({ name: 'solo' });
  const resized = await lab.hub.run('vm.resize', { vm: 'solo', memory: '256M', vcpus: 2, disk: '128M' }, operator);
  expect(resized).toMatchObject({ memoryBytes: GIB / 4, vcpus: 2, pending: false });
  expect(await lab.hub.run('vm.get', { vm: 'solo' })).toMatchObject({ drift: [], disks: [{ capacityBytes: GIB / 8 }] });
  await expect(lab.hub.run('vm.resize', { vm: 'solo', vcpus: 1, disk: '1M' }, operator)).rejects.toThrow(/vm_limit.*only grow/);
  expect(await lab.hub.run('vm.get', { vm: 'solo' })).toMatchObject({ vcpus: 2, drift: [] });
});

test('a name that was given away meanwhile keeps a VM in the trash until it gets another', async () => {
  const operator = lab.hub.as('operator');
  await lab.hub.run('vm.delete', { vm: 'solo' }, operator);
  await expect(lab.hub.run('vm.start', { vm: 'solo' }, operator)).rejects.toThrow('vm_trashed');
  await create({ name: 'solo' });
  await expect(lab.hub.run('vm.restore', { vm: 'solo' }, operator)).rejects.toThrow('vm_name_taken');
  expect(await vmsOf(lab.hub, { trash: true })).toMatchObject([{ name: 'solo', state: 'trashed' }]);
  expect(await lab.hub.run('vm.restore', { vm: 'solo', as: 'solo-2' }, operator)).toMatchObject({ name: 'solo-2', state: 'shut-off' });
  for (const vm of ['solo', 'solo-2']) await lab.hub.run('vm.delete', { vm, purge: true });
  expect(await volumes()).toEqual([]);
});
