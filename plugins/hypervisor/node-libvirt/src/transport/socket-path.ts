import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConnectionError } from '../errors.ts';
import type { Target } from '../uri.ts';
import { choose } from '../uri.ts';

/** libvirt's own socket folder for daemons of the whole system. */
const systemFolder = '/run/libvirt';

interface Machine {
  exists(path: string): boolean;
  /** The user's own number; root's session is the system's. */
  userId: number;
  runtimeFolder: string | undefined;
}

const thisMachine = (): Machine => ({
  exists: existsSync,
  userId: process.geteuid?.() ?? 0,
  runtimeFolder: process.env['XDG_RUNTIME_DIR'],
});

/**
 * The socket of a local daemon: that of the driver alone first, then that of the daemon for all of them, unless `mode` says which. It is
 * looked for at every connection, because a host may change from one kind to the other.
 */
export function findSocket(target: Target, machine: Machine = thisMachine()): string {
  const { driver, parameters } = target;
  if (parameters.socket !== undefined) return parameters.socket;
  const folder = isSession(target, machine) ? join(machine.runtimeFolder ?? join(homedir(), '.cache'), 'libvirt') : systemFolder;
  const byMode = { auto: socketNames(driver), direct: [`virt${driver}d-sock`], legacy: ['libvirt-sock'] };
  const candidates = byMode[choose(target, 'mode', ['auto', 'direct', 'legacy'])].map((name) => join(folder, name));
  const found = candidates.find((candidate) => machine.exists(candidate));
  if (found !== undefined) return found;
  throw new ConnectionError(
    'connect_failed',
    `No libvirt daemon: neither ${candidates.join(' nor ')} exists. Start libvirtd or virt${driver}d.`,
  );
}

/** Names of sockets in the order in which they are tried. */
export function socketNames(driver: string): string[] {
  return driver === 'remote' ? ['libvirt-sock'] : [`virt${driver}d-sock`, 'libvirt-sock'];
}

/** As libvirt's client has it, root has no session, and the test driver of anyone else is in theirs. */
function isSession({ driver, path }: Target, { userId }: Machine): boolean {
  return userId > 0 && (path === '/session' || driver === 'test');
}
