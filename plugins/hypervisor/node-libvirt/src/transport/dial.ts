import type { NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConnectionError } from '../errors.ts';
import type { Target } from '../uri.ts';
import type { Limits } from './opened.ts';
import { opened } from './opened.ts';
import { connectSocket } from './socket.ts';
import { findSocket } from './socket-path.ts';
import { dialSsh } from './ssh.ts';
import { dialTls } from './tls.ts';

const tcpPort = 16509;

interface DialOptions extends Limits {
  /** Whether what comes may be kept; otherwise its memory may be used again for what comes next. */
  keepsBytes: boolean;
}

/** Opens the way to the daemon of a target, ready for the first packet. */
export async function dial(target: Target, options: DialOptions): Promise<Duplex> {
  switch (target.transport) {
    case 'unix':
      return dialSocket({ path: findSocket(target) }, options);
    case 'tcp':
      return dialSocket({ host: target.host, port: target.port ?? tcpPort, noDelay: true }, options);
    case 'tls':
      return dialTls(target, options);
    case 'ssh':
      return dialSsh(target, options);
  }
}

async function dialSocket(to: NetConnectOpts, options: DialOptions): Promise<Duplex> {
  const place = 'path' in to ? `"${to.path}"` : `${to.host}:${to.port}`;
  return opened(connectSocket(to, options.keepsBytes), 'connect', {
    ...options,
    toError: (cause) =>
      new ConnectionError('connect_failed', `No libvirt daemon answers at ${place}: ${cause.message}. Is it running?`, { cause }),
  });
}
