import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import { ConnectionError } from '../errors.ts';
import type { Target } from '../uri.ts';
import { isOn } from '../uri.ts';
import type { Limits } from './opened.ts';
import { opened } from './opened.ts';
import type { TlsFiles } from './tls-files.ts';
import { readTlsFiles } from './tls-files.ts';

const tlsPort = 16514;
/** After the handshake the daemon looks at the client's certificate and says by this one byte that it takes it. */
const accepted = 1;

/** TLS with the certificates that libvirt's own client would use. The server's is verified unless the URI says `no_verify=1`. */
export async function dialTls(target: Target, limits: Limits): Promise<Duplex> {
  const { host, port = tlsPort, parameters } = target;
  const verify = !isOn(parameters.no_verify);
  const files = readTlsFiles(parameters.pkipath);
  if (verify && files.ca === undefined) {
    throw new ConnectionError(
      'untrusted',
      `There is no CA certificate at ${files.caPaths.join(' or ')}, so nobody can tell whether ${host} is who it should be. Put it there or name its folder with pkipath=.`,
    );
  }
  const socket = start({ host, port, verify, files });
  await opened(socket, 'secureConnect', { ...limits, toError: (cause) => handshakeError(socket, `${host}:${port}`, cause) });
  await acceptance(socket, { ...limits, files, place: `${host}:${port}` });
  return socket;
}

function start({ host, port, verify, files }: { host: string; port: number; verify: boolean; files: TlsFiles }): TLSSocket {
  const socket = connectTls({
    host,
    port,
    // A name is what the server may choose its certificate by; an address is no name.
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: verify,
    secureContext: contextOf(files),
  });
  // libvirtd overlooks a second packet in one TLS record until more comes, so no two writes may become one.
  Object.defineProperty(socket, '_writev', { value: null });
  return socket.setNoDelay();
}

/** What was made of the newest certificates of each place: that takes a fifth of the time of opening a connection. */
const contexts = new Map<string, { files: TlsFiles; context: SecureContext }>();
const contextsMax = 32;

function contextOf(files: TlsFiles): SecureContext {
  const place = files.folders.join('\n');
  const known = contexts.get(place);
  if (known && sameBytes(known.files, files)) return known.context;
  const context = makeContext(files);
  contexts.set(place, { files, context });
  const [oldest] = contexts.keys();
  if (contexts.size > contextsMax) contexts.delete(oldest!);
  return context;
}

function sameBytes(one: TlsFiles, other: TlsFiles): boolean {
  const parts = ['ca', 'crl', 'cert', 'key'] as const;
  return parts.every((part) => (one[part] && other[part] ? one[part].equals(other[part]) : one[part] === other[part]));
}

function makeContext({ ca, crl, cert, key, folders }: TlsFiles): SecureContext {
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ...(ca && { ca }), ...(crl && { crl }), ...(cert && key && { cert, key }) });
  } catch (cause) {
    throw new ConnectionError('bad_argument', `The certificates in ${folders.join(' and ')} cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function handshakeError(socket: TLSSocket, place: string, cause: Error): ConnectionError {
  // Node sets this, in spite of its type, only when the certificate is what is wrong.
  if (socket.authorizationError as unknown) {
    const advice = 'Check the CA certificate and that the name in the URI is one the certificate was made for.';
    return new ConnectionError('untrusted', `The certificate of ${place} is not trusted: ${cause.message}. ${advice}`, { cause });
  }
  if (isAlert(cause)) return new ConnectionError('auth_failed', `${place} broke off the TLS handshake: ${cause.message}.`, { cause });
  return new ConnectionError('connect_failed', `No libvirt daemon answers by TLS at ${place}: ${cause.message}. Does it listen there?`, {
    cause,
  });
}

/** Whether the other side gave a reason for hanging up, which in TLS is nearly always our certificate. */
function isAlert(cause: Error): boolean {
  return 'code' in cause && typeof cause.code === 'string' && cause.code.includes('_ALERT_');
}

async function acceptance(socket: TLSSocket, options: Limits & { files: TlsFiles; place: string }): Promise<void> {
  const { files, place } = options;
  const shown = files.cert
    ? `the client certificate ${files.certPath}`
    : `a client without a certificate (there is none in ${files.folders.join(' or ')})`;
  const refused = (cause: Error) =>
    new ConnectionError('auth_failed', `${place} does not accept ${shown}: it hung up after the TLS handshake.`, { cause });
  let first: Buffer | undefined;
  socket.once('data', (bytes: Buffer) => {
    // Whoever comes next reads on from here.
    socket.pause();
    first = bytes;
  });
  await opened(socket, 'data', { ...options, toError: refused });
  if (first?.[0] !== accepted) {
    socket.destroy();
    throw new ConnectionError('protocol_error', `${place} speaks TLS but is no libvirt daemon.`);
  }
  if (first.length > 1) socket.unshift(first.subarray(1));
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
