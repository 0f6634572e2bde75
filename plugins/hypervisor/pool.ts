import { ErrorCode, LibvirtError, StoragePoolBuildFlags, type Connection, type StoragePool, type StorageVolume } from 'node-libvirt';
import { HubError } from 'novacron/plugin';
import { toHubError, orMissing } from './errors.ts';
import { volumePrefixOf } from './names.ts';
import { formatBytes, MIB } from './sizes.ts';
import { sleep } from './wait.ts';
import { element, find, parseXml, renderXml, textOf } from './xml.ts';

/** Makes the pool when it is not there, and starts it. Returns its folder on the host. */
export async function ensurePool(conn: Connection, { name, dir }: { name: string; dir: string }): Promise<string> {
  const pools = await conn.listAllStoragePools();
  const pool = pools.find((candidate) => candidate.name === name) ?? (await definePool(conn, { name, dir }));
  if (!(await pool.isActive())) await startPool(pool);
  return textOf(find(parseXml(await pool.getXMLDesc()), 'target', 'path'));
}

async function definePool(conn: Connection, { name, dir }: { name: string; dir: string }): Promise<StoragePool> {
  const xml = element('pool', { type: 'dir' }, [element('name', {}, [name]), element('target', {}, [element('path', {}, [dir])])]);
  const pool = await conn.storagePoolDefineXML(renderXml(xml));
  await pool.setAutostart(true);
  return pool;
}

/** Its folder may be gone, for example after the disk it was on was changed: then it is made again. */
async function startPool(pool: StoragePool): Promise<void> {
  await pool.build(StoragePoolBuildFlags.NEW);
  await pool.create();
}

export const poolOf = (conn: Connection, name: string): Promise<StoragePool> => conn.storagePoolLookupByName(name);

/** Looks again at the folder; waits while libvirt copies a volume there, which is when it refuses to look. */
export async function refreshPool(pool: StoragePool, signal: AbortSignal): Promise<void> {
  await untilFree(pool, () => pool.refresh(0, { signal }), signal);
}

/** Undefined when there is none of that name, also after looking again at the folder. */
export async function findVolume(pool: StoragePool, name: string, signal: AbortSignal): Promise<StorageVolume | undefined> {
  const known = await orMissing(pool.name, pool.storageVolLookupByName(name));
  if (known) return known;
  await refreshPool(pool, signal);
  return orMissing(pool.name, pool.storageVolLookupByName(name));
}

const BUSY_POLL_MS = 500;

async function untilFree<T>(pool: StoragePool, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      const mapped = toHubError(pool.name, error);
      if (mapped.code !== 'host_busy') throw mapped;
      await sleep(BUSY_POLL_MS, signal);
    }
}

export interface NewVolume {
  readonly name: string;
  readonly capacityBytes: number;
  readonly format: 'qcow2' | 'raw';
  /** Content is copied from here; the copy stands alone. */
  readonly from?: StorageVolume;
}

const volumeXml = ({ name, capacityBytes, format }: NewVolume): string =>
  renderXml(
    element('volume', {}, [
      element('name', {}, [name]),
      element('capacity', { unit: 'bytes' }, [String(capacityBytes)]),
      // Space is taken when it is written to, except for the few KiB that hold the format itself.
      element('allocation', { unit: 'bytes' }, ['0']),
      element('target', {}, [element('format', { type: format })]),
    ]),
  );

const COPY_TIMEOUT_MS = 2 * 3600_000;

/**
 * Makes a volume afresh. What has the name already is half of an earlier try, since nothing uses it before its domain is defined: it goes.
 * HubError `disk_full` with figures.
 */
export async function createVolume(pool: StoragePool, volume: NewVolume, signal: AbortSignal): Promise<StorageVolume> {
  await refuseFull(pool, volume);
  await removeVolume(pool, volume.name, signal);
  const made = await make(pool, volume, signal).catch(async (error: unknown) => {
    if (!isVolumeThere(error)) throw error;
    // A file that libvirt did not know of, left by a daemon that died while it wrote it.
    await refreshPool(pool, signal);
    await removeVolume(pool, volume.name, signal);
    return make(pool, volume, signal);
  });
  if (volume.from && (await made.getInfo()).capacityBytes < volume.capacityBytes) await made.resize(volume.capacityBytes);
  return made;
}

function make(pool: StoragePool, volume: NewVolume, signal: AbortSignal): Promise<StorageVolume> {
  const xml = volumeXml(volume);
  if (volume.from === undefined) return pool.storageVolCreateXML(xml, 0, { signal });
  return pool.storageVolCreateXMLFrom(xml, volume.from, { signal, timeoutMs: COPY_TIMEOUT_MS });
}

async function refuseFull(pool: StoragePool, { from }: NewVolume): Promise<void> {
  const neededBytes = from ? (await from.getInfo()).allocationBytes + MIB : MIB;
  const { availableBytes, capacityBytes } = await pool.getInfo();
  if (availableBytes >= neededBytes) return;
  const message = `Pool '${pool.name}' has ${formatBytes(availableBytes)} of ${formatBytes(capacityBytes)} left, the disk needs ${formatBytes(neededBytes)}. Delete volumes or purge the trash, then try again.`;
  throw new HubError('disk_full', message, { status: 507, details: { pool: pool.name, availableBytes, neededBytes } });
}

/** Deletes a volume; gone already is as good. Waits for a copy that an earlier try began and whose answer was lost. */
export async function removeVolume(pool: StoragePool, name: string, signal: AbortSignal): Promise<void> {
  const volume = await orMissing(pool.name, pool.storageVolLookupByName(name));
  if (volume)
    await orMissing(
      pool.name,
      untilFree(pool, () => volume.delete(0, { signal }), signal),
    );
}

/** All volumes of a VM: disks, console logs and what was rotated away of them. */
export async function volumesOf(pool: StoragePool, id: string, signal: AbortSignal): Promise<StorageVolume[]> {
  await refreshPool(pool, signal);
  return (await pool.listAllVolumes()).filter(({ name }) => name.startsWith(volumePrefixOf(id)));
}

/** Reads a part of a volume. */
export async function readVolume(
  volume: StorageVolume,
  { offsetBytes, lengthBytes, signal }: { readonly offsetBytes: number; readonly lengthBytes: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  if (lengthBytes <= 0) return Buffer.alloc(0);
  const parts: Uint8Array[] = [];
  await using stream = await volume.download({ offsetBytes, lengthBytes, signal });
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const isVolumeThere = (error: unknown): boolean =>
  error instanceof LibvirtError && (error.code === ErrorCode.STORAGE_VOL_EXIST || /file exists|already exists/i.test(error.message));
