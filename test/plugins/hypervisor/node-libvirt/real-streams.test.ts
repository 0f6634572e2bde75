import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, Hole, StoragePool } from 'node-libvirt';
import { connect, remoteProcedures as remote, StorageVolDownloadFlags, StorageVolUploadFlags } from 'node-libvirt';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { libvirtHostMissing, startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { codeOf } from './kit/contract.ts';

const missing = libvirtHostMissing();
if (missing) console.warn(`The tests of streams are skipped: ${missing}.`);
const mib = 1024 * 1024;

describe.skipIf(missing)('streams of a real libvirtd', () => {
  let host: LibvirtHost;
  let conn: Connection;
  let pool: StoragePool;
  beforeAll(async () => {
    host = await startLibvirtHost();
    conn = await connect(host.uri);
    pool = await conn.storagePoolCreateXML(`<pool type='dir'><name>p</name><target><path>${host.dir}</path></target></pool>`);
  }, 60_000);
  afterAll(async () => {
    await conn?.close();
    await host?.[Symbol.asyncDispose]();
  });
  const volumeOf = (name: string, capacityMib: number) =>
    pool.storageVolCreateXML(
      `<volume><name>${name}</name><capacity unit='MiB'>${capacityMib}</capacity><allocation>0</allocation><target><format type='raw'/></target></volume>`,
    );

  test('a sparse volume goes down and up again without its zeros, and stays sparse', async () => {
    const [source, copy] = [await volumeOf('source.img', 512), await volumeOf('copy.img', 512)];
    const file = await open(join(host.dir, 'source.img'), 'r+');
    await file.write(Buffer.alloc(mib, 'a'), 0, mib, 0);
    await file.write(Buffer.alloc(mib, 'b'), 0, mib, 300 * mib);
    await file.close();
    const seen: { data: number; holes: number } = { data: 0, holes: 0 };
    const down = await source.download({ flags: StorageVolDownloadFlags.SPARSE_STREAM });
    const counted = async function* (): AsyncGenerator<Uint8Array | Hole> {
      for await (const section of down.sections()) {
        if (section instanceof Uint8Array) seen.data += section.length;
        else seen.holes += section.holeBytes;
        yield section;
      }
    };
    await copy.upload(counted(), { flags: StorageVolUploadFlags.SPARSE_STREAM });
    expect(seen).toEqual({ data: 2 * mib, holes: 510 * mib });
    const written = await stat(join(host.dir, 'copy.img'));
    expect(written.size).toBe(512 * mib);
    expect(written.blocks * 512).toBeLessThan(8 * mib);
    const back = await open(join(host.dir, 'copy.img'));
    const { buffer } = await back.read(Buffer.alloc(3), 0, 3, 301 * mib - 1);
    await back.close();
    expect(buffer.toString('latin1')).toBe('b\0\0');
  });

  test('read as bytes, the zeros of a sparse download are there', async () => {
    const volume = await volumeOf('zeros.img', 5);
    let length = 0;
    for await (const bytes of await volume.download({ flags: StorageVolDownloadFlags.SPARSE_STREAM })) length += bytes.length;
    expect(length).toBe(5 * mib);
  });

  test('a screenshot is a picture, and the call says of which kind', async () => {
    const xml = `<domain type='qemu'><name>screen</name><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>
      <devices><video><model type='vga' vram='16384'/></video><graphics type='vnc' socket='${host.dir}/vnc'/></devices></domain>`;
    const domain = await conn.domainCreateXML(xml);
    const stream = await conn.openStream(remote.domainScreenshot, { dom: domain.ref, screen: 0, flags: 0 });
    const chunks: Uint8Array[] = [];
    for await (const bytes of stream) chunks.push(bytes);
    await domain.destroy();
    expect(stream.answer.mime).toMatch(/^image\//);
    // PNG or PPM, whichever QEMU was built for; how large depends on what the screen shows yet.
    expect(Buffer.concat(chunks).toString('latin1')).toMatch(/^(?:\u0089PNG\r\n|P6\s)/);
  });

  test('a source may use the same memory for every piece', async () => {
    const volume = await volumeOf('reused.img', 8);
    const piece = Buffer.alloc(mib);
    await volume.upload(
      (function* () {
        for (let at = 0; at < 8; at++) yield piece.fill(at);
      })(),
    );
    const seen = new Map<number, number>();
    for await (const bytes of await volume.download()) for (const byte of bytes) seen.set(byte, (seen.get(byte) ?? 0) + 1);
    expect([...seen]).toEqual(Array.from({ length: 8 }, (_, at) => [at, mib]));
  });

  test('an upload that is given up leaves the host free to go on, and the volume to be deleted', async () => {
    const volume = await volumeOf('half.img', 64);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(mib, 'x');
    };
    const giveUp = AbortSignal.timeout(50);
    expect(await codeOf(volume.upload(endless(), { signal: giveUp, lengthBytes: 1e12 }))).toBe('aborted');
    await expect.poll(() => codeOf(volume.delete())).toBe('fulfilled');
  });

  test('more than fits is an error of the upload', async () => {
    const volume = await volumeOf('small.img', 1);
    const code = await codeOf(volume.upload([Buffer.alloc(2 * mib)], { lengthBytes: mib }));
    expect(code).toEqual(expect.any(Number));
  });

  test('a download that is read slowly holds up neither calls nor other downloads', async () => {
    const volume = await volumeOf('slow.img', 64);
    const slow = await volume.download();
    const reader = slow[Symbol.asyncIterator]();
    await reader.next();
    expect(await conn.getHostname()).toBe(host.name);
    let length = 0;
    for await (const bytes of await volume.download()) length += bytes.length;
    expect(length).toBe(64 * mib);
    await reader.return();
  });
});
