import { HubError } from 'novacron/plugin';
import { DomainBlockResizeFlags, DomainXMLFlags, type Connection } from 'node-libvirt';
import { isOff, stateOf } from './domains.ts';
import { parseDomain, type DiskDefinition } from './domain-parse.ts';
import { domainAt, type Runtime, type VmAddress } from './runtime.ts';
import { formatBytes } from './sizes.ts';
import { onDomain } from './vm-ops.ts';

export interface DiskSize {
  readonly device: string;
  readonly capacityBytes: number;
}

/** The disk of that name in the guest, or without one the first that has a file. HubError `vm_limit` when there is none. */
export function diskOf(disks: readonly DiskDefinition[], vm: string, device?: string): DiskDefinition & { readonly path: string } {
  const disk = disks.find((each) => each.kind === 'disk' && each.path !== null && (device === undefined || each.device === device));
  if (disk?.path) return { ...disk, path: disk.path };
  throw limit(device === undefined ? `'${vm}' has no disk that could grow.` : `'${vm}' has no disk '${device}' that could grow.`);
}

/**
 * Lets a disk grow to `bytes`: a running guest sees it at once. As large already is as good, so that it may be called again after a lost
 * answer. HubErrors `vm_limit` (smaller than it is, or beyond the limit), `vm_gone`.
 */
export const growDisk = (
  runtime: Runtime,
  vm: VmAddress,
  { device, bytes }: { readonly device?: string | undefined; readonly bytes: number },
): Promise<DiskSize> =>
  onDomain(domainAt(runtime, vm), async (domain, conn) => {
    const disk = diskOf(parseDomain(await domain.getXMLDesc(DomainXMLFlags.INACTIVE)).disks, vm.name, device);
    const capacityBytes = await capacityOf(conn, disk.path);
    checkDiskSize(runtime, { capacityBytes, bytes });
    if (bytes > capacityBytes)
      if (isOff(await stateOf(domain))) await (await conn.storageVolLookupByPath(disk.path)).resize(bytes);
      else await domain.blockResize(disk.device, bytes, { flags: DomainBlockResizeFlags.BYTES });
    return { device: disk.device, capacityBytes: bytes };
  });

/** HubError `vm_limit` says what is wrong with the wanted size. */
export function checkDiskSize(runtime: Runtime, { capacityBytes, bytes }: { capacityBytes: number; bytes: number }): void {
  const { diskMax } = runtime.config.limits;
  if (bytes > diskMax) throw limit(`A disk may have at most ${formatBytes(diskMax)} here.`);
  if (bytes < capacityBytes) throw limit(`The disk has ${formatBytes(capacityBytes)}; it can only grow.`);
}

export const limit = (message: string): HubError => new HubError('vm_limit', message, { status: 400 });

const capacityOf = async (conn: Connection, path: string): Promise<number> =>
  (await (await conn.storageVolLookupByPath(path)).getInfo()).capacityBytes;
