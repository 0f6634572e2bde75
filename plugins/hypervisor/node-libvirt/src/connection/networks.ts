import type { CallOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import { Interface } from '../interface.ts';
import { Network } from '../network.ts';
import { NwFilter, NwFilterBinding } from '../nwfilter.ts';
import { ConnectionStorage } from './storage.ts';

/** Finding and making networks, packet filters, and the host's own interfaces. */
export abstract class ConnectionNetworks extends ConnectionStorage {
  /** See `ConnectListAllNetworksFlags`. */
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
  /** See `NetworkDefineFlags`. Needs libvirt 7.7. */
  async networkDefineXMLFlags(xml: string, flags: number, options?: CallOptions): Promise<Network> {
    return new Network(this.link, (await this.call(remote.networkDefineXmlFlags, { xml, flags }, options)).net);
  }
  /** Starts a network that is gone once it stops. */
  async networkCreateXML(xml: string, options?: CallOptions): Promise<Network> {
    return new Network(this.link, (await this.call(remote.networkCreateXml, { xml }, options)).net);
  }
  /** See `NetworkCreateFlags`. Needs libvirt 7.8. */
  async networkCreateXMLFlags(xml: string, flags: number, options?: CallOptions): Promise<Network> {
    return new Network(this.link, (await this.call(remote.networkCreateXmlFlags, { xml, flags }, options)).net);
  }

  async listAllNWFilters(flags = 0, options?: CallOptions): Promise<NwFilter[]> {
    const { filters } = await this.call(remote.connectListAllNwfilters, { needResults: 1, flags }, options);
    return filters.map((filter) => new NwFilter(this.link, filter));
  }
  async nwfilterLookupByName(name: string, options?: CallOptions): Promise<NwFilter> {
    return new NwFilter(this.link, (await this.call(remote.nwfilterLookupByName, { name }, options)).nwfilter);
  }
  async nwfilterLookupByUUID(uuid: string, options?: CallOptions): Promise<NwFilter> {
    return new NwFilter(this.link, (await this.call(remote.nwfilterLookupByUuid, { uuid }, options)).nwfilter);
  }
  async nwfilterDefineXML(xml: string, options?: CallOptions): Promise<NwFilter> {
    return new NwFilter(this.link, (await this.call(remote.nwfilterDefineXml, { xml }, options)).nwfilter);
  }
  /** See `NWFilterDefineFlags`. Needs libvirt 7.7. */
  async nwfilterDefineXMLFlags(xml: string, flags: number, options?: CallOptions): Promise<NwFilter> {
    return new NwFilter(this.link, (await this.call(remote.nwfilterDefineXmlFlags, { xml, flags }, options)).nwfilter);
  }
  async listAllNWFilterBindings(flags = 0, options?: CallOptions): Promise<NwFilterBinding[]> {
    const { bindings } = await this.call(remote.connectListAllNwfilterBindings, { needResults: 1, flags }, options);
    return bindings.map((binding) => new NwFilterBinding(this.link, binding));
  }
  async nwfilterBindingLookupByPortDev(name: string, options?: CallOptions): Promise<NwFilterBinding> {
    return new NwFilterBinding(this.link, (await this.call(remote.nwfilterBindingLookupByPortDev, { name }, options)).nwfilter);
  }
  async nwfilterBindingCreateXML(xml: string, flags = 0, options?: CallOptions): Promise<NwFilterBinding> {
    return new NwFilterBinding(this.link, (await this.call(remote.nwfilterBindingCreateXml, { xml, flags }, options)).nwfilter);
  }

  /** See `ConnectListAllInterfacesFlags`. */
  async listAllInterfaces(flags = 0, options?: CallOptions): Promise<Interface[]> {
    const { ifaces } = await this.call(remote.connectListAllInterfaces, { needResults: 1, flags }, options);
    return ifaces.map((iface) => new Interface(this.link, iface));
  }
  async interfaceLookupByName(name: string, options?: CallOptions): Promise<Interface> {
    return new Interface(this.link, (await this.call(remote.interfaceLookupByName, { name }, options)).iface);
  }
  async interfaceLookupByMACString(mac: string, options?: CallOptions): Promise<Interface> {
    return new Interface(this.link, (await this.call(remote.interfaceLookupByMacString, { mac }, options)).iface);
  }
  /** See `InterfaceDefineFlags`. */
  async interfaceDefineXML(xml: string, flags = 0, options?: CallOptions): Promise<Interface> {
    return new Interface(this.link, (await this.call(remote.interfaceDefineXml, { xml, flags }, options)).iface);
  }
  /** Remembers the interfaces as they are, for `interfaceChangeRollback`. */
  async interfaceChangeBegin(flags = 0, options?: CallOptions): Promise<void> {
    return this.call(remote.interfaceChangeBegin, { flags }, options);
  }
  async interfaceChangeCommit(flags = 0, options?: CallOptions): Promise<void> {
    return this.call(remote.interfaceChangeCommit, { flags }, options);
  }
  async interfaceChangeRollback(flags = 0, options?: CallOptions): Promise<void> {
    return this.call(remote.interfaceChangeRollback, { flags }, options);
  }
}
