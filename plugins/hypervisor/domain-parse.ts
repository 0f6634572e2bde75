import { metadataOf, type VmMetadata } from './metadata.ts';
import { attributeOf, childrenOf, find, parseXml, textOf, type XmlElement } from './xml.ts';

export interface DiskDefinition {
  /** Target in the guest: `vda`. */
  readonly device: string;
  readonly kind: 'disk' | 'cdrom' | 'floppy' | 'lun';
  /** File or block device; `pool/volume` for a disk that names a volume; null for an empty drive. */
  readonly path: string | null;
  readonly format: string;
}

/** What counts when definitions are compared. */
export interface Definition {
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly disks: readonly DiskDefinition[];
}

export interface ParsedDomain extends Definition {
  readonly id: string;
  readonly domainName: string;
  /** Free text of the domain; empty when there is none. */
  readonly title: string;
  readonly networks: readonly string[];
  readonly consoleLogPath: string | null;
  /** Null: made by others. */
  readonly metadata: VmMetadata | null;
}

/** Reads the definition that a host sends. */
export function parseDomain(xml: string): ParsedDomain {
  const domain = parseXml(xml);
  const devices = find(domain, 'devices');
  return {
    id: textOf(find(domain, 'uuid')),
    domainName: textOf(find(domain, 'name')),
    title: textOf(find(domain, 'title')),
    vcpus: Number(textOf(find(domain, 'vcpu'))) || 1,
    memoryBytes: memoryBytesOf(find(domain, 'memory')),
    disks: childrenOf(devices, 'disk').map(diskOf),
    networks: childrenOf(devices, 'interface').map(networkOf),
    consoleLogPath: attributeOf(devices, 'file', 'serial', 'log') ?? attributeOf(devices, 'file', 'console', 'log') ?? null,
    metadata: metadataOf(domain),
  };
}

const KIB = 1024;
const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1000,
  k: KIB,
  KiB: KIB,
  MB: 1000 ** 2,
  M: KIB ** 2,
  MiB: KIB ** 2,
  GB: 1000 ** 3,
  G: KIB ** 3,
  GiB: KIB ** 3,
};

const memoryBytesOf = (memory: XmlElement | undefined): number =>
  (Number(textOf(memory)) || 0) * (UNIT_BYTES[memory?.attributes['unit'] ?? 'KiB'] ?? KIB);

function diskOf(disk: XmlElement): DiskDefinition {
  const source = find(disk, 'source')?.attributes ?? {};
  const volume = source['pool'] && source['volume'] ? `${source['pool']}/${source['volume']}` : undefined;
  return {
    device: attributeOf(disk, 'dev', 'target') ?? '',
    kind: kindOf(disk.attributes['device']),
    path: source['file'] ?? source['dev'] ?? volume ?? source['name'] ?? null,
    format: attributeOf(disk, 'type', 'driver') ?? 'raw',
  };
}

const kindOf = (device: string | undefined): DiskDefinition['kind'] =>
  device === 'cdrom' || device === 'floppy' || device === 'lun' ? device : 'disk';

function networkOf(nic: XmlElement): string {
  const source = find(nic, 'source')?.attributes ?? {};
  const name = source['network'] ?? source['bridge'] ?? source['dev'];
  return name === undefined ? (nic.attributes['type'] ?? 'unknown') : `${nic.attributes['type']}:${name}`;
}
