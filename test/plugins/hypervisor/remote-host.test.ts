import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../../core/contract.ts';
import { startTestHub } from '../../kit/hub.ts';
import { startLibvirtHost } from '../../kit/libvirt-host.ts';
import { createAuthority } from './node-libvirt/kit/certificates.ts';
import { freePorts } from './node-libvirt/kit/free-ports.ts';
import { onHost, vmsOf } from './kit.ts';

const SASL = (dir: string): string =>
  ['mech_list: scram-sha-256', `sasldb_path: ${join(dir, 'sasldb')}`, 'pwcheck_method: auxprop', 'auxprop_plugin: sasldb'].join('\n');

/** A host that is reached by TLS with certificates of both sides, and asks for a password. */
async function startGuardedHost(dir: string, password: string) {
  const authority = await createAuthority(join(dir, 'authority'));
  const server = await authority.issue('server');
  const pki = await authority.clientFolder('client', await authority.issue('client'));
  const adding = promisify(execFile)('saslpasswd2', ['-p', '-c', '-a', 'libvirt', '-u', 'guarded', '-f', join(dir, 'sasldb'), 'hub']);
  adding.child.stdin?.end(password);
  await adding;
  const [port] = await freePorts(1);
  const host = await startLibvirtHost({
    name: 'guarded',
    onLoopback: true,
    saslConfig: SASL(dir),
    settings: {
      listen_tls: 1,
      listen_addr: '127.0.0.1',
      tls_port: String(port),
      auth_tls: 'sasl',
      key_file: server.keyPath,
      cert_file: server.certPath,
      ca_file: authority.certPath,
    },
  });
  return { host, uri: `qemu+tls://localhost:${port}/system?pkipath=${pki}` };
}

test('a host elsewhere is used by TLS with a password; without the right one it is refused at once, with the reason', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'nova-remote-'));
  try {
    const { host, uri } = await startGuardedHost(dir, 'correct horse');
    await using _ = host;
    const named = (name: string, password: string) => ({ name, uri, credentials: { username: 'hub', password: new Secret(password) } });
    const hosts = [named('right', 'correct horse'), named('wrong', 'battery staple'), { name: 'none', uri }];
    await using hub = await startTestHub({ plugins: [await onHost(host, { hosts })] });
    const listed = (await hub.run('host.list', {})) as { hosts: { name: string; state: string; reason: string | null }[] };
    expect(Object.fromEntries(listed.hosts.map(({ name, state }) => [name, state]))).toEqual({
      right: 'connected',
      wrong: 'unreachable',
      none: 'unreachable',
    });
    expect(JSON.stringify(listed)).not.toMatch(/correct horse|battery staple/u);
    for (const host of listed.hosts.slice(1)) expect(host.reason).toMatch(/password|credentials|refuses the user/iu);
    await expect(hub.run('vm.create', { name: 'far', host: 'wrong' })).rejects.toThrow('host_denied');
    await hub.run('vm.create', { name: 'far', host: 'right' });
    expect(await vmsOf(hub)).toMatchObject([{ name: 'far', host: 'right', state: 'running' }]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
