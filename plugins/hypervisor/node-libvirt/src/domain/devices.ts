import type { CallOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { DomainInterface } from '../generated/types-common.ts';
import type { DomainInterfaceStatsRet } from '../generated/types-domain-settings.ts';
import { DomainCpus } from './cpus.ts';

/** Plugging devices in and out, and network interfaces. */
export abstract class DomainDevices extends DomainCpus {
  /** See `DomainDeviceModifyFlags`. */
  async attachDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainAttachDeviceFlags, { xml, flags }, options);
  }
  /** The answer may come before the guest has let go of the device: wait for the event `deviceRemoved`. */
  async detachDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainDetachDeviceFlags, { xml, flags }, options);
  }
  /** The same by the alias of the device. The answer always comes before the guest has let go. */
  async detachDeviceAlias(alias: string, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainDetachDeviceAlias, { alias, flags }, options);
  }
  async updateDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainUpdateDeviceFlags, { xml, flags }, options);
  }

  /** See `DomainInterfaceAddressesSource`: 0 leases, 1 guest agent, 2 the host's ARP table. */
  async interfaceAddresses(source: number, flags = 0, options?: CallOptions): Promise<DomainInterface[]> {
    return (await this.ask(remote.domainInterfaceAddresses, { source, flags }, options)).ifaces;
  }
  /** What went through one interface, named by its device on the host or its MAC address; -1 is what the hypervisor does not count. */
  async interfaceStats(device: string, options?: CallOptions): Promise<DomainInterfaceStatsRet> {
    return this.ask(remote.domainInterfaceStats, { device }, options);
  }
}
