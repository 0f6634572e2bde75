import { randomUUID } from 'node:crypto';
import {
  DomainEventType,
  DomainMetadataType,
  DomainState,
  ErrorCode,
  LibvirtError,
  remoteProcedures as remote,
  StoragePoolState,
} from 'node-libvirt';
import type { Procedure } from '../../../../../plugins/hypervisor/node-libvirt/src/caller.ts';
import type { Domain, StorageVol } from '../../../../../plugins/hypervisor/node-libvirt/src/generated/types-common.ts';

/** What a fake daemon must be able to do for this. A handler throws a `LibvirtError` for the client to get. */
export interface Fake {
  answer<A, R>(procedure: Procedure<A, R>, handler: (args: A) => R): void;
  emitLifecycle(message: { dom: Domain; event: number; detail: number }): void;
}

interface Guest extends Domain {
  state: number;
  memoryKib: number;
  nrVirtCpu: number;
  autostart: number;
  /** Elements of the metadata, by namespace. */
  metadata: Map<string, string>;
}
interface Pool {
  name: string;
  uuid: string;
  path: string;
  active: boolean;
  volumes: Map<string, StorageVol & { capacity: bigint }>;
}
interface Net {
  name: string;
  uuid: string;
  autostart: number;
}

const refuse = (code: number, message: string): never => {
  throw new LibvirtError(message, { code, domain: 0, level: 2, str1: null, str2: null, str3: null });
};

/** The text of the first element of that name. */
function textOf(xml: string, element: string): string {
  const text = new RegExp(`<${element}(?: [^>]*)?>([^<]*)</${element}>`).exec(xml)?.[1];
  return text ?? refuse(ErrorCode.XML_DETAIL, `no <${element}>`);
}

/** The one that fits, or libvirt's error for none. */
function find<T>(all: Iterable<T>, fits: (one: T) => boolean, code: number): T {
  for (const one of all) if (fits(one)) return one;
  return refuse(code, 'there is no such thing');
}

/** A host in memory: domains that only change their state, pools, volumes and networks. */
export function serveMemory(fake: Fake): void {
  serveHost(fake);
  serveDomains(fake);
  serveStorage(fake);
  serveNetworks(fake);
}

function serveHost({ answer }: Fake): void {
  const model = [...Buffer.from('fake'.padEnd(32, '\0'))];
  answer(remote.connectGetVersion, () => ({ hvVer: 2n }));
  answer(remote.connectGetLibVersion, () => ({ libVer: 9_000_000n }));
  answer(remote.connectGetHostname, () => ({ hostname: 'memory' }));
  answer(remote.connectGetUri, () => ({ uri: 'test:///memory' }));
  answer(remote.connectGetCapabilities, () => ({ capabilities: '<capabilities></capabilities>' }));
  answer(remote.nodeGetInfo, () => ({ model, memory: 4096n, cpus: 1, mhz: 1000, nodes: 1, sockets: 1, cores: 1, threads: 1 }));
}

