import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { Network as NetworkRef } from './generated/types-common.ts';

/** A virtual network of a host. */
export class Network {
  readonly name: string;
  readonly uuid: string;
  private readonly caller: Caller;

  constructor(caller: Caller, ref: NetworkRef) {
    this.caller = caller;
    this.name = ref.name;
    this.uuid = ref.uuid;
  }

  get ref(): NetworkRef {
    return { name: this.name, uuid: this.uuid };
  }

  /** Starts a network that is defined. */
  async create(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.networkCreate, { net: this.ref }, options);
  }
  /** Stops the network. */
  async destroy(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.networkDestroy, { net: this.ref }, options);
  }
  async undefine(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.networkUndefine, { net: this.ref }, options);
  }
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.caller.call(remote.networkGetXmlDesc, { net: this.ref, flags }, options)).xml;
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.networkIsActive, { net: this.ref }, options)).active === 1;
  }
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.networkSetAutostart, { net: this.ref, autostart: autostart ? 1 : 0 }, options);
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.networkGetAutostart, { net: this.ref }, options)).autostart !== 0;
  }
  async getBridgeName(options?: CallOptions): Promise<string> {
    return (await this.caller.call(remote.networkGetBridgeName, { net: this.ref }, options)).name;
  }
}
