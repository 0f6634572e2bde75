import { existsSync } from 'node:fs';
import { ConnectionError } from './errors.ts';

/** Where a connection goes, and what the server is asked to open. */
export interface Target {
  /** Path of the daemon's unix socket. */
  socketPath: string;
  /** The URI as the daemon knows it, without transport and socket: `qemu:///system`. */
  driverUri: string;
}

/** libvirt's own socket folder for daemons of the whole system. */
const systemFolder = '/run/libvirt';

/**
 * Understands `qemu:///system`, `qemu:///session`, `test:///default` and, with a socket of one's own, `qemu+unix:///system?socket=/path`.
 * The socket is looked for when a connection is made, because a host may change from one daemon to one for each driver.
 */
export function parseUri(uri: string, exists: (path: string) => boolean = existsSync): Target {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const [driver, transport = 'unix'] = (url?.protocol ?? '').replace(/:$/, '').split('+');
  if (!url || !driver) throw new ConnectionError('bad_uri', `"${uri}" is not a libvirt URI. One that works is "qemu:///system".`);
  if (transport !== 'unix' || url.host !== '') {
    throw new ConnectionError(
      'bad_uri',
      `"${uri}" is not on this machine. Only unix sockets are supported: forward the socket of the other host, for example by ssh.`,
    );
  }
  const socketPath = url.searchParams.get('socket') ?? findSocket(driver, url.pathname, exists);
  url.searchParams.delete('socket');
  return { socketPath, driverUri: `${driver}://${url.pathname}${url.search}` };
}

/** The daemon of the driver first, then the one that does it all. */
function findSocket(driver: string, path: string, exists: (path: string) => boolean): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const folder = path === '/session' && runtime ? `${runtime}/libvirt` : systemFolder;
  const candidates = [`${folder}/virt${driver}d-sock`, `${folder}/libvirt-sock`];
  const found = candidates.find((candidate) => exists(candidate));
  if (found) return found;
  throw new ConnectionError(
    'connect_failed',
    `No libvirt daemon: neither ${candidates.join(' nor ')} exists. Start libvirtd or virt${driver}d.`,
  );
}
