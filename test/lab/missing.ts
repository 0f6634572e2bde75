import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { namespacesMissing } from '../kit/private-libvirtd.ts';
import { labsDir } from './folder.ts';
import { PYTHON } from './relay.ts';

const PROGRAMS = [
  'nsenter',
  'setpriv',
  'ip',
  'tc',
  'libvirtd',
  'qemu-system-x86_64',
  'qemu-img',
  'sshd',
  'ssh',
  'ssh-keygen',
  'openssl',
  'busybox',
];

/** Bridge, veth and overlay, tried where they leave nothing behind. */
const TRIAL = `set -e
ip link add name br0 type bridge || { echo 'the kernel has no bridges' >&2; exit 1; }
ip link add name cable0 type veth peer name cable1 || { echo 'the kernel has no veth' >&2; exit 1; }
mkdir "$1/upper" "$1/work"
mount -t overlay overlay -o "volatile,lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc ||
  { echo "no overlay can stand on the file system of $1; set TMPDIR to a folder on ext4, xfs or tmpfs" >&2; exit 1; }`;

/** Why `startLab` cannot work on this machine, by name; null when it can. */
export function labMissing(): string | null {
  const missing = namespacesMissing(PROGRAMS);
  if (missing !== null) return missing;
  if (!existsSync(PYTHON)) return `not installed: ${PYTHON}`;
  const dir = mkdtempSync(join(labsDir(), 'nova-lab-trial-'));
  try {
    const tried = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', TRIAL, 'sh', dir], { encoding: 'utf8' });
    return tried.status === 0 ? null : (tried.stderr.trim().split('\n').at(-1) ?? 'the trial failed');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
