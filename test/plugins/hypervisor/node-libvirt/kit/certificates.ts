import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of one's own, in a folder of its own. */
export interface Authority {
  readonly certPath: string;
  /** Makes a certificate; returns the paths of it and its key. */
  issue(name: string, options?: { names?: string; days?: number }): Promise<{ certPath: string; keyPath: string }>;
  /** Makes a folder as `pkipath` wants it, with the authority's certificate and, unless it is left out, a client's. */
  clientFolder(name: string, client?: { certPath: string; keyPath: string }): Promise<string>;
}

export async function createAuthority(dir: string): Promise<Authority> {
  await mkdir(dir, { recursive: true });
  const openssl = (...args: string[]) => run('openssl', args, { cwd: dir });
  await openssl(
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  const certPath = join(dir, 'ca.pem');
  return {
    certPath,
    async issue(name, { names = 'DNS:localhost', days = 2 } = {}) {
      await openssl('req', ...curve, '-subj', `/O=test/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      const usage = [
        'keyUsage=critical,digitalSignature,keyEncipherment',
        'extendedKeyUsage=serverAuth,clientAuth',
        'basicConstraints=CA:FALSE',
      ];
      await writeFile(join(dir, `${name}.ext`), [`subjectAltName=${names}`, ...usage].join('\n'));
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days), '-extfile', `${name}.ext`];
      await openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`);
      return { certPath: join(dir, `${name}.pem`), keyPath: join(dir, `${name}.key`) };
    },
    async clientFolder(name, client) {
      const folder = join(dir, name);
      await mkdir(folder);
      await copyFile(certPath, join(folder, 'cacert.pem'));
      if (client) {
        await copyFile(client.certPath, join(folder, 'clientcert.pem'));
        await copyFile(client.keyPath, join(folder, 'clientkey.pem'));
      }
      return folder;
    },
  };
}
