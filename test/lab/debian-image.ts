import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './namespaces.ts';

/** A Debian with cloud-init and guest agent, for direct kernel boot; the disk is one file system, to be used as backing file. */
export interface DebianImage {
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Raw. */
  readonly diskPath: string;
}

/** The line on the serial console that says that cloud-init is through. */
export const DEBIAN_READY = 'NOVACRON-DEBIAN READY';
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/novacron/images', import.meta.url));
const DISK_BYTES = 2 * 1024 ** 3;
const PACKAGES = ['linux-image-cloud-amd64', 'systemd-sysv', 'udev', 'dbus', 'iproute2', 'iputils-ping', 'cloud-init', 'qemu-guest-agent'];
const WITHOUT = ['doc', 'man', 'locale'].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`);
const FILES: Readonly<Record<string, string>> = {
  'etc/fstab': '/dev/vda / ext4 defaults 0 1\n',
  'etc/machine-id': '',
  // What a fresh machine needs, and no more: every module costs an emulated processor half a second.
  'etc/cloud/cloud.cfg.d/90-lab.cfg': `datasource_list: [NoCloud]
system_info:
  network:
    renderers: [networkd]
cloud_init_modules: [bootcmd, write-files, resizefs, set_hostname, update_etc_hosts, users-groups]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
`,
  'etc/systemd/system/lab-ready.service': `[Unit]
After=cloud-final.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "${DEBIAN_READY} name=$(hostname)" >/dev/ttyS0'
[Install]
WantedBy=cloud-init.target
`,
};

/**
 * Builds the image from the machine's own package archive unless it is there: about a minute, once, and a second build at the same time is
 * wasted, not harmful. Throws when mmdebstrap is not installed or the archive cannot be reached.
 */
export async function debianImage(): Promise<DebianImage> {
  const recipe = createHash('sha256').update(JSON.stringify([PACKAGES, WITHOUT, FILES, DISK_BYTES]));
  const dir = join(CACHE, `debian-${recipe.digest('hex').slice(0, 12)}`);
  const image = { kernelPath: join(dir, 'vmlinuz'), initrdPath: join(dir, 'initrd.img'), diskPath: join(dir, 'disk.raw') };
  if (existsSync(dir)) return image;
  await mkdir(CACHE, { recursive: true });
  const build = await mkdtemp(join(CACHE, '.building-'));
  try {
    await buildInto(build);
    await rename(join(build, 'out'), dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error;
    });
    return image;
  } finally {
    await rm(build, { recursive: true, force: true });
  }
}

async function buildInto(build: string): Promise<void> {
  const [root, out] = [join(build, 'root'), join(build, 'out')];
  const shape = ['--quiet', '--mode=root', '--variant=minbase', `--include=${PACKAGES.join(',')}`, ...WITHOUT];
  try {
    await run(['mmdebstrap', ...shape, codename(), root, '-'], { input: await machineSources() });
  } catch (error) {
    throw new Error('The Debian guest could not be built. It takes the Debian package mmdebstrap, and an archive that can be reached.', {
      cause: error,
    });
  }
  for (const [path, content] of Object.entries(FILES)) await writeFile(join(root, path), content);
  await run(['chroot', root, 'systemctl', 'enable', '--quiet', 'systemd-networkd', 'lab-ready']);
  await run(['chroot', root, 'systemctl', 'mask', '--quiet', 'systemd-networkd-wait-online', 'e2scrub_reap']);
  await mkdir(out);
  for (const name of await readdir(join(root, 'boot'))) {
    const [is] = name.split('-');
    if (is === 'vmlinuz' || is === 'initrd.img') await rename(join(root, 'boot', name), join(out, is));
  }
  const disk = join(out, 'disk.raw');
  await writeFile(disk, '');
  await truncate(disk, DISK_BYTES);
  await run(['mke2fs', '-q', '-t', 'ext4', '-d', root, disk]);
}

/** What this machine installs from is what can be reached from here. */
async function machineSources(): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const modern = (await readdir(folder)).filter((name) => name.endsWith('.sources')).map((name) => join(folder, name));
  const files = modern.length > 0 ? modern : ['/etc/apt/sources.list'];
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
}

function codename(): string {
  const found = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (found === undefined) throw new Error('The Debian guest is built from the sources of a Debian; this machine is none.');
  return found;
}
