import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, DomainJobType, type Connection, type Domain } from 'node-libvirt';
import type { Guest } from '../guest.ts';
import type { LabHost } from '../machine.ts';
import { timed } from '../pace.ts';

/** A part of a disk. */
export interface Extent {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** An incremental backup, pulled out of a running guest. */
export interface Backup {
  readonly fullMs: number;
  /** From the call until all that had changed was read. */
  readonly incrementalMs: number;
  /** What the guest wrote between the two. */
  readonly written: readonly Extent[];
  /** What the dirty bitmap said over NBD. */
  readonly dirty: readonly Extent[];
  /** How many of the bytes that the guest wrote came out right over NBD. */
  readonly rightBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const JOB_TIMEOUT_MS = 60_000;
/** What the guest writes: the words of each, over and over. Whole blocks of the bitmap (64 KiB), and one that is smaller than a block. */
const WRITES = [
  { word: 'tour', offsetBytes: 10 * MIB, lengthBytes: MIB },
  { word: 'back', offsetBytes: 48 * MIB + 4 * KIB, lengthBytes: 4 * KIB },
] as const;

/** A full backup with a checkpoint; the guest writes; then only what it wrote is read over NBD from a backup of that moment. */
export async function backUp(guest: Guest): Promise<Backup> {
  const host = await guest.host();
  await using conn = await connect(host.uri);
  const domain = await conn.domainLookupByName(guest.name);
  const fullMs = await timed(() => backUpFull(conn, domain, join(host.dir, 'full.qcow2')));
  for (const { word, offsetBytes, lengthBytes } of WRITES) {
    const to = `dd of=/dev/vda bs=4k seek=${offsetBytes / (4 * KIB)} conv=notrunc,fsync 2>/dev/null`;
    await guest.shell(`yes ${word} | head -c ${lengthBytes} | ${to}`);
  }
  const startedAt = performance.now();
  const { dirty, rightBytes } = await pullChanges(host, domain);
  return {
    fullMs,
    incrementalMs: performance.now() - startedAt,
    written: WRITES.map(({ offsetBytes, lengthBytes }) => ({ offsetBytes, lengthBytes })),
    dirty,
    rightBytes,
  };
}

async function backUpFull(conn: Connection, domain: Domain, path: string): Promise<void> {
  await using completed = conn.domainEvents('jobCompleted', { signal: AbortSignal.timeout(JOB_TIMEOUT_MS) });
  await completed.ready;
  const disk = `<disk name='vda' type='file' backup='yes'><target file='${path}'/><driver type='qcow2'/></disk>`;
  const checkpoint = `<domaincheckpoint><name>full</name><disks><disk name='vda' checkpoint='bitmap'/></disks></domaincheckpoint>`;
  await domain.backupBegin(`<domainbackup mode='push'><disks>${disk}</disks></domainbackup>`, checkpoint);
  for await (const event of completed) {
    if (event.kind !== 'event' || event.message.dom.name !== domain.name) continue;
    const failed = event.message.params.find(({ field }) => field === 'errmsg');
    if (failed) throw new Error(`The full backup of ${domain.name} failed: ${String(failed.value.value)}`);
    return;
  }
  throw new Error(`The full backup of ${domain.name} was not over after ${JOB_TIMEOUT_MS / 1000} s.`);
}

async function pullChanges(host: LabHost, domain: Domain): Promise<Pick<Backup, 'dirty' | 'rightBytes'>> {
  const socket = join(host.dir, 'nbd.sock');
  const disk = `<disk name='vda' backup='yes' type='file' exportname='vda' exportbitmap='dirty'>
<scratch file='${join(host.dir, 'scratch.qcow2')}'/><driver type='qcow2'/></disk>`;
  const backup = await domain.backupBegin(`<domainbackup mode='pull'><incremental>full</incremental>
<server transport='unix' socket='${socket}'/><disks>${disk}</disks></domainbackup>`);
  try {
    const { type } = await backup.getJobInfo();
    if (type !== DomainJobType.UNBOUNDED) throw new Error(`A pull is no job of type ${type}.`);
    const dirty = await dirtyExtents(host, socket);
    let rightBytes = 0;
    for (const extent of dirty) rightBytes += countRight(extent, await readExtent(host, socket, extent));
    return { dirty, rightBytes };
  } finally {
    await backup.abort();
  }
}

const nbd = (socket: string): string => `driver=raw,file.driver=nbd,file.export=vda,file.server.type=unix,file.server.path=${socket}`;

/** QEMU's own reader of NBD shows a dirty bitmap as if it were the map of the disk: what is dirty has no data there. */
async function dirtyExtents(host: LabHost, socket: string): Promise<Extent[]> {
  const image = `${nbd(socket)},file.x-dirty-bitmap=qemu:dirty-bitmap:dirty`;
  const { stdout } = await host.run(['qemu-img', 'map', '--output=json', '--image-opts', image]);
  const map = JSON.parse(stdout) as { start: number; length: number; data: boolean }[];
  return map.filter(({ data }) => !data).map(({ start, length }) => ({ offsetBytes: start, lengthBytes: length }));
}

/** The bytes of one extent, as the backup has them. */
async function readExtent(host: LabHost, socket: string, { offsetBytes, lengthBytes }: Extent): Promise<Buffer> {
  const path = join(host.dir, 'extent.raw');
  const image = `${nbd(socket)},offset=${offsetBytes},size=${lengthBytes}`;
  await host.run(['qemu-img', 'convert', '--image-opts', '-O', 'raw', image, path]);
  return readFile(path);
}

/** How many bytes of an extent are what the guest wrote there. */
function countRight({ offsetBytes, lengthBytes }: Extent, read: Buffer): number {
  let right = 0;
  for (const write of WRITES) {
    const wanted = Buffer.alloc(write.lengthBytes, `${write.word}\n`);
    const from = Math.max(offsetBytes, write.offsetBytes);
    const to = Math.min(offsetBytes + lengthBytes, write.offsetBytes + write.lengthBytes);
    for (let at = from; at < to; at++) if (read[at - offsetBytes] === wanted[at - write.offsetBytes]) right++;
  }
  return right;
}
