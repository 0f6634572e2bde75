import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConnectionError } from '../errors.ts';

/** What a client needs for TLS, as far as it is there. */
export interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly crl: Buffer | undefined;
  /** The certificate and its key, both or neither. */
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly certPath: string;
  /** Where the CA's certificate was looked for. */
  readonly caPaths: readonly string[];
  /** Where the client's certificate was looked for. */
  readonly folders: readonly string[];
}

/** The paths of one set of files. */
interface Place {
  ca: string;
  crl: string;
  cert: string;
  key: string;
  folder: string;
}

const inOneFolder = (folder: string): Place => ({
  ca: join(folder, 'cacert.pem'),
  crl: join(folder, 'cacrl.pem'),
  cert: join(folder, 'clientcert.pem'),
  key: join(folder, 'clientkey.pem'),
  folder,
});

const systemPlace: Place = {
  ca: '/etc/pki/CA/cacert.pem',
  crl: '/etc/pki/CA/cacrl.pem',
  cert: '/etc/pki/libvirt/clientcert.pem',
  key: '/etc/pki/libvirt/private/clientkey.pem',
  folder: '/etc/pki/libvirt',
};

/**
 * Reads the certificates from the folder `pkipath`, or from where libvirt's client has them: the user's folder, then the system's. A
 * certificate and its key are always taken from the same place. They are a few small files: waiting for them in turns takes a tenth of the
 * handshake, reading them at once next to nothing.
 */
export function readTlsFiles(pkipath: string | undefined): TlsFiles {
  const own = process.geteuid?.() === 0 ? [] : [inOneFolder(join(homedir(), '.pki', 'libvirt'))];
  const places = pkipath === undefined ? [...own, systemPlace] : [inOneFolder(pkipath)];
  const [ca, crl] = [firstOf(places.map((place) => place.ca)), firstOf(places.map((place) => place.crl))];
  const found = { ca, crl, caPaths: places.map((place) => place.ca), folders: places.map((place) => place.folder) };
  for (const place of places) {
    const [cert, key] = [read(place.cert), read(place.key)];
    if (cert && key) return { ...found, cert, key, certPath: place.cert };
  }
  return { ...found, cert: undefined, key: undefined, certPath: places[0]!.cert };
}

function firstOf(paths: readonly string[]): Buffer | undefined {
  for (const path of paths) {
    const bytes = read(path);
    if (bytes) return bytes;
  }
  return undefined;
}

/** The file, or undefined when there is none. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConnectionError('bad_argument', `The file ${path} cannot be read: ${String(cause)}. Check its permissions.`, { cause });
  }
}
