import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection, Domain } from 'node-libvirt';
import type { LibvirtHost } from '../../../../kit/libvirt-host.ts';
import { tinyImage } from '../../../../kit/tiny-image.ts';

const run = promisify(execFile);

/** The MAC address of the guest's network interface. */
export const guestMac = '52:54:00:00:00:01';

/** A small guest with one of everything: a qcow2 disk, a network interface, a screen, a balloon, a thread for disks, and the guest agent. */
export async function startGuest(conn: Connection, host: LibvirtHost, name = 'guest'): Promise<Domain> {
  const disk = `${host.dir}/${name}.qcow2`;
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '64M']);
  const { kernelPath, initrdPath, commandLine } = await tinyImage();
  const domain =
    await conn.domainDefineXML(`<domain type='qemu'><name>${name}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu><iothreads>1</iothreads>
    <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernelPath}</kernel><initrd>${initrdPath}</initrd><cmdline>${commandLine}</cmdline></os>
    <features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
    <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
      <interface type='ethernet'><mac address='${guestMac}'/><target dev='nlv-tap'/><model type='virtio'/></interface>
      <controller type='pci' index='0' model='pcie-root'/>${"<controller type='pci' model='pcie-root-port'/>".repeat(12)}
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      <serial type='pty'/><video><model type='vga'/></video><memballoon model='virtio'><stats period='2'/></memballoon>
      <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`);
  await domain.create();
  return domain;
}

/** Waits until the agent in the guest answers. */
export async function agentAnswers(domain: Domain, timeoutMs = 60_000): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const answer = await domain.qemuAgentCommand('{"execute":"guest-ping"}', 1, { signal }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    if (answer !== undefined) return;
    await sleep(200);
  }
}
