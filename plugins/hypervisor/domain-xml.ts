import { createHash } from 'node:crypto';
import { metadataElement, type VmMetadata } from './metadata.ts';
import type { Accelerator } from './port.ts';
import { element, renderXml, type XmlElement } from './xml.ts';

export type Boot =
  | { readonly is: 'kernel'; readonly kernelPath: string; readonly initrdPath: string; readonly commandLine: string }
  | { readonly is: 'disk' }
  | { readonly is: 'cdrom'; readonly path: string };

export type NetworkChoice =
  | { readonly is: 'user' }
  | { readonly is: 'network'; readonly name: string }
  | { readonly is: 'bridge'; readonly name: string };

export interface DomainSpec {
  readonly domainName: string;
  readonly metadata: VmMetadata;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly accelerator: Accelerator;
  readonly boot: Boot;
  readonly disk: { readonly path: string; readonly format: 'qcow2' | 'raw' };
  readonly network: NetworkChoice;
  /** Where the host keeps what the serial console said since the last start. */
  readonly consoleLogPath: string;
}

/** The definition of a new VM. All that comes from people goes through `renderXml`. */
export function domainXml(spec: DomainSpec): string {
  const { domainName, metadata, vcpus, memoryBytes, accelerator } = spec;
  return renderXml(
    element('domain', { type: accelerator === 'kvm' ? 'kvm' : 'qemu' }, [
      element('name', {}, [domainName]),
      element('uuid', {}, [metadata.id]),
      element('metadata', {}, [metadataElement(metadata)]),
      element('memory', { unit: 'b' }, [String(memoryBytes)]),
      element('vcpu', {}, [String(vcpus)]),
      osElement(spec),
      featuresElement(accelerator),
      cpuElement(spec),
      element('clock', { offset: 'utc' }),
      element('on_poweroff', {}, ['destroy']),
      element('on_reboot', {}, ['restart']),
      element('on_crash', {}, ['destroy']),
      devicesElement(spec),
    ]),
  );
}

function osElement({ boot }: DomainSpec): XmlElement {
  const type = element('type', { arch: 'x86_64', machine: 'q35' }, ['hvm']);
  switch (boot.is) {
    case 'kernel':
      return element('os', {}, [
        type,
        element('kernel', {}, [boot.kernelPath]),
        element('initrd', {}, [boot.initrdPath]),
        element('cmdline', {}, [boot.commandLine]),
      ]);
    case 'disk':
      return element('os', {}, [type, element('boot', { dev: 'hd' })]);
    case 'cdrom':
      return element('os', {}, [type, element('boot', { dev: 'hd' }), element('boot', { dev: 'cdrom' })]);
  }
}

// Without a limit QEMU's translation cache takes as much memory as a small guest itself.
const featuresElement = (accelerator: Accelerator): XmlElement =>
  element('features', {}, [
    element('acpi'),
    element('apic'),
    accelerator === 'tcg' ? element('tcg', {}, [element('tb-cache', { unit: 'MiB' }, ['32'])]) : undefined,
  ]);

function cpuElement({ accelerator, boot }: DomainSpec): XmlElement {
  if (accelerator === 'kvm') return element('cpu', { mode: 'host-passthrough', migratable: 'on' });
  // The built-in image boots fastest on the plainest CPU; other systems may need newer instructions.
  if (boot.is === 'kernel') return element('cpu', { mode: 'custom', match: 'exact' }, [element('model', {}, ['qemu64'])]);
  return element('cpu', { mode: 'maximum' });
}

function devicesElement(spec: DomainSpec): XmlElement {
  const { boot, disk } = spec;
  return element('devices', {}, [
    element('disk', { type: 'file', device: 'disk' }, [
      element('driver', { name: 'qemu', type: disk.format, discard: 'unmap' }),
      element('source', { file: disk.path }),
      element('target', { dev: 'vda', bus: 'virtio' }),
    ]),
    boot.is === 'cdrom' ? cdromElement(boot.path) : undefined,
    networkElement(spec),
    element('serial', { type: 'pty' }, [element('log', { file: spec.consoleLogPath, append: 'off' })]),
    element('console', { type: 'pty' }, [element('target', { type: 'serial', port: '0' })]),
    element('channel', { type: 'unix' }, [element('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })]),
    element('controller', { type: 'usb', model: 'none' }),
    element('memballoon', { model: 'virtio' }, [element('stats', { period: '5' })]),
    element('rng', { model: 'virtio' }, [element('backend', { model: 'random' }, ['/dev/urandom'])]),
  ]);
}

const cdromElement = (path: string): XmlElement =>
  element('disk', { type: 'file', device: 'cdrom' }, [
    element('driver', { name: 'qemu', type: 'raw' }),
    element('source', { file: path }),
    element('target', { dev: 'sda', bus: 'sata' }),
    element('readonly'),
  ]);

function networkElement({ network, metadata }: DomainSpec): XmlElement {
  const source = network.is === 'user' ? undefined : element('source', { [network.is]: network.name });
  return element('interface', { type: network.is }, [
    element('mac', { address: macOf(metadata.id) }),
    source,
    element('model', { type: 'virtio' }),
    element('rom', { enabled: 'no' }),
  ]);
}

/** Follows from the id, so that a repeated definition is the same machine to its network. */
export function macOf(id: string): string {
  const hash = createHash('sha256').update(id).digest();
  return ['52', '54', '00', ...[0, 1, 2].map((at) => hash.subarray(at, at + 1).toString('hex'))].join(':');
}
