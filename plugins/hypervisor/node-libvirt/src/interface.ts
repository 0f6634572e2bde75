import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { HostInterface } from './generated/types-common.ts';
import { Handle } from './handle.ts';

/** A network interface of a host itself. */
export class Interface extends Handle<'iface', HostInterface> {
  readonly name: string;
  readonly mac: string;

  constructor(caller: Caller, ref: HostInterface) {
    super(caller, 'iface');
    this.name = ref.name;
    this.mac = ref.mac;
  }

  get ref(): HostInterface {
    return { name: this.name, mac: this.mac };
  }

  /** See `InterfaceXMLFlags`. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.interfaceGetXmlDesc, { flags }, options)).xml;
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.interfaceIsActive, {}, options)).active === 1;
  }
  /** Brings it up. */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.interfaceCreate, { flags }, options);
  }
  /** Takes it down. */
  async destroy(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.interfaceDestroy, { flags }, options);
  }
  async undefine(options?: CallOptions): Promise<void> {
    return this.ask(remote.interfaceUndefine, {}, options);
  }
}
