import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { NodeDevice as NodeDeviceRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';

/** A device of a host: a PCI card, a disk, a mediated device. */
export class NodeDevice extends Handle<'name', string> {
  readonly name: string;

  constructor(caller: Caller, { name }: NodeDeviceRef) {
    super(caller, 'name');
    this.name = name;
  }

  get ref(): string {
    return this.name;
  }

  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.nodeDeviceGetXmlDesc, { flags }, options)).xml;
  }
  /** The name of the device it hangs on; null for the computer itself. */
  async getParent(options?: CallOptions): Promise<string | null> {
    return (await this.ask(remote.nodeDeviceGetParent, {}, options)).parentName;
  }
  /** What it can do: `pci`, `net`, `storage` and the like. */
  async listCaps(options?: CallOptions): Promise<string[]> {
    const { num } = await this.ask(remote.nodeDeviceNumOfCaps, {}, options);
    return (await this.ask(remote.nodeDeviceListCaps, { maxnames: num }, options)).names;
  }
  /** Takes it from the host's driver, so that a guest can have it. Null is the default driver for that. */
  async detachFlags(driverName: string | null = null, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceDetachFlags, { driverName, flags }, options);
  }
  /** Gives it back to the host's driver. */
  async reAttach(options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceReAttach, {}, options);
  }
  async reset(options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceReset, {}, options);
  }
  /** Starts a device that is defined, such as a mediated one. */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceCreate, { flags }, options);
  }
  /** Removes a virtual device. */
  async destroy(options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceDestroy, {}, options);
  }
  async undefine(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceUndefine, { flags }, options);
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.nodeDeviceIsActive, {}, options)).active === 1;
  }
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.nodeDeviceIsPersistent, {}, options)).persistent === 1;
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.nodeDeviceGetAutostart, {}, options)).autostart !== 0;
  }
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    return this.ask(remote.nodeDeviceSetAutostart, { autostart: autostart ? 1 : 0 }, options);
  }
}
