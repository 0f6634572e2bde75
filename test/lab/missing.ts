import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { namespacesMissing } from '../kit/private-libvirtd.ts';
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

/** Bridge, veth and overlay, tried in namespaces of their own. */
const TRIAL = `set -e
ip link add name br0 type bridge || { echo 'the kernel has no bridges' >&2; exit 1; }
ip link add name cable0 type veth peer name cable1 || { echo 'the kernel has no veth' >&2; exit 1; }
mount -t tmpfs trial /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay overlay -o volatile,lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc ||
  { echo 'the kernel has no overlay file system' >&2; exit 1; }`;

/** Why `startLab` cannot work on this machine, by name; null when it can. */
export function labMissing(): string | null {
  const missing = namespacesMissing(PROGRAMS);
  if (missing !== null) return missing;
  if (!existsSync(PYTHON)) return `not installed: ${PYTHON}`;
  const tried = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', TRIAL], { encoding: 'utf8' });
  return tried.status === 0 ? null : (tried.stderr.trim().split('\n').at(-1) ?? 'the trial failed');
}
