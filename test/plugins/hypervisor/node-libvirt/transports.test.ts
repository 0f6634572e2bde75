import { existsSync } from 'node:fs';
import { cp, chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionError } from 'node-libvirt';
import { connect } from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { libvirtHostMissing, startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { createAuthority } from './kit/certificates.ts';
import { freePorts } from './kit/free-ports.ts';
import { hostname, refusal } from './kit/refusal.ts';
import type { SshIdentity } from './kit/private-sshd.ts';
import { createSshIdentity, listening } from './kit/private-sshd.ts';

const missing = libvirtHostMissing();
if (missing) console.warn(`The tests of the transports are skipped: ${missing}.`);

/** Processes of that name that this one has started. */
async function childrenNamed(name: string): Promise<number[]> {
  const lists = await Promise.all((await readdir('/proc/self/task')).map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8')));
  const children = lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
  const names = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return children.filter((_, at) => names[at]!.trim() === name);
}

describe.skipIf(missing)('the ways to a real libvirtd', () => {
  let dir: string;
  let host: LibvirtHost;
  let ssh: SshIdentity;
  let ports: { tcp: number; tls: number; ssh: number };
  const folders: Record<'good' | 'stranger' | 'expired' | 'none' | 'wrongAuthority', string> = {} as never;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nlv-ways-'));
    const [tcp = 0, tls = 0, sshPort = 0] = await freePorts(3);
    ports = { tcp, tls, ssh: sshPort };
    const authority = await createAuthority(join(dir, 'authority'));
    const other = await createAuthority(join(dir, 'other'));
    const server = await authority.issue('server');
    folders.good = await authority.clientFolder('good', await authority.issue('client'));
    folders.expired = await authority.clientFolder('expired', await authority.issue('old', { days: -1 }));
    folders.none = await authority.clientFolder('none');
    folders.stranger = await authority.clientFolder('stranger', await other.issue('client'));
    folders.wrongAuthority = await other.clientFolder('wrong', await authority.issue('client2'));
    ssh = await createSshIdentity(join(dir, 'ssh'), sshPort);
    host = await startLibvirtHost({
      name: 'far-away',
      onLoopback: true,
      beside: ssh.script,
      settings: {
        listen_tcp: 1,
        listen_tls: 1,
        listen_addr: '127.0.0.1',
        tcp_port: String(tcp),
        tls_port: String(tls),
        auth_tcp: 'none',
        auth_tls: 'none',
        key_file: server.keyPath,
        cert_file: server.certPath,
        ca_file: authority.certPath,
      },
    });
    await listening(sshPort);
  }, 60_000);
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const volumeRoundTrip = async (uri: string) => {
    await using conn = await connect(uri);
    const pool = await conn.storagePoolCreateXML(`<pool type='dir'><name>way</name><target><path>${host.dir}</path></target></pool>`);
    try {
      const volume = await pool.storageVolCreateXML(`<volume><name>way.img</name><capacity unit='MiB'>3</capacity></volume>`);
      const content = Buffer.alloc(3 * 1024 * 1024, 'the way there and back');
      await volume.upload([content]);
      const chunks: Uint8Array[] = [];
      for await (const chunk of await volume.download()) chunks.push(chunk);
      await volume.delete();
      return Buffer.concat(chunks).equals(content);
    } finally {
      await pool.destroy();
    }
  };

  describe('tcp', () => {
    const uri = (path = '/system') => `qemu+tcp://127.0.0.1:${ports.tcp}${path}`;

    test('calls, events and streams go over it', async () => {
      expect(await hostname(uri())).toBe('far-away');
      expect(await volumeRoundTrip(uri())).toBe(true);
    });

    test('a port where nobody listens may be tried again', async () => {
      const [port] = await freePorts(1);
      expect(await refusal(`qemu+tcp://127.0.0.1:${port}/system`)).toMatchObject({ code: 'connect_failed', retryable: true });
    });
  });

  describe('tls', () => {
    const uri = (pkipath: string, name = 'localhost', more = '') => `qemu+tls://${name}:${ports.tls}/system?pkipath=${pkipath}${more}`;

    test('calls and streams go over it, with certificates of both sides', async () => {
      expect(await hostname(uri(folders.good))).toBe('far-away');
      expect(await volumeRoundTrip(uri(folders.good))).toBe(true);
    });

    test('a thousand calls at once all come back', async () => {
      await using conn = await connect(uri(folders.good));
      const names = await Promise.all(Array.from({ length: 1000 }, () => conn.getHostname()));
      expect(new Set(names)).toEqual(new Set(['far-away']));
    });

    test('it is what a URI with a host and without a transport means', async () => {
      expect(await hostname(`qemu://localhost:${ports.tls}/system?pkipath=${folders.good}`)).toBe('far-away');
    });

    test('a server of another authority is not trusted, unless the URI says so', async () => {
      expect(await refusal(uri(folders.wrongAuthority))).toMatchObject({ code: 'untrusted', retryable: false });
      expect(await hostname(uri(folders.wrongAuthority, 'localhost', '&no_verify=1'))).toBe('far-away');
    });

    test('a server whose certificate is for another name is not trusted, unless the URI says so', async () => {
      const error = await refusal(uri(folders.good, '127.0.0.1'));
      expect(error.code).toBe('untrusted');
      expect(error.message).toContain("127.0.0.1 is not in the cert's list");
      expect(await hostname(uri(folders.good, '127.0.0.1', '&no_verify=1'))).toBe('far-away');
    });

    test('certificates that are renewed in their place are the ones of the next connection', async () => {
      const folder = join(dir, 'renewed');
      await cp(folders.expired, folder, { recursive: true });
      expect(await refusal(uri(folder))).toMatchObject({ code: 'auth_failed' });
      await cp(folders.good, folder, { recursive: true });
      expect(await hostname(uri(folder))).toBe('far-away');
      await cp(folders.wrongAuthority, folder, { recursive: true });
      expect(await refusal(uri(folder))).toMatchObject({ code: 'untrusted' });
    });

    test('without the certificate of an authority nothing is sent', async () => {
      const error = await refusal(uri('/nonexistent'));
      expect(error.code).toBe('untrusted');
      expect(error.message).toContain('/nonexistent/cacert.pem');
    });

    test.each(['none', 'expired', 'stranger'] as const)(
      'a client with the certificate "%s" is told that it is not let in',
      async (kind) => {
        const error = await refusal(uri(folders[kind]));
        expect(error.code).toBe('auth_failed');
        expect(error.message).toContain(kind === 'none' ? 'without a certificate' : `${folders[kind]}/clientcert.pem`);
      },
    );

    test('a server that does not speak TLS is told apart from one that is not there', async () => {
      const error = await refusal(`qemu+tls://localhost:${ports.tcp}/system?pkipath=${folders.good}`, { timeoutMs: 3000 });
      expect(['connect_failed', 'timeout']).toContain(error.code);
    });
  });

  describe('ssh', () => {
    const uri = (parameters: Record<string, string> = {}, path = '/system') => {
      const all = { keyfile: ssh.keyPath, known_hosts: ssh.knownHostsPath, ...parameters };
      const query = Object.entries(all).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
      return `qemu+ssh://root@127.0.0.1:${ports.ssh}${path}?${query.join('&')}`;
    };

    test.each(['auto', 'native', 'netcat'])('calls go over it with proxy=%s', async (proxy) => {
      expect(await hostname(uri({ proxy }))).toBe('far-away');
    });

    test('streams go over it, each with an ssh of its own', async () => {
      expect(await volumeRoundTrip(uri())).toBe(true);
    });

    test("a socket and a netcat of one's own are used, whatever is in their names", async () => {
      const folder = join(host.dir, `it's "odd" $(touch ${join(dir, 'injected')})`.replaceAll('/', '_'));
      await symlink(host.socketPath, folder);
      await symlink('/bin/nc', join(host.dir, 'own nc'));
      expect(await hostname(uri({ socket: folder, netcat: join(host.dir, 'own nc') }))).toBe('far-away');
      expect(await refusal(uri({ netcat: `nc; touch ${join(dir, 'injected')}` }))).toMatchObject({ code: 'connect_failed' });
      expect(existsSync(join(dir, 'injected'))).toBe(false);
    });

    test('an unknown host key and a changed one are not trusted', async () => {
      const unknown = await refusal(uri({ known_hosts: join(dir, 'no-such-file') }));
      expect(unknown).toMatchObject({ code: 'untrusted', retryable: false });
      expect(unknown.message).toContain('Host key verification failed');
      expect(await refusal(uri({ known_hosts: ssh.wrongKnownHostsPath }))).toMatchObject({ code: 'untrusted' });
      expect(await refusal(uri({ known_hosts: ssh.wrongKnownHostsPath, known_hosts_verify: 'auto' }))).toMatchObject({ code: 'untrusted' });
    });

    test('an unknown host key is taken when the URI says so', async () => {
      const learnt = join(dir, 'learnt %h');
      expect(await hostname(uri({ known_hosts: learnt, known_hosts_verify: 'auto' }))).toBe('far-away');
      expect(await hostname(uri({ known_hosts: learnt }))).toBe('far-away');
      expect(await hostname(uri({ known_hosts: join(dir, 'nothing'), no_verify: '1' }))).toBe('far-away');
    });

    test('a key that the host does not know is told from a host that is not there', async () => {
      const denied = await refusal(uri({ keyfile: ssh.strangerKeyPath }));
      expect(denied.code).toBe('auth_failed');
      expect(denied.message).toContain('Permission denied');
      const [port] = await freePorts(1);
      expect(await refusal(`qemu+ssh://root@127.0.0.1:${port}/system`)).toMatchObject({ code: 'connect_failed' });
    });

    test('the other side says why the daemon cannot be reached there', async () => {
      const error = await refusal(uri({ socket: '/nonexistent/sock' }));
      expect(error.code).toBe('connect_failed');
      expect(error.message).toContain('/nonexistent/sock');
    });

    test('an ssh that is not there, one that dies at once and one that says nothing are errors', async () => {
      expect((await refusal(uri({ command: '/nonexistent/ssh' }))).message).toContain('/nonexistent/ssh');
      expect(await refusal(uri({ command: '/bin/false' }))).toMatchObject({ code: 'connect_failed' });
      const silent = join(dir, 'silent');
      await writeFile(silent, '#!/bin/sh\nexec sleep 1000\n');
      await chmod(silent, 0o755);
      expect(await refusal(uri({ command: silent }), { timeoutMs: 200 })).toMatchObject({ code: 'timeout' });
      await expect.poll(() => childrenNamed('sleep')).toEqual([]);
    });

    test('an ssh that is killed under way fails its calls and ends the connection', async () => {
      await using conn = await connect(uri());
      const lost = new Promise<ConnectionError>((resolve) => conn.onClose(resolve));
      for (const pid of await childrenNamed('ssh')) process.kill(pid, 'SIGKILL');
      expect(await lost).toMatchObject({ code: 'connection_lost', message: expect.stringContaining('SIGKILL') });
    });

    test.each(['-oProxyCommand=touch x', "a'b", 'a$(b)', 'a;b', 'a\nb'])('neither host nor user "%s" is given to ssh', async (name) => {
      expect(await refusal(`qemu+ssh://${encodeURIComponent(name)}/system`)).toMatchObject({ code: 'bad_uri' });
      expect(await refusal(`qemu+ssh://${encodeURIComponent(name)}@host/system`)).toMatchObject({ code: 'bad_uri' });
    });
  });
});