function serveDomains(fake: Fake): void {
  const { answer } = fake;
  const guests = new Map<string, Guest>();
  let ids = 0;
  const refOf = ({ name, uuid, id }: Guest): Domain => ({ name, uuid, id });
  const of = ({ dom }: { dom: Domain }) => find(guests.values(), ({ uuid }) => uuid === dom.uuid, ErrorCode.NO_DOMAIN);
  const become = (guest: Guest, state: number, event: number) => {
    guest.state = state;
    if (state === DomainState.SHUTOFF) guest.id = -1;
    fake.emitLifecycle({ dom: refOf(guest), event, detail: 0 });
  };
  const inState = (guest: Guest, state: number) => {
    if (guest.state !== state) refuse(ErrorCode.OPERATION_INVALID, `the domain is in state ${guest.state}`);
    return guest;
  };
  answer(remote.domainLookupByName, ({ name }) => ({ dom: refOf(find(guests.values(), (one) => one.name === name, ErrorCode.NO_DOMAIN)) }));
  answer(remote.domainLookupByUuid, ({ uuid }) => ({ dom: refOf(find(guests.values(), (one) => one.uuid === uuid, ErrorCode.NO_DOMAIN)) }));
  answer(remote.connectListAllDomains, () => ({ domains: [...guests.values()].map(refOf), ret: guests.size }));
  answer(remote.domainDefineXmlFlags, ({ xml }) => {
    const [name, memoryKib] = [textOf(xml, 'name'), Number(textOf(xml, 'memory')) * 1024];
    const [uuid, metadata] = [randomUUID(), new Map<string, string>()];
    const guest: Guest = { name, uuid, id: -1, state: DomainState.SHUTOFF, memoryKib, nrVirtCpu: 1, autostart: 0, metadata };
    guests.set(guest.uuid, guest);
    become(guest, DomainState.SHUTOFF, DomainEventType.DEFINED);
    return { dom: refOf(guest) };
  });
  answer(remote.domainCreateWithFlags, (args) => {
    if (args.flags !== 0) refuse(ErrorCode.INVALID_ARG, 'unsupported flags');
    const guest = inState(of(args), DomainState.SHUTOFF);
    guest.id = ++ids;
    become(guest, DomainState.RUNNING, DomainEventType.STARTED);
    return { dom: refOf(guest) };
  });
  answer(remote.domainSuspend, (args) => become(inState(of(args), DomainState.RUNNING), DomainState.PAUSED, DomainEventType.SUSPENDED));
  answer(remote.domainResume, (args) => become(inState(of(args), DomainState.PAUSED), DomainState.RUNNING, DomainEventType.RESUMED));
  answer(remote.domainDestroyFlags, (args) => become(of(args), DomainState.SHUTOFF, DomainEventType.STOPPED));
  answer(remote.domainUndefineFlags, (args) => {
    const guest = of(args);
    guests.delete(guest.uuid);
    become(guest, DomainState.SHUTOFF, DomainEventType.UNDEFINED);
  });
  answer(remote.domainRename, (args) => {
    of(args).name = args.newName ?? '';
    return { retcode: 0 };
  });
  answer(remote.domainIsActive, (args) => ({ active: of(args).id === -1 ? 0 : 1 }));
  answer(remote.domainGetState, (args) => ({ state: of(args).state, reason: 1 }));
  answer(remote.domainGetInfo, (args) => {
    const { state, memoryKib, nrVirtCpu } = of(args);
    return { state, maxMem: BigInt(memoryKib), memory: BigInt(memoryKib), nrVirtCpu, cpuTime: 1n };
  });
  answer(remote.domainGetAutostart, (args) => ({ autostart: of(args).autostart }));
  answer(remote.domainSetAutostart, (args) => void (of(args).autostart = args.autostart));
  answer(remote.domainSetVcpusFlags, (args) => void (of(args).nrVirtCpu = args.nvcpus));
  answer(remote.domainSetMemoryFlags, (args) => void (of(args).memoryKib = Number(args.memory)));
  answer(remote.domainSetMetadata, (args) => {
    const element = args.metadata?.replace(/^<(\w+)>/, `<${args.key}:$1 xmlns:${args.key}="${args.uri}">`);
    if (args.type !== DomainMetadataType.ELEMENT || !element) of(args).metadata.delete(args.uri ?? '');
    else of(args).metadata.set(args.uri ?? '', element);
  });
  answer(remote.domainGetMetadata, (args) => ({
    metadata: of(args).metadata.get(args.uri ?? '') ?? refuse(ErrorCode.NO_DOMAIN_METADATA, 'no metadata'),
  }));
  answer(remote.domainGetXmlDesc, (args) => {
    const { name, memoryKib, metadata } = of(args);
    const inside = [...metadata.values()].join('');
    return { xml: `<domain><name>${name}</name><currentMemory unit='KiB'>${memoryKib}</currentMemory>${inside}</domain>` };
  });
  answer(remote.connectGetAllDomainStats, ({ doms }) => {
    const wanted = doms.length === 0 ? [...guests.values()] : doms.map((dom) => of({ dom }));
    const state = (value: number) => [{ field: 'state.state', value: { type: 'int' as const, value } }];
    return { retStats: wanted.map((guest) => ({ dom: refOf(guest), params: state(guest.state) })) };
  });
}

