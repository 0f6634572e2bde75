import { existsSync } from 'node:fs';
import { mkdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { probeAccelerator } from './accelerator.ts';
import { missingPackages } from './debian.mjs';
import { bad, ok, warn, type Finding } from './finding.ts';
import { answers } from './libvirtd.mjs';

const GIB = 1024 ** 3;
const SOCKETS = ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'];

export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return ok('Node', version);
  return bad('Node', `${version} is too old, the hub needs 24.12 or newer`, 'Use the npm scripts (npm run up): they bring their own Node.');
}

export function checkPackages(): Finding {
  if (!existsSync('/usr/bin/dpkg-query')) {
    return warn('System packages', 'this is not Debian, so they were not checked', 'Compare with core/setup/packages.json.');
  }
  const missing = missingPackages(['up']);
  if (missing.length === 0) return ok('System packages', 'all installed');
  const names = missing.map(({ name }) => name).join(' ');
  return bad('System packages', `missing: ${names}`, `sudo apt-get install --no-install-recommends ${names}`);
}

/** `sockets` are tried in order; the first one that answers will do. */
export async function checkLibvirt(sockets: readonly string[] = SOCKETS): Promise<Finding> {
  const present = sockets.filter((path) => existsSync(path));
  if (present.length === 0) {
    return bad('libvirt', 'libvirtd does not run on this machine', 'npm run up starts it (as root), or: sudo systemctl start libvirtd');
  }
  for (const path of present) {
    const said = await answers(path, 3000);
    if (said === 'yes') return ok('libvirt', `answers at ${path}`);
    if (said === 'forbidden') {
      return bad('libvirt', `this user may not open ${path}`, 'sudo adduser $USER libvirt, then sign in again');
    }
    if (said === 'nothing')
      return bad('libvirt', `accepts at ${path} but does not answer`, 'sudo systemctl restart libvirtd; its guests live on');
  }
  return bad('libvirt', `nobody listens at ${present.join(' or ')}`, 'npm run up starts it (as root), or: sudo systemctl start libvirtd');
}

export async function checkAccelerator(dataDir: string, signal: AbortSignal): Promise<Finding> {
  const { is, reason } = await probeAccelerator({ dir: join(dataDir, 'images'), signal });
  if (is === 'kvm') return ok('Accelerator', reason);
  return warn('Accelerator', reason, 'Enough to try the hub. For real work: a machine with hardware virtualization, or a host of its own.');
}

export async function checkDisk(dataDir: string): Promise<Finding> {
  await mkdir(dataDir, { recursive: true });
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  const why = `${(freeBytes / GIB).toFixed(1)} GiB free at ${dataDir}`;
  if (freeBytes > 5 * GIB) return ok('Disk', why);
  const todo = 'Make room, or set NOVACRON_DATA to a folder on a larger disk.';
  return freeBytes > 0.5 * GIB ? warn('Disk', why, todo) : bad('Disk', why, todo);
}

export async function checkMemory(): Promise<Finding> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kib = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  if (kib === undefined)
    return warn('Memory', 'this system does not say how much is available', 'The hub needs about 0.5 GiB, each guest its own.');
  const bytes = Number(kib) * 1024;
  const why = `${(bytes / GIB).toFixed(1)} GiB available`;
  return bytes > GIB ? ok('Memory', why) : warn('Memory', why, 'The hub and PostgreSQL need about 0.6 GiB, each guest its own.');
}
