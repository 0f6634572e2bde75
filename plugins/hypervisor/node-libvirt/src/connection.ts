import type { CallOptions, Caller, Procedure } from './caller.ts';
import { Domain } from './domain.ts';
import type { ConnectionError } from './errors.ts';
import type { EventQueue } from './event-queue.ts';
import type { DomainEventMessage, DomainEventName } from './events.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { ConnectionState, ConnectOptions, StateListener } from './link.ts';
import { Link } from './link.ts';
import { Network } from './network.ts';
import type { DomainStats } from './stats.ts';
import { getAllDomainStats } from './stats.ts';
import { StoragePool } from './storage-pool.ts';
import { StorageVolume } from './storage-volume.ts';
import type { Stream } from './stream.ts';
import { fieldText } from './xdr/field-text.ts';

/** A change in the life of a domain. */
export interface LifecycleEvent {
  kind: 'event';
  domain: Domain;
  /** See `DomainEventType`: 0 defined, 1 undefined, 2 started, 3 suspended, 4 resumed, 5 stopped, 6 shut down, 7 power-managed, 8 crashed. */
  event: number;
  /** See the enum of that event, such as `DomainEventStoppedDetailType`. */
  detail: number;
}

export interface EventOptions {
  /** Ends the listening. */
  signal?: AbortSignal;
  /** Events that may wait for the reader before some are dropped. Default: 1,024. */
  eventsMax?: number;
}

/** What a host is made of. */
export interface NodeInfo {
  model: string;
  memoryKib: number;
  cpus: number;
  mhz: number;
  nodes: number;
  sockets: number;
  cores: number;
  threads: number;
}

const eventsMaxDefault = 1024;

/**
 * A connection to a libvirt daemon. Methods have libvirt's own names; each takes `{ signal, timeoutMs }` as its last argument.
 * They reject with a `LibvirtError` when libvirt says no, and with a `ConnectionError` when it could not be asked.
 */
export class Connection implements Caller, AsyncDisposable {
  private readonly link: Link;

  constructor(link: Link) {
    this.link = link;
  }

  get state(): ConnectionState {
    return this.link.state;
  }
  /** Closed for good; with `reconnect` that only happens by `close()`. */
  get closed(): boolean {
    return this.link.state === 'closed';
  }
  /** Calls back once when the connection is closed for good, with the reason. Returns what takes the listener away. */
  onClose(listener: (reason: ConnectionError) => void): () => void {
    return this.link.onStateChange((state, reason) => {
      if (state === 'closed' && reason) listener(reason);
    });
  }
  /** Calls back whenever the connection is lost, made again or closed. Returns what takes the listener away. */
  onStateChange(listener: StateListener): () => void {
    return this.link.onStateChange(listener);
  }
  /** Says goodbye and closes. Calls under way reject with code `closed`. */
  async close(): Promise<void> {
    await this.link.close();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }

  /** Any procedure of `remoteProcedures` or `qemuProcedures`, with its arguments as the protocol names them. */
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R> {
    return this.link.call(procedure, args, options);
  }
  openStream<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<Stream<R>> {
    return this.link.openStream(procedure, args, options);
  }

