import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoragePool } from 'node-libvirt';
import { HubError } from 'novacron/plugin';
import { orMissing } from './errors.ts';
import type { HostLink } from './host-link.ts';
import { createVolume, poolOf, removeVolume } from './pool.ts';

/** The built-in image as a host has it. */
export interface TinyOnHost {
  readonly kernelPath: string;
  readonly initrdPath: string;
}

export interface TinyFiles {
  readonly kernelPath: string;
  readonly initrdPath: string;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Brings kernel and initrd of the built-in image to hosts, as volumes of the pool: so it works for remote hosts, and the hub's own data folder
 * may be one that QEMU's user cannot enter. The names carry a hash of the content, so that running VMs keep theirs when the image changes.
 */
export class TinyImages {
  readonly #files: TinyFiles | undefined;
  readonly #dir: string;
  readonly #pool: string;
  readonly #onHost = new Map<string, Promise<TinyOnHost>>();

  /** `dir` is where setup builds it, for when the config names no files. */
  constructor({ files, dir, pool }: { readonly files: TinyFiles | undefined; readonly dir: string; readonly pool: string }) {
    this.#files = files;
    this.#dir = dir;
    this.#pool = pool;
  }

  /** HubError `image_unavailable` when setup has not built it. */
  async on(link: HostLink, signal: AbortSignal): Promise<TinyOnHost> {
    const files = this.#files ?? (await newestIn(this.#dir));
    const key = `${link.name} ${files.kernelPath}`;
    const known = this.#onHost.get(key);
    if (
      known &&
      (await known.then(
        (image) => isThere(link, image),
        () => false,
      ))
    )
      return known;
    const made = link.use(async (conn) => {
      const pool = await poolOf(conn, this.#pool);
      const [kernelPath, initrdPath] = [await bring(pool, files.kernelPath, signal), await bring(pool, files.initrdPath, signal)];
      return { kernelPath, initrdPath };
    });
    this.#onHost.set(key, made);
    return made;
  }
}

const isThere = (link: HostLink, image: TinyOnHost): Promise<boolean> =>
  link.use(async (conn) => {
    const found = [image.kernelPath, image.initrdPath].map((path) => orMissing(link.name, conn.storageVolLookupByPath(path)));
    return (await Promise.all(found)).every((volume) => volume !== undefined);
  });

/** An empty volume is made last: only with it is the content whole, for an upload may be cut off at any byte. */
async function bring(pool: StoragePool, file: string, signal: AbortSignal): Promise<string> {
  const content = await readFile(file, { signal });
  const name = `tiny-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
  const seal = `${name}.whole`;
  const [volume, sealed] = await Promise.all([name, seal].map((each) => orMissing(pool.name, pool.storageVolLookupByName(each))));
  if (volume && sealed) return volume.getPath();
  await removeVolume(pool, seal, signal);
  const made = await createVolume(pool, { name, capacityBytes: content.length, format: 'raw' }, signal);
  await made.upload(chunksOf(content), { signal, lengthBytes: content.length });
  await createVolume(pool, { name: seal, capacityBytes: 0, format: 'raw' }, signal);
  return made.getPath();
}

function* chunksOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) yield content.subarray(at, at + CHUNK_BYTES);
}

/** Setup keeps one folder for each version of the recipe. */
async function newestIn(dir: string): Promise<TinyFiles> {
  const folders = (await readdir(dir).catch(() => [])).filter((name) => name.startsWith('tiny-')).map((name) => join(dir, name));
  const dated = await Promise.all(folders.map(async (folder) => ({ folder, at: (await stat(folder)).mtimeMs })));
  const newest = dated.toSorted((a, b) => b.at - a.at)[0]?.folder;
  if (newest) return { kernelPath: join(newest, 'vmlinuz'), initrdPath: join(newest, 'initrd.img') };
  throw new HubError('image_unavailable', `The built-in image 'tiny' has not been built yet. Run setup again: npm run up`, { status: 503 });
}
