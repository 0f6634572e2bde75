import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './namespaces.ts';

/** Who is on the lab's network. */
export interface Station {
  readonly name: string;
  readonly address: string;
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
const AUTHORITY = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign';
/** GnuTLS wants keyEncipherment even with keys that cannot encipher. */
const MEMBER = 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth';

/**
 * The lab's own keys, under `dir`: one authority, a certificate and an SSH key for every station, one SSH key that opens all hosts, and
 * in `pki` what a client elsewhere needs.
 */
export async function createCredentials(dir: string, stations: readonly Station[]): Promise<void> {
  await mkdir(dir, { recursive: true });
  const sshKeys = ['login', ...stations.map(({ name }) => name)];
  await Promise.all([...sshKeys.map((name) => createSshKey(join(dir, `${name}.ssh`), name)), createCertificates(dir, stations)]);
  const known = await Promise.all(
    stations.map(async ({ name, address }) => `${name},${address} ${await readFile(join(dir, `${name}.ssh.pub`), 'utf8')}`),
  );
  await writeFile(join(dir, 'known_hosts'), known.join(''));
  await mkdir(join(dir, 'pki'));
  await Promise.all(Object.entries(CLIENT_PLACES).map(([to, from]) => copyFile(join(dir, from), join(dir, 'pki', to))));
}

/** The names that libvirt expects in the folder of a `pkipath`. */
const CLIENT_PLACES = { 'cacert.pem': 'ca.pem', 'clientcert.pem': 'client.pem', 'clientkey.pem': 'client.key' };

const createSshKey = (path: string, comment: string) => run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path]);

async function createCertificates(dir: string, stations: readonly Station[]): Promise<void> {
  await createCertificate(dir, { name: 'ca', extensions: AUTHORITY, signedBy: [] });
  const signedBy = ['-CA', join(dir, 'ca.pem'), '-CAkey', join(dir, 'ca.key')];
  await Promise.all(
    stations.map(({ name, address }) => {
      const names = `subjectAltName=DNS:${name},DNS:localhost,IP:${address},IP:127.0.0.1`;
      return createCertificate(dir, { name, extensions: `${MEMBER}\n${names}`, signedBy });
    }),
  );
}

async function createCertificate(dir: string, what: { name: string; extensions: string; signedBy: string[] }): Promise<void> {
  const file = (ending: string): string => join(dir, `${what.name}.${ending}`);
  await writeFile(
    file('cnf'),
    `[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\nO=lab\nCN=${what.name}\n[ext]\n${what.extensions}\n`,
  );
  await run(['openssl', 'req', '-x509', ...EC, '-config', file('cnf'), ...what.signedBy, '-keyout', file('key'), '-out', file('pem')]);
}

/** Where libvirt, QEMU and SSH look for keys, below a machine's own /etc; source in the folder of `createCredentials`. */
const PLACES = (name: string): Record<string, string> => ({
  'pki/CA/cacert.pem': 'ca.pem',
  'pki/libvirt/servercert.pem': `${name}.pem`,
  'pki/libvirt/private/serverkey.pem': `${name}.key`,
  'pki/libvirt/clientcert.pem': `${name}.pem`,
  'pki/libvirt/private/clientkey.pem': `${name}.key`,
  'pki/qemu/ca-cert.pem': 'ca.pem',
  'pki/qemu/server-cert.pem': `${name}.pem`,
  'pki/qemu/server-key.pem': `${name}.key`,
  'pki/qemu/client-cert.pem': `${name}.pem`,
  'pki/qemu/client-key.pem': `${name}.key`,
  'ssh/lab_host_key': `${name}.ssh`,
  'ssh/lab_login_key': 'login.ssh',
  'ssh/lab_authorized_keys': 'login.ssh.pub',
  'ssh/lab_known_hosts': 'known_hosts',
});

/** sshd of a host: root comes in with the lab's key, and nobody else. */
const SSHD_CONFIG = `HostKey /etc/ssh/lab_host_key
AuthorizedKeysFile /etc/ssh/lab_authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile none
`;
const SSH_CONFIG = `Host *
  IdentityFile /etc/ssh/lab_login_key
  GlobalKnownHostsFile /etc/ssh/lab_known_hosts
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
`;

/** Puts a station's keys, and the settings of SSH, into its own /etc. */
export async function installCredentials(dir: string, etc: string, { name }: Station): Promise<void> {
  for (const folder of ['pki/CA', 'pki/libvirt/private', 'pki/qemu', 'ssh']) await mkdir(join(etc, folder), { recursive: true });
  await Promise.all(Object.entries(PLACES(name)).map(([to, from]) => copyFile(join(dir, from), join(etc, to))));
  await writeFile(join(etc, 'ssh/sshd_config'), SSHD_CONFIG);
  await writeFile(join(etc, 'ssh/ssh_config'), SSH_CONFIG);
}