  /** The hypervisor's version: 1,000,000 x major + 1,000 x minor + release. */
  async getVersion(options?: CallOptions): Promise<number> {
    return Number((await this.call(remote.connectGetVersion, undefined, options)).hvVer);
  }
  /** libvirt's version, in the same form. */
  async getLibVersion(options?: CallOptions): Promise<number> {
    return Number((await this.call(remote.connectGetLibVersion, undefined, options)).libVer);
  }
  async getHostname(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetHostname, undefined, options)).hostname;
  }
  /** The daemon's own URI, such as `qemu:///system`. */
  async getURI(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetUri, undefined, options)).uri;
  }
  /** XML. */
  async getCapabilities(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetCapabilities, undefined, options)).capabilities;
  }
  /** What domains of a kind may have, as XML; what is not given is libvirt's default. */
  async getDomainCapabilities(
    of: { emulatorbin?: string; arch?: string; machine?: string; virttype?: string; flags?: number } = {},
    options?: CallOptions,
  ): Promise<string> {
    const { emulatorbin = null, arch = null, machine = null, virttype = null, flags = 0 } = of;
    return (await this.call(remote.connectGetDomainCapabilities, { emulatorbin, arch, machine, virttype, flags }, options)).capabilities;
  }
  async getNodeInfo(options?: CallOptions): Promise<NodeInfo> {
    const { model, memory, ...rest } = await this.call(remote.nodeGetInfo, undefined, options);
    return { model: fieldText(model), memoryKib: Number(memory), ...rest };
  }
  /** Nanoseconds by kind (`user`, `kernel`, `idle`, `iowait`); -1 is all CPUs together. */
  async getNodeCPUStats(cpuNum = -1, flags = 0, options?: CallOptions): Promise<Record<string, bigint>> {
    // libvirt wants to be told how many values there are, and tells it when asked for none.
    const { nparams } = await this.call(remote.nodeGetCpuStats, { cpuNum, nparams: 0, flags }, options);
    const { params } = await this.call(remote.nodeGetCpuStats, { cpuNum, nparams, flags }, options);
    return Object.fromEntries(params.map(({ field, value }) => [field, value]));
  }
  /** KiB by kind (`total`, `free`, `buffers`, `cached`); -1 is all NUMA cells together. */
  async getNodeMemoryStats(cellNum = -1, flags = 0, options?: CallOptions): Promise<Record<string, bigint>> {
    const { nparams } = await this.call(remote.nodeGetMemoryStats, { cellNum, nparams: 0, flags }, options);
    const { params } = await this.call(remote.nodeGetMemoryStats, { cellNum, nparams, flags }, options);
    return Object.fromEntries(params.map(({ field, value }) => [field, value]));
  }

  /** All domains, or those that `ConnectListAllDomainsFlags` select. */
  async listAllDomains(flags = 0, options?: CallOptions): Promise<Domain[]> {
    const { domains } = await this.call(remote.connectListAllDomains, { needResults: 1, flags }, options);
    return domains.map((dom) => new Domain(this.link, dom));
  }
  async domainLookupByName(name: string, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainLookupByName, { name }, options)).dom);
  }
  async domainLookupByUUID(uuid: string, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainLookupByUuid, { uuid }, options)).dom);
  }
  /** A handle without asking the host; libvirt goes by the UUID. */
  domain(ref: { uuid: string; name?: string; id?: number }): Domain {
    return new Domain(this.link, { uuid: ref.uuid, name: ref.name ?? ref.uuid, id: ref.id ?? -1 });
  }
  /** Defines a domain or changes the definition of that UUID. See `DomainDefineFlags`. */
  async domainDefineXML(xml: string, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainDefineXmlFlags, { xml, flags }, options)).dom);
  }
  /** Starts a domain that is gone once it stops. See `DomainCreateFlags`. */
  async domainCreateXML(xmlDesc: string, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainCreateXml, { xmlDesc, flags }, options)).dom);
  }
  /**
   * The statistics of many domains in one call. `stats` selects groups (`DomainStatsTypes`, 0: all), `flags` domains (`ConnectGetAllDomainStatsFlags`;
   * NOWAIT does not wait for a domain that is in a job), `domains` limits it to some.
   */
  async getAllDomainStats(
    which: { stats?: number; flags?: number; domains?: readonly Domain[] } = {},
    options?: CallOptions,
  ): Promise<{ domain: Domain; params: DomainStats }[]> {
    const { stats = 0, flags = 0, domains = [] } = which;
    const records = await this.call(getAllDomainStats, { doms: domains.map((domain) => domain.ref), stats, flags }, options);
    return records.map(({ dom, params }) => ({ domain: new Domain(this.link, dom), params }));
  }

  async listAllStoragePools(flags = 0, options?: CallOptions): Promise<StoragePool[]> {
    const { pools } = await this.call(remote.connectListAllStoragePools, { needResults: 1, flags }, options);
    return pools.map((pool) => new StoragePool(this.link, pool));
  }
  async storagePoolLookupByName(name: string, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolLookupByName, { name }, options)).pool);
  }
  async storagePoolLookupByUUID(uuid: string, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolLookupByUuid, { uuid }, options)).pool);
  }
  async storagePoolDefineXML(xml: string, flags = 0, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolDefineXml, { xml, flags }, options)).pool);
  }
  async storagePoolCreateXML(xml: string, flags = 0, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolCreateXml, { xml, flags }, options)).pool);
  }
  async storageVolLookupByPath(path: string, options?: CallOptions): Promise<StorageVolume> {
    return new StorageVolume(this.link, (await this.call(remote.storageVolLookupByPath, { path }, options)).vol);
  }
  async storageVolLookupByKey(key: string, options?: CallOptions): Promise<StorageVolume> {
    return new StorageVolume(this.link, (await this.call(remote.storageVolLookupByKey, { key }, options)).vol);
  }

  async listAllNetworks(flags = 0, options?: CallOptions): Promise<Network[]> {
    const { nets } = await this.call(remote.connectListAllNetworks, { needResults: 1, flags }, options);
    return nets.map((net) => new Network(this.link, net));
  }
  async networkLookupByName(name: string, options?: CallOptions): Promise<Network> {
    return new Network(this.link, (await this.call(remote.networkLookupByName, { name }, options)).net);
  }
  async networkLookupByUUID(uuid: string, options?: CallOptions): Promise<Network> {
    return new Network(this.link, (await this.call(remote.networkLookupByUuid, { uuid }, options)).net);
  }
  async networkDefineXML(xml: string, options?: CallOptions): Promise<Network> {
    return new Network(this.link, (await this.call(remote.networkDefineXml, { xml }, options)).net);
  }

  /**
   * Domains being defined, started, stopped and so on, as they happen. The listening begins with this call (`await events.ready` to be sure that
   * the daemon knows) and ends with the signal or with leaving the loop. A `gap` says that events are missing: look at the domains again.
   */
  lifecycleEvents(options: EventOptions = {}): EventQueue<LifecycleEvent> {
    return this.link.listen('lifecycle', {
      eventsMax: eventsMaxDefault,
      ...options,
      toEvent: ({ msg }) => ({ kind: 'event', domain: new Domain(this.link, msg.dom), event: msg.event, detail: msg.detail }),
    });
  }
  /** Any other event of domains, with the message as the protocol has it. */
  domainEvents<N extends DomainEventName>(
    name: N,
    options: EventOptions = {},
  ): EventQueue<{ kind: 'event'; message: DomainEventMessage<N> }> {
    return this.link.listen(name, { eventsMax: eventsMaxDefault, ...options, toEvent: (message) => ({ kind: 'event', message }) });
  }
}

/** Connects to the libvirt daemon of a URI such as `qemu:///system`, `qemu+tls://host/system` or `qemu+ssh://user@host/system`. */
export async function connect(uri: string, options?: ConnectOptions): Promise<Connection> {
  return new Connection(await Link.open(uri, options));
}
