import { definePlugin } from 'novacron/plugin';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Hypervisor } from '../../../plugins/hypervisor/port.ts';
import { filesystemsOf } from '../../../plugins/hypervisor/survey.ts';
import { diskSizeInGuest, runInGuest } from '../../kit/guest-agent.ts';
import { startLab, untilUp } from './kit.ts';
import '../../kit/libvirt-host.ts';

const MIB = 2 ** 20;

/** Only hands out the port that the hypervisor plugin provides. */
function borrowPort() {
  let hypervisor: Hypervisor | undefined;
  const plugin = definePlugin({ name: 'borrower', api: 1, config: z.object({}), needs: { hypervisor: Hypervisor }, provides: {} }, () => ({
    start({ services }) {
      hypervisor = services.hypervisor;
      return {};
    },
  }));
  return { plugin, survey: async (signal: AbortSignal) => hypervisor!.survey('local', signal) };
}

test('a disk grows under a running guest, which sees it at once, and never shrinks', async () => {
  const { plugin, survey } = borrowPort();
  await using lab = await startLab({}, [plugin]);
  const { hub } = lab;
  const operator = hub.as('operator');
  await hub.run('vm.create', { name: 'full' }, operator);
  await untilUp(hub, 'full');
  await expect.poll(() => diskSizeInGuest(lab.host.uri, 'full', 'vda')).toBe(64 * MIB);
  const asked = await hub.actions.execute('vm.disk.grow', { vm: 'full', size: '96M' }, { actor: operator, via: 'cli' });
  expect(asked).toMatchObject({
    is: 'confirm',
    confirmation: { plan: { sentences: [expect.anything(), 'Disk vda grows from 64 MiB to 96 MiB. That cannot be taken back.'] } },
  });
  expect(await hub.run('vm.disk.grow', { vm: 'full', size: '96M' }, operator)).toMatchObject({ device: 'vda', capacityBytes: 96 * MIB });
  await expect.poll(() => diskSizeInGuest(lab.host.uri, 'full', 'vda')).toBe(96 * MIB);
  expect(await hub.run('vm.get', { vm: 'full' })).toMatchObject({ drift: [], disks: [{ device: 'vda', capacityBytes: 96 * MIB }] });
  await runInGuest(
    lab.host.uri,
    'full',
    'mkdosfs /dev/vda && mkdir -p /mnt && mount -t vfat /dev/vda /mnt && dd if=/dev/zero of=/mnt/fill bs=1M count=48',
  );
  const { pools, guests } = await survey(AbortSignal.timeout(20_000));
  expect(pools).toMatchObject([{ name: 'novacron', capacityBytes: expect.any(Number) as number }]);
  expect(guests).toMatchObject([{ agent: { answers: true }, filesystems: [{ mountpoint: '/mnt', disks: ['/dev/vda'] }] }]);
  const [{ totalBytes, usedBytes } = { totalBytes: 0, usedBytes: 0 }] = guests[0]?.filesystems ?? [];
  expect(usedBytes / totalBytes).toBeCloseTo(0.5, 1);
  await hub.run('vm.stop', { vm: 'full' }, operator);
  expect((await survey(AbortSignal.timeout(20_000))).guests).toEqual([]);
  const refused = async (input: object, actor = operator) => {
    const error: unknown = await hub.run('vm.disk.grow', { vm: 'full', ...input }, actor).catch((reason: unknown) => reason);
    return (error as { code?: string }).code;
  };
  expect(await refused({ size: '64M' })).toBe('vm_limit');
  expect(await refused({ size: '128M', device: 'vdz' })).toBe('vm_limit');
  expect(await refused({ size: '128M' }, hub.as('viewer'))).toBe('permission_denied');
});

test('file systems without a size are left out, and one that is mounted twice counts once', () => {
  const params = {
    'fs.count': 4,
    'fs.0.name': 'vda1',
    'fs.0.mountpoint': '/',
    'fs.0.total-bytes': 1000n,
    'fs.0.used-bytes': 250n,
    'fs.0.disk.count': 1,
    'fs.0.disk.0.device': '/dev/vda1',
    'fs.1.name': 'vda1',
    'fs.1.mountpoint': '/srv/www',
    'fs.1.total-bytes': 1000n,
    'fs.1.used-bytes': 250n,
    'fs.2.name': 'proc',
    'fs.2.mountpoint': '/proc',
    'fs.3.name': 'empty',
    'fs.3.mountpoint': '/media',
    'fs.3.total-bytes': 0n,
    'fs.3.used-bytes': 0n,
  };
  expect(filesystemsOf(params)).toEqual([{ mountpoint: '/', disks: ['/dev/vda1'], totalBytes: 1000, usedBytes: 250 }]);
});
