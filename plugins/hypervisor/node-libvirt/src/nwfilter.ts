import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { NwfilterBinding, Nwfilter as NwFilterRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';

/** Rules for the packets of guests' interfaces. */
export class NwFilter extends Handle<'nwfilter', NwFilterRef> {
  readonly name: string;
  readonly uuid: string;

  constructor(caller: Caller, ref: NwFilterRef) {
    super(caller, 'nwfilter');
    this.name = ref.name;
    this.uuid = ref.uuid;
  }

  get ref(): NwFilterRef {
    return { name: this.name, uuid: this.uuid };
  }

  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.nwfilterGetXmlDesc, { flags }, options)).xml;
  }
  async undefine(options?: CallOptions): Promise<void> {
    return this.ask(remote.nwfilterUndefine, {}, options);
  }
}

/** A filter at work on one interface. */
export class NwFilterBinding extends Handle<'nwfilter', NwfilterBinding> {
  /** The interface on the host. */
  readonly portDev: string;
  readonly filterName: string;

  constructor(caller: Caller, ref: NwfilterBinding) {
    super(caller, 'nwfilter');
    this.portDev = ref.portdev;
    this.filterName = ref.filtername;
  }

  get ref(): NwfilterBinding {
    return { portdev: this.portDev, filtername: this.filterName };
  }

  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.nwfilterBindingGetXmlDesc, { flags }, options)).xml;
  }
  async delete(options?: CallOptions): Promise<void> {
    return this.ask(remote.nwfilterBindingDelete, {}, options);
  }
}
