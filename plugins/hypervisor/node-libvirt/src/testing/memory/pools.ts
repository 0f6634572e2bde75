import { randomUUID } from 'node:crypto';
import { ErrorCode } from '../../generated/constants-error.ts';
import { StoragePoolEventLifecycleType, StoragePoolState } from '../../generated/constants-storage.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { chosen, poolGroups } from './choice.ts';
import { find, invalidState, Store } from './store.ts';
import type { Volume } from './volumes.ts';
import { optionalText, textOf, withElement } from './xml.ts';

/** A pool of a host in memory. */
export interface Pool {
  name: string;
  readonly uuid: string;
  /** Where its volumes would be. */
  path: string;
  xml: string;
  active: boolean;
  autostart: boolean;
  /** False when it is gone once it stops. */
  persistent: boolean;
  volumes: Map<string, Volume>;
}

const capacityBytes = 2n ** 40n;
const refOf = ({ name, uuid }: Pool) => ({ name, uuid });

/** Pools of 1 TiB each. */
export function servePools(fake: FakeLibvirt): Store<Pool> {
  const pools = new Store<Pool>(ErrorCode.NO_STORAGE_POOL);
  const of = ({ pool }: { pool: { uuid: string } }) => pools.byUuid(pool.uuid);
  const tell = (pool: Pool, event: number) => fake.emit('storagePool.lifecycle', { pool: refOf(pool), event, detail: 0 });
  const define = (xml: string, persistent: boolean): Pool => {
    const [name, uuid, path] = [textOf(xml, 'name'), optionalText(xml, 'uuid')?.toLowerCase(), optionalText(xml, 'path')];
    const settings = { name, path: path ?? `/pools/${name}`, xml, persistent };
    const known = pools.known(name, uuid);
    if (known) pools.expectFree(name, known.uuid);
    if (known) return Object.assign(known, settings, { persistent: persistent || known.persistent });
    return pools.add({ ...settings, uuid: uuid ?? randomUUID(), active: false, autostart: false, volumes: new Map() });
  };
  const start = (pool: Pool) => {
    if (pool.active) throw invalidState('The pool is active already.');
    pool.active = true;
    tell(pool, StoragePoolEventLifecycleType.STARTED);
  };
  fake.answer(remote.storagePoolDefineXml, ({ xml }) => {
    const pool = define(xml, true);
    tell(pool, StoragePoolEventLifecycleType.DEFINED);
    return { pool: refOf(pool) };
  });
  fake.answer(remote.storagePoolCreateXml, ({ xml }) => {
    const pool = define(xml, false);
    start(pool);
    return { pool: refOf(pool) };
  });
  fake.answer(remote.storagePoolBuild, (args) => tell(of(args), StoragePoolEventLifecycleType.CREATED));
  fake.answer(remote.storagePoolCreate, (args) => start(of(args)));
  fake.answer(remote.storagePoolRefresh, (args) => fake.emit('storagePool.refresh', { pool: refOf(expectActive(of(args))) }));
  fake.answer(remote.storagePoolDestroy, (args) => {
    const pool = expectActive(of(args));
    pool.active = false;
    if (!pool.persistent) pools.delete(pool);
    tell(pool, StoragePoolEventLifecycleType.STOPPED);
  });
  fake.answer(remote.storagePoolUndefine, (args) => {
    const pool = of(args);
    if (pool.active) throw invalidState('The pool is still active.');
    pools.delete(pool);
    tell(pool, StoragePoolEventLifecycleType.UNDEFINED);
  });
  serveDescriptions(fake, pools);
  return pools;
}

export function expectActive(pool: Pool): Pool {
  if (!pool.active) throw invalidState(`The pool "${pool.name}" is not active.`);
  return pool;
}

function serveDescriptions(fake: FakeLibvirt, pools: Store<Pool>): void {
  const of = ({ pool }: { pool: { uuid: string } }) => pools.byUuid(pool.uuid);
  fake.answer(remote.storagePoolLookupByName, ({ name }) => ({ pool: refOf(pools.byName(name)) }));
  fake.answer(remote.storagePoolLookupByUuid, ({ uuid }) => ({ pool: refOf(pools.byUuid(uuid)) }));
  fake.answer(remote.storagePoolLookupByVolume, ({ vol }) => ({ pool: refOf(pools.byName(vol.pool)) }));
  fake.answer(remote.storagePoolLookupByTargetPath, ({ path }) => ({
    pool: refOf(find(pools, ErrorCode.NO_STORAGE_POOL, (one) => one.path === path)),
  }));
  fake.answer(remote.connectListAllStoragePools, ({ flags }) => {
    const all = chosen(pools, flags, poolGroups).map(refOf);
    return { pools: all, ret: all.length };
  });
  fake.answer(remote.storagePoolIsActive, (args) => ({ active: of(args).active ? 1 : 0 }));
  fake.answer(remote.storagePoolIsPersistent, (args) => ({ persistent: of(args).persistent ? 1 : 0 }));
  fake.answer(remote.storagePoolSetAutostart, (args) => void (of(args).autostart = args.autostart !== 0));
  fake.answer(remote.storagePoolGetAutostart, (args) => ({ autostart: of(args).autostart ? 1 : 0 }));
  fake.answer(remote.storagePoolGetXmlDesc, (args) => {
    const { xml, uuid } = of(args);
    return { xml: withElement(xml, 'uuid', `<uuid>${uuid}</uuid>`) };
  });
  fake.answer(remote.storagePoolGetInfo, (args) => {
    const { active, volumes } = of(args);
    const allocation = [...volumes.values()].reduce((sum, { content }) => sum + BigInt(content.lengthBytes), 0n);
    const state = active ? StoragePoolState.RUNNING : StoragePoolState.INACTIVE;
    return { state, capacity: capacityBytes, allocation, available: capacityBytes - allocation };
  });
}
