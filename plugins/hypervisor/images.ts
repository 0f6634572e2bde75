import { dirname, posix } from 'node:path';
import type { StoragePool, StorageVolume } from 'node-libvirt';
import { HubError } from 'novacron/plugin';
import type { HypervisorConfig } from './config.ts';
import type { HostLink } from './host-link.ts';
import { isVmVolume } from './names.ts';
import { findVolume, poolOf, readVolume } from './pool.ts';
import { HEAD_BYTES, inspectHead } from './qcow2.ts';

export const TINY = 'tiny';

/** What an image name means, before any host is asked. */
export type ImageName =
  | { readonly is: 'tiny' }
  | { readonly is: 'iso'; readonly path: string }
  | { readonly is: 'volume'; readonly pool: string; readonly volume: string };

const VOLUME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/;
const BACKING_DEPTH_MAX = 8;

const unknownImage = (message: string): HubError => new HubError('image_unknown', message, { status: 404 });
const unsafe = (name: string, why: string): HubError =>
  new HubError('image_unsafe', `'${name}' cannot be used as an image: ${why}. Make a plain copy of it: qemu-img convert -O qcow2`, {
    status: 422,
  });

/** `tiny`, `VOLUME`, `POOL/VOLUME`, or the path of an ISO file in an allowed folder. HubError `image_unknown`. */
export function parseImage(image: string, config: Pick<HypervisorConfig, 'imagePools' | 'isoDirs'>): ImageName {
  if (image === TINY) return { is: 'tiny' };
  if (image.startsWith('/')) return parseIso(image, config.isoDirs);
  const cut = image.indexOf('/');
  const pool = cut === -1 ? (config.imagePools[0] ?? '') : image.slice(0, cut);
  const volume = image.slice(cut + 1);
  const allowed = config.imagePools.join(', ') || 'none';
  if (!config.imagePools.includes(pool)) throw unknownImage(`Pool '${pool.slice(0, 60)}' may not be used for images. Allowed: ${allowed}.`);
  if (!VOLUME.test(volume) || isVmVolume(volume))
    throw unknownImage(`There is no image '${image.slice(0, 100)}'. Images are 'tiny' and volumes of the pools: ${allowed}.`);
  return { is: 'volume', pool, volume };
}

function parseIso(path: string, isoDirs: readonly string[]): ImageName {
  const plain = posix.normalize(path) === path && /^[\x20-\x7e]+\.iso$/i.test(path);
  if (plain && isoDirs.includes(dirname(path))) return { is: 'iso', path };
  const where =
    isoDirs.length > 0 ? `Allowed are .iso files directly in: ${isoDirs.join(', ')}.` : 'No folder for ISO files is configured (isoDirs).';
  throw unknownImage(`'${path.slice(0, 100)}' may not be used as an image. ${where}`);
}

export interface CheckedImage {
  readonly pool: string;
  readonly volume: string;
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  readonly capacityBytes: number;
}

/** Looks into a volume before a guest gets its content. HubErrors `image_unknown`, `image_unsafe`. */
export const checkVolumeImage = (
  link: HostLink,
  name: { readonly pool: string; readonly volume: string },
  signal: AbortSignal,
): Promise<CheckedImage> =>
  link.use(async (conn) => {
    const pool = await poolOf(conn, name.pool);
    const { pool: poolName, volume } = name;
    return { pool: poolName, volume, ...(await check(pool, { volume, depth: 0, signal })) };
  });

interface Checking {
  readonly volume: string;
  readonly depth: number;
  readonly signal: AbortSignal;
}

async function check(pool: StoragePool, { volume: name, depth, signal }: Checking): Promise<Omit<CheckedImage, 'pool' | 'volume'>> {
  if (depth > BACKING_DEPTH_MAX) throw unsafe(name, `its chain of backing files is longer than ${BACKING_DEPTH_MAX}`);
  const volume = await lookUp(pool, name, signal);
  const [info, path] = await Promise.all([volume.getInfo(), volume.getPath()]);
  const head = inspectHead(await readVolume(volume, { offsetBytes: 0, lengthBytes: HEAD_BYTES, signal }));
  if (head.is === 'other') throw unsafe(name, `it is a ${head.format} file`);
  if (head.is === 'raw') {
    if (/\.(qcow2?|vmdk|vdi|vhdx?|qed)$/i.test(name)) throw unsafe(name, 'its content is not what its name says');
    return { path, format: 'raw', capacityBytes: info.capacityBytes };
  }
  if (head.problems.length > 0) throw unsafe(name, head.problems.join(' and '));
  if (head.backingFile !== null) await checkBacking(pool, { volume: name, path, depth, signal }, head.backingFile);
  return { path, format: 'qcow2', capacityBytes: head.capacityBytes };
}

/** A file of the same pool that is an image itself; a path elsewhere would show the guest a file of the host. */
async function checkBacking(
  pool: StoragePool,
  { volume, path, depth, signal }: Checking & { path: string },
  backing: string,
): Promise<void> {
  const name = backing.startsWith('/') ? posix.basename(backing) : backing;
  const inPool = VOLUME.test(name) && !isVmVolume(name) && (!backing.startsWith('/') || backing === posix.join(dirname(path), name));
  if (!inPool) throw unsafe(volume, `its backing file '${backing.slice(0, 100)}' is not an image of pool '${pool.name}'`);
  if (name === volume) throw unsafe(volume, 'it is its own backing file');
  await check(pool, { volume: name, depth: depth + 1, signal }).catch((error: unknown) => {
    if (HubError.is(error) && error.code === 'image_unknown') throw unsafe(volume, `its backing file '${name}' does not exist`);
    throw error;
  });
}

/** Files that were put into the folder by hand are found only after libvirt has looked again. */
async function lookUp(pool: StoragePool, name: string, signal: AbortSignal): Promise<StorageVolume> {
  const volume = await findVolume(pool, name, signal);
  if (volume) return volume;
  throw unknownImage(`There is no volume '${name}' in pool '${pool.name}'. Put the file into its folder and try again.`);
}
