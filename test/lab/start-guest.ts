import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node-libvirt';
import { TINY_MEMORY_BYTES_MIN, TINY_READY } from '../../core/setup/tiny-image.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import { DEBIAN_READY, debianImage } from './debian-image.ts';
import { Guest } from './guest.ts';
import type { Lab } from './lab.ts';
import type { LabHost } from './machine.ts';

export interface GuestOptions {
  /** The host it starts on. */
  readonly host: string;
  /** Unique in the lab; lower-case letters, digits and dashes. */
  readonly name: string;
  /** `tiny` (default) is up in seconds; `debian` is a real system with cloud-init, up in half a minute, and built once, in about a minute. */
  readonly image?: 'tiny' | 'debian';
  /** Default, and least, 96 MiB for tiny, 512 MiB for debian. */
  readonly memoryBytes?: number;
  /** Default 64 MiB for tiny, where 0 means no disk; 2 GiB for debian. */
  readonly diskBytes?: number;
  /** Default: the lab's pool. `local`: on the disk of the host where it starts, even where the lab's pool is shared. */
  readonly storage?: 'local';
  /** For debian: a text for cloud-init that begins with `#cloud-config`. Default: nothing is to be done. */
  readonly userData?: string;
}

const MIB = 1024 * 1024;
const BOOT_TIMEOUT_MS = 180_000;
const POLL_MS = 50;
const GUESTS_MAX = 200;

/** What differs between images. */
interface Boot {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly commandLine: string;
  /** What its console says when it is up. */
  readonly readyMark: string;
  readonly memoryBytes: number;
  readonly vcpus: number;
  /** Paths as the host sees them, in the order vda, vdb. */
  readonly disks: readonly { path: string; format: 'qcow2' | 'raw' }[];
}

/** Defines a guest, starts it and waits until it is up. `number` is its own in the lab, from 0. */
export async function startGuest(lab: Lab, number: number, options: GuestOptions): Promise<Guest> {
  const { host: hostName, name, image = 'tiny' } = options;
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`A guest cannot be called '${name}': lower-case letters, digits and dashes.`);
  if (number >= GUESTS_MAX) throw new Error(`A lab has addresses for ${GUESTS_MAX} guests.`);
  const host = lab.host(hostName);
  const guest = new Guest(lab, name, number);
  const mac = `52:54:00:4d:${[lab.number, number].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
  const boot = await (image === 'tiny' ? tinyBoot : debianBoot)({ lab, host, guest, mac, options });
  await rm(guest.consolePath, { force: true });
  await using conn = await connect(host.uri);
  await (await conn.domainDefineXML(domainXml(guest, mac, boot))).create(0, { timeoutMs: BOOT_TIMEOUT_MS });
  await untilUp(guest, boot.readyMark);
  return guest;
}

interface Plan {
  readonly lab: Lab;
  readonly host: LabHost;
  readonly guest: Guest;
  readonly mac: string;
  readonly options: GuestOptions;
}

async function tinyBoot({ lab, host, guest, options }: Plan): Promise<Boot> {
  const { memoryBytes = TINY_MEMORY_BYTES_MIN, diskBytes = 64 * MIB } = options;
  const { kernelPath, initrdPath, commandLine } = await tinyImage();
  const path = join(poolPathOf(lab, options), `${guest.name}.qcow2`);
  if (diskBytes > 0) await host.run(['qemu-img', 'create', '-q', '-f', 'qcow2', path, String(diskBytes)]);
  return {
    kernelPath,
    initrdPath,
    commandLine: `${commandLine} tiny.name=${guest.name} tiny.address=${guest.address}/24`,
    readyMark: TINY_READY,
    memoryBytes,
    vcpus: 1,
    disks: diskBytes > 0 ? [{ path, format: 'qcow2' }] : [],
  };
}

async function debianBoot({ lab, host, guest, mac, options }: Plan): Promise<Boot> {
  const { memoryBytes = 512 * MIB, diskBytes = 2048 * MIB, userData = '#cloud-config\n{}\n' } = options;
  const { kernelPath, initrdPath, diskPath } = await debianImage();
  const [disk, seed] = [`${guest.name}.qcow2`, `${guest.name}-seed.iso`].map((file) => join(poolPathOf(lab, options), file)) as [
    string,
    string,
  ];
  await host.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', diskPath, disk, String(diskBytes)]);
  const files = {
    'user-data': userData,
    'meta-data': `instance-id: ${lab.name}-${guest.name}\nlocal-hostname: ${guest.name}\n`,
    'network-config': `version: 2\nethernets:\n  lan:\n    match: { macaddress: '${mac}' }\n    addresses: [${guest.address}/24]\n`,
  };
  const folder = join(lab.dir, 'seeds', guest.name);
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  await host.run(['genisoimage', '-quiet', '-o', seed, '-V', 'cidata', '-J', '-r', folder]);
  return {
    kernelPath,
    initrdPath,
    commandLine: 'root=/dev/vda rw console=ttyS0 quiet random.trust_cpu=on',
    readyMark: DEBIAN_READY,
    memoryBytes,
    vcpus: 2,
    disks: [
      { path: disk, format: 'qcow2' },
      { path: seed, format: 'raw' },
    ],
  };
}

const poolPathOf = (lab: Lab, { storage }: GuestOptions): string => (storage === 'local' ? lab.localPool : lab.pool).path;

async function untilUp({ name, consolePath }: Guest, readyMark: string): Promise<void> {
  const endsAt = Date.now() + BOOT_TIMEOUT_MS;
  for (;;) {
    const said = await readFile(consolePath, 'utf8').catch(() => '');
    if (said.includes(`${readyMark} `)) return;
    if (Date.now() > endsAt) throw new Error(`Guest ${name} did not come up in ${BOOT_TIMEOUT_MS / 1000} s. Its console says:\n${said}`);
    await sleep(POLL_MS);
  }
}

/** Everything in it is a name that was checked, a number, or a path of the lab's own. The log is appended to, so that a move does not cut it off. */
function domainXml(guest: Guest, mac: string, boot: Boot): string {
  const disks = boot.disks.map(({ path, format }, i) => {
    const target = `<target dev='vd${'ab'[i]}' bus='virtio'/>${format === 'raw' ? '<readonly/>' : ''}`;
    return `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/>${target}</disk>`;
  });
  return `<domain type='qemu'><name>${guest.name}</name><memory unit='b'>${boot.memoryBytes}</memory><vcpu>${boot.vcpus}</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>${boot.kernelPath}</kernel><initrd>${boot.initrdPath}</initrd>
<cmdline>${boot.commandLine}</cmdline></os>
<features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
<on_crash>destroy</on_crash>
<devices>${disks.join('')}
<interface type='bridge'><mac address='${mac}'/><source bridge='br0'/><model type='virtio'/><rom enabled='no'/></interface>
<serial type='pty'><log file='${guest.consolePath}' append='on'/></serial>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<memballoon model='virtio'><stats period='2'/></memballoon>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
}