function serveStorage({ answer }: Fake): void {
  const pools = new Map<string, Pool>();
  const refOf = ({ name, uuid }: Pool) => ({ name, uuid });
  const of = ({ pool }: { pool: { uuid: string } }) => find(pools.values(), ({ uuid }) => uuid === pool.uuid, ErrorCode.NO_STORAGE_POOL);
  const volumes = () => [...pools.values()].flatMap((pool) => [...pool.volumes.values()]);
  const volumeOf = (key: string) => find(volumes(), (one) => one.key === key, ErrorCode.NO_STORAGE_VOL);
  const create = ({ pool: ref, xml }: { pool: { uuid: string }; xml: string }) => {
    const pool = of({ pool: ref });
    const name = textOf(xml, 'name');
    if (pool.volumes.has(name)) refuse(ErrorCode.STORAGE_VOL_EXIST, `there is a volume ${name}`);
    const vol = { pool: pool.name, name, key: `${pool.path}/${name}`, capacity: BigInt(textOf(xml, 'capacity')) * 1024n * 1024n };
    pool.volumes.set(name, vol);
    return { vol };
  };
  answer(remote.storagePoolLookupByName, ({ name }) => ({
    pool: refOf(find(pools.values(), (one) => one.name === name, ErrorCode.NO_STORAGE_POOL)),
  }));
  answer(remote.connectListAllStoragePools, () => ({ pools: [...pools.values()].map(refOf), ret: pools.size }));
  answer(remote.storagePoolDefineXml, ({ xml }) => {
    const pool: Pool = { name: textOf(xml, 'name'), uuid: randomUUID(), path: textOf(xml, 'path'), active: false, volumes: new Map() };
    pools.set(pool.uuid, pool);
    return { pool: refOf(pool) };
  });
  answer(remote.storagePoolBuild, (args) => void of(args));
  answer(remote.storagePoolRefresh, (args) => void of(args));
  answer(remote.storagePoolCreate, (args) => void (of(args).active = true));
  answer(remote.storagePoolDestroy, (args) => void (of(args).active = false));
  answer(remote.storagePoolUndefine, (args) => void pools.delete(of(args).uuid));
  answer(remote.storagePoolIsActive, (args) => ({ active: of(args).active ? 1 : 0 }));
  answer(remote.storagePoolGetInfo, (args) => {
    const state = of(args).active ? StoragePoolState.RUNNING : StoragePoolState.INACTIVE;
    return { state, capacity: 1n << 30n, allocation: 0n, available: 1n << 30n };
  });
  answer(remote.storagePoolListAllVolumes, (args) => ({ vols: [...of(args).volumes.values()], ret: of(args).volumes.size }));
  answer(remote.storageVolCreateXml, create);
  answer(remote.storageVolCreateXmlFrom, create);
  answer(remote.storageVolLookupByPath, ({ path }) => ({ vol: volumeOf(path) }));
  answer(remote.storageVolLookupByKey, ({ key }) => ({ vol: volumeOf(key) }));
  answer(remote.storageVolGetPath, ({ vol }) => ({ name: volumeOf(vol.key).key }));
  answer(remote.storageVolGetInfo, ({ vol }) => ({ type: 0, capacity: volumeOf(vol.key).capacity, allocation: 0n }));
  answer(remote.storageVolGetXmlDesc, ({ vol }) => ({ xml: `<volume><name>${volumeOf(vol.key).name}</name></volume>` }));
  answer(remote.storageVolDelete, ({ vol }) => {
    for (const pool of pools.values()) if (pool.name === vol.pool) pool.volumes.delete(vol.name);
  });
}

function serveNetworks({ answer }: Fake): void {
  const networks = new Map<string, Net>();
  const refOf = ({ name, uuid }: Net) => ({ name, uuid });
  const of = ({ net }: { net: { uuid: string } }) => find(networks.values(), ({ uuid }) => uuid === net.uuid, ErrorCode.NO_NETWORK);
  answer(remote.networkLookupByName, ({ name }) => ({
    net: refOf(find(networks.values(), (one) => one.name === name, ErrorCode.NO_NETWORK)),
  }));
  answer(remote.connectListAllNetworks, () => ({ nets: [...networks.values()].map(refOf), ret: networks.size }));
  answer(remote.networkDefineXml, ({ xml }) => {
    const network = { name: textOf(xml, 'name'), uuid: randomUUID(), autostart: 0 };
    networks.set(network.uuid, network);
    return { net: refOf(network) };
  });
  answer(remote.networkIsActive, (args) => ({ active: of(args) ? 0 : 1 }));
  answer(remote.networkSetAutostart, (args) => void (of(args).autostart = args.autostart));
  answer(remote.networkGetAutostart, (args) => ({ autostart: of(args).autostart }));
  answer(remote.networkGetXmlDesc, (args) => ({ xml: `<network><name>${of(args).name}</name></network>` }));
  answer(remote.networkUndefine, (args) => void networks.delete(of(args).uuid));
}
