import { connect, qemuProcedures } from 'node-libvirt';
import { expect, test } from 'vitest';
import { startLab, untilUp, type Lab } from './kit.ts';
import '../../kit/libvirt-host.ts';

const MIB = 2 ** 20;

/** Size of a disk as the kernel of the guest sees it, through the guest's agent. */
async function sizeInGuest(lab: Lab, domain: string, device: string): Promise<number> {
  await using conn = await connect(lab.host.uri);
  const dom = (await conn.domainLookupByName(domain)).ref;
  const ask = async <T>(execute: string, args: object): Promise<T> => {
    const cmd = JSON.stringify({ execute, arguments: args });
    const { result } = await conn.call(qemuProcedures.domainAgentCommand, { dom, cmd, timeout: 10, flags: 0 });
    return (JSON.parse(result ?? '{}') as { return: T }).return;
  };
  const handle = await ask<number>('guest-file-open', { path: `/sys/block/${device}/size`, mode: 'r' });
  const content = await ask<{ 'buf-b64': string }>('guest-file-read', { handle });
  await ask('guest-file-close', { handle });
  return Number(Buffer.from(content['buf-b64'], 'base64').toString()) * 512;
}

test('a disk grows under a running guest, which sees it at once, and never shrinks', async () => {
  await using lab = await startLab();
  const { hub } = lab;
  const operator = hub.as('operator');
  await hub.run('vm.create', { name: 'full' }, operator);
  await untilUp(hub, 'full');
  await expect.poll(() => sizeInGuest(lab, 'full', 'vda')).toBe(64 * MIB);
  const asked = await hub.actions.execute('vm.disk.grow', { vm: 'full', size: '96M' }, { actor: operator, via: 'cli' });
  expect(asked).toMatchObject({
    is: 'confirm',
    confirmation: { plan: { sentences: [expect.anything(), 'Disk vda grows from 64 MiB to 96 MiB. That cannot be taken back.'] } },
  });
  expect(await hub.run('vm.disk.grow', { vm: 'full', size: '96M' }, operator)).toMatchObject({ device: 'vda', capacityBytes: 96 * MIB });
  await expect.poll(() => sizeInGuest(lab, 'full', 'vda')).toBe(96 * MIB);
  expect(await hub.run('vm.get', { vm: 'full' })).toMatchObject({ drift: [], disks: [{ device: 'vda', capacityBytes: 96 * MIB }] });
  const refused = async (input: object, actor = operator) => {
    const error: unknown = await hub.run('vm.disk.grow', { vm: 'full', ...input }, actor).catch((reason: unknown) => reason);
    return (error as { code?: string }).code;
  };
  expect(await refused({ size: '64M' })).toBe('vm_limit');
  expect(await refused({ size: '128M', device: 'vdz' })).toBe('vm_limit');
  expect(await refused({ size: '128M' }, hub.as('viewer'))).toBe('permission_denied');
});
