import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { libvirtHostMissing, startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { hostname, refusal } from './kit/refusal.ts';

const missing = libvirtHostMissing();
if (missing) console.warn(`The test of polkit is skipped: ${missing}.`);
const nobody = 65_534;

/** Connects as somebody else: who one is counts when the socket is opened, which is before anything is waited for. */
function asNobody<T>(start: () => Promise<T>): Promise<T> {
  process.seteuid!(nobody);
  try {
    return start();
  } finally {
    process.seteuid!(0);
  }
}

describe.skipIf(missing)('a real libvirtd that asks polkit', () => {
  test('lets root in, and tells anybody else what they can do', async () => {
    await using host = await startLibvirtHost({ settings: { auth_unix_rw: 'polkit', unix_sock_rw_perms: '0777' } });
    for (const folder of [dirname(host.socketPath), dirname(dirname(host.socketPath))]) await chmod(folder, 0o755);
    expect(await hostname(host.uri)).toBe(host.name);
    const error = await asNobody(() => refusal(host.uri));
    expect(error).toMatchObject({ code: 'auth_failed', cause: { name: 'LibvirtError' } });
    expect(error.message).toContain('org.libvirt.unix.manage');
  });
});
