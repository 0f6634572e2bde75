import { ErrorCode } from '../../generated/constants-error.ts';
import { StorageVolDownloadFlags, StorageVolResizeFlags, StorageVolType } from '../../generated/constants-storage.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { StorageVol } from '../../generated/types-common.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import { Content } from './content.ts';
import type { Pool } from './pools.ts';
import { expectActive } from './pools.ts';
import type { Store } from './store.ts';
import { expectFlags, find } from './store.ts';
import { bytesOf, textOf, withElement } from './xml.ts';

/** A volume of a pool in memory. */
export interface Volume extends StorageVol {
  capacityBytes: number;
  content: Content;
  xml: string;
}

const refOf = ({ pool, name, key }: Volume): StorageVol => ({ pool, name, key });

/** Volumes and what is in them. */
export function serveVolumes(fake: FakeLibvirt, pools: Store<Pool>): void {
  const all = () => [...pools].flatMap((pool) => (pool.active ? [...pool.volumes.values()] : []));
  const byKey = (key: string) => find(all(), ErrorCode.NO_STORAGE_VOL, (one) => one.key === key);
  const of = ({ vol }: { vol: StorageVol }) => byKey(vol.key);
  const poolOf = ({ pool }: { pool: { uuid: string } }) => expectActive(pools.byUuid(pool.uuid));
  const create = (pool: Pool, xml: string, content: Content) => {
    const name = textOf(xml, 'name');
    if (pool.volumes.has(name)) throw libvirtError(ErrorCode.STORAGE_VOL_EXIST, `There is a volume "${name}" already.`);
    const capacityBytes = Number(bytesOf(xml, 'capacity', 'bytes'));
    const volume = { pool: pool.name, name, key: `${pool.path}/${name}`, capacityBytes, content, xml };
    pool.volumes.set(name, volume);
    return { vol: refOf(volume) };
  };
  fake.answer(remote.storageVolCreateXml, (args) => create(poolOf(args), args.xml, new Content()));
  fake.answer(remote.storageVolCreateXmlFrom, ({ clonevol, ...args }) =>
    create(poolOf(args), args.xml, byKey(clonevol.key).content.copy()),
  );
  fake.answer(remote.storagePoolListAllVolumes, (args) => {
    const vols = [...poolOf(args).volumes.values()].map(refOf);
    return { vols, ret: vols.length };
  });
  fake.answer(remote.storageVolLookupByName, ({ name, ...args }) => ({
    vol: refOf(find(poolOf(args).volumes.values(), ErrorCode.NO_STORAGE_VOL, (one) => one.name === name)),
  }));
  fake.answer(remote.storageVolLookupByPath, ({ path }) => ({ vol: refOf(byKey(path)) }));
  fake.answer(remote.storageVolLookupByKey, ({ key }) => ({ vol: refOf(byKey(key)) }));
  fake.answer(remote.storageVolGetPath, (args) => ({ name: of(args).key }));
  const info = (args: { vol: StorageVol }) => {
    const { capacityBytes, content } = of(args);
    return { type: StorageVolType.FILE, capacity: BigInt(capacityBytes), allocation: BigInt(content.lengthBytes) };
  };
  fake.answer(remote.storageVolGetInfo, info);
  fake.answer(remote.storageVolGetInfoFlags, info);
  fake.answer(remote.storageVolGetXmlDesc, (args) => ({ xml: volumeXml(of(args)) }));
  fake.answer(remote.storageVolDelete, (args) => {
    const { pool, name } = of(args);
    pools.byName(pool).volumes.delete(name);
  });
  serveContent(fake, of);
}

function volumeXml({ xml, key, capacityBytes }: Volume): string {
  const sized = withElement(xml, 'capacity', `<capacity unit='bytes'>${capacityBytes}</capacity>`);
  return withElement(sized, 'key', `<key>${key}</key>`);
}

function serveContent(fake: FakeLibvirt, of: (args: { vol: StorageVol }) => Volume): void {
  fake.answer(remote.storageVolResize, (args) => {
    expectFlags(args.flags, StorageVolResizeFlags.SHRINK);
    const [volume, capacityBytes] = [of(args), Number(args.capacity)];
    const shrinks = capacityBytes < volume.capacityBytes;
    if (shrinks && args.flags === 0) throw libvirtError(ErrorCode.INVALID_ARG, 'The volume would become smaller.');
    volume.capacityBytes = capacityBytes;
    volume.content.truncate(capacityBytes);
  });
  fake.answer(remote.storageVolWipe, (args) => void (of(args).content = new Content()));
  fake.answerStream(remote.storageVolDownload, async (args, stream) => {
    const { capacityBytes, content } = of(args);
    const [beginBytes, lengthBytes] = [Number(args.offset), Number(args.length)];
    const endBytes = lengthBytes === 0 ? capacityBytes : Math.min(beginBytes + lengthBytes, capacityBytes);
    await content.send(stream, { beginBytes, endBytes, sparse: (args.flags & StorageVolDownloadFlags.SPARSE_STREAM) !== 0 });
  });
  fake.answerStream(remote.storageVolUpload, async (args, stream) => {
    const { capacityBytes, content } = of(args);
    const endBytes = Number(args.length) === 0 ? capacityBytes : Math.min(Number(args.offset + args.length), capacityBytes);
    let at = Number(args.offset);
    for await (const section of stream.sections()) {
      const sizeBytes = section instanceof Uint8Array ? section.length : section.holeBytes;
      if (at + sizeBytes > endBytes) throw libvirtError(ErrorCode.OPERATION_FAILED, 'There is no room for that in the volume.');
      at = content.put(section, at);
    }
  });
}
