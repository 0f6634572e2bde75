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

/** Opens the way to the daemon of a target, ready for the first packet. */
export async function dial(target: Target, limits: Limits): Promise<Duplex> {
  switch (target.transport) {
    case 'unix':
      return dialSocket({ path: findSocket(target) }, limits);
    case 'tcp':
      return dialSocket({ host: target.host, port: target.port ?? tcpPort, noDelay: true }, limits);
    case 'tls':
      return dialTls(target, limits);
    case 'ssh':
      return dialSsh(target, limits);
  }
}

async function dialSocket(to: NetConnectOpts, limits: Limits): Promise<Duplex> {
  const place = 'path' in to ? `"${to.path}"` : `${to.host}:${to.port}`;
  return opened(connectSocket(to), 'connect', {
    ...limits,
    toError: (cause) =>
      new ConnectionError('connect_failed', `No libvirt daemon answers at ${place}: ${cause.message}. Is it running?`, { cause }),
  });
}
