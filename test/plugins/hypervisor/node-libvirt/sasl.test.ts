import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, LibvirtError } from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { libvirtHostMissing, startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { createAuthority } from './kit/certificates.ts';
import { freePorts } from './kit/free-ports.ts';
import { hostname, refusal } from './kit/refusal.ts';

const missing = libvirtHostMissing();
if (missing) console.warn(`The tests of SASL are skipped: ${missing}.`);
const run = promisify(execFile);

describe.skipIf(missing)('signing in to a real libvirtd with a password', () => {
  let dir: string;
  let host: LibvirtHost;
  let ports: { tcp: number; tls: number };
  let pki: string;
  const credentials = { username: 'engineer', password: 'pässword, with = and , in it' };
  const mechanisms = ['scram-sha-256', 'plain', 'scram-sha-256 plain'] as const;
  const setMechanisms = async (list: string) => {
    const config = [`mech_list: ${list}`, `sasldb_path: ${join(dir, 'sasldb')}`, 'pwcheck_method: auxprop', 'auxprop_plugin: sasldb'];
    await writeFile(join(host.dir, '../sasl2/libvirt.conf'), config.join('\n'));
    await host.restart();
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nlv-sasl-'));
    const [tcp = 0, tls = 0] = await freePorts(2);
    ports = { tcp, tls };
    const authority = await createAuthority(join(dir, 'authority'));
    const server = await authority.issue('server');
    pki = await authority.clientFolder('client', await authority.issue('client'));
    const adding = run('saslpasswd2', [
      '-p',
      '-c',
      '-a',
      'libvirt',
      '-u',
      'with-password',
      '-f',
      join(dir, 'sasldb'),
      credentials.username,
    ]);
    adding.child.stdin!.end(credentials.password);
    await adding;
    host = await startLibvirtHost({
      name: 'with-password',
      onLoopback: true,
      saslConfig: '',
      settings: {
        auth_unix_rw: 'sasl',
        auth_tcp: 'sasl',
        auth_tls: 'sasl',
        listen_tcp: 1,
        listen_tls: 1,
        listen_addr: '127.0.0.1',
        tcp_port: String(tcp),
        tls_port: String(tls),
        key_file: server.keyPath,
        cert_file: server.certPath,
        ca_file: authority.certPath,
      },
    });
  }, 60_000);
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  describe.each(mechanisms)('%s', (mechanism) => {
    beforeAll(() => setMechanisms(mechanism));
    const tlsUri = () => `qemu+tls://localhost:${ports.tls}/system?pkipath=${pki}`;

    test('the right password is let in by unix and by TLS', async () => {
      expect(await hostname(host.uri, { credentials })).toBe('with-password');
      expect(await hostname(tlsUri(), { credentials: { ...credentials, password: () => Promise.resolve(credentials.password) } })).toBe(
        'with-password',
      );
    });

    test.each([
      ['a wrong password', { ...credentials, password: 'wrong' }],
      ['an unknown user', { ...credentials, username: 'nobody' }],
      ['no credentials', undefined],
    ])('%s is refused', async (_, given) => {
      expect(await refusal(host.uri, given && { credentials: given })).toMatchObject({ code: 'auth_failed', retryable: false });
    });

    test('by plain tcp nothing is let in, for libvirtd wants the channel encrypted', async () => {
      const error = await refusal(`qemu+tcp://127.0.0.1:${ports.tcp}/system`, { credentials });
      expect(error.code).toBe('auth_unsupported');
      expect(error.message).toContain('use tls');
    });
  });

  test('a mechanism this client does not know is an error that names both sides', async () => {
    await setMechanisms('gssapi digest-md5');
    const error = await refusal(host.uri, { credentials });
    expect(error.code).toBe('auth_unsupported');
    expect(error.message).toMatch(/DIGEST-MD5.*SCRAM-SHA-256/i);
  });

  test('LibvirtError is what libvirt itself says after that', async () => {
    await setMechanisms('scram-sha-256');
    await using conn = await connect(host.uri, { credentials });
    await expect(conn.domainLookupByName('no-such')).rejects.toBeInstanceOf(LibvirtError);
  });
});
