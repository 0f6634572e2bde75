import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { Secret as SecretRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';

/** A password or key that libvirt keeps for disks and the like. */
export class Secret extends Handle<'secret', SecretRef> {
  readonly uuid: string;
  /** See `SecretUsageType`. */
  readonly usageType: number;
  /** What it is for: a path, a name. */
  readonly usageID: string;

  constructor(caller: Caller, ref: SecretRef) {
    super(caller, 'secret');
    this.uuid = ref.uuid;
    this.usageType = ref.usageType;
    this.usageID = ref.usageID;
  }

  get ref(): SecretRef {
    return { uuid: this.uuid, usageType: this.usageType, usageID: this.usageID };
  }

  /** Without the value. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.secretGetXmlDesc, { flags }, options)).xml;
  }
  /** A private secret's value is told to nobody. */
  async getValue(flags = 0, options?: CallOptions): Promise<Uint8Array> {
    return (await this.ask(remote.secretGetValue, { flags }, options)).value;
  }
  async setValue(value: Uint8Array, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.secretSetValue, { value, flags }, options);
  }
  async undefine(options?: CallOptions): Promise<void> {
    return this.ask(remote.secretUndefine, {}, options);
  }
}
