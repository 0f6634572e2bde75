import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { NetworkDhcpLease, Network as NetworkRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';
import { NetworkPort } from './network-port.ts';

/** `VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER`, which libvirt has since 7.2. */
const featureUpdateOrder = 16;

/** One part of a network's definition to be changed. */
export interface NetworkChange {
  /** See `NetworkUpdateCommand`. */
  command: number;
  /** See `NetworkUpdateSection`. */
  section: number;
  /** Which of several parents, such as the second `<ip>`. Default: -1, any. */
  parentIndex?: number;
  xml: string;
  /** See `NetworkUpdateFlags`. Default: 0, the current state. */
  flags?: number;
}

/** A virtual network of a host. */
export class Network extends Handle<'net', NetworkRef> {
  readonly name: string;
  readonly uuid: string;

  constructor(caller: Caller, ref: NetworkRef) {
    super(caller, 'net');
    this.name = ref.name;
    this.uuid = ref.uuid;
  }

  get ref(): NetworkRef {
    return { name: this.name, uuid: this.uuid };
  }

  /** Starts a network that is defined. */
  async create(options?: CallOptions): Promise<void> {
    return this.ask(remote.networkCreate, {}, options);
  }
  /** Stops the network. */
  async destroy(options?: CallOptions): Promise<void> {
    return this.ask(remote.networkDestroy, {}, options);
  }
  async undefine(options?: CallOptions): Promise<void> {
    return this.ask(remote.networkUndefine, {}, options);
  }
  /** Changes one part of it, running or not. */
  async update(change: NetworkChange, options?: CallOptions): Promise<void> {
    const { command, section, parentIndex = -1, xml, flags = 0 } = change;
    const { supported } = await this.caller.call(remote.connectSupportsFeature, { feature: featureUpdateOrder }, options);
    // Before that feature libvirt took the first two for each other.
    const order = supported === 1 ? { command, section } : { command: section, section: command };
    return this.ask(remote.networkUpdate, { ...order, parentIndex, xml, flags }, options);
  }
  /** See `NetworkXMLFlags`. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.networkGetXmlDesc, { flags }, options)).xml;
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.networkIsActive, {}, options)).active === 1;
  }
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.networkIsPersistent, {}, options)).persistent === 1;
  }
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    return this.ask(remote.networkSetAutostart, { autostart: autostart ? 1 : 0 }, options);
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.networkGetAutostart, {}, options)).autostart !== 0;
  }
  async getBridgeName(options?: CallOptions): Promise<string> {
    return (await this.ask(remote.networkGetBridgeName, {}, options)).name;
  }
  /** The addresses that are given out, all or those of one MAC address. */
  async getDHCPLeases(mac: string | null = null, flags = 0, options?: CallOptions): Promise<NetworkDhcpLease[]> {
    return (await this.ask(remote.networkGetDhcpLeases, { mac, needResults: 1, flags }, options)).leases;
  }

  async listAllPorts(flags = 0, options?: CallOptions): Promise<NetworkPort[]> {
    const { ports } = await this.caller.call(remote.networkListAllPorts, { network: this.ref, needResults: 1, flags }, options);
    return ports.map((port) => new NetworkPort(this.caller, port));
  }
  async portLookupByUUID(uuid: string, options?: CallOptions): Promise<NetworkPort> {
    return new NetworkPort(
      this.caller,
      (await this.caller.call(remote.networkPortLookupByUuid, { network: this.ref, uuid }, options)).port,
    );
  }
  /** See `NetworkPortCreateFlags`. */
  async portCreateXML(xml: string, flags = 0, options?: CallOptions): Promise<NetworkPort> {
    return new NetworkPort(
      this.caller,
      (await this.caller.call(remote.networkPortCreateXml, { network: this.ref, xml, flags }, options)).port,
    );
  }
}
