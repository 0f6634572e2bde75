import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { NetworkPort as NetworkPortRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';
import type { ParameterInput, Parameters } from './typed-params.ts';
import { fromTypedParams, toTypedParams } from './typed-params.ts';

/** Where something, such as a guest's interface, is plugged into a network. */
export class NetworkPort extends Handle<'port', NetworkPortRef> {
  readonly uuid: string;
  private readonly network: NetworkPortRef['net'];

  constructor(caller: Caller, ref: NetworkPortRef) {
    super(caller, 'port');
    this.uuid = ref.uuid;
    this.network = ref.net;
  }

  get ref(): NetworkPortRef {
    return { net: this.network, uuid: this.uuid };
  }

  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.networkPortGetXmlDesc, { flags }, options)).xml;
  }
  /** Its limits: `inbound.average` and the like, KiB/s. */
  async getParameters(flags = 0, options?: CallOptions): Promise<Parameters> {
    const { nparams } = await this.ask(remote.networkPortGetParameters, { nparams: 0, flags }, options);
    return fromTypedParams((await this.ask(remote.networkPortGetParameters, { nparams, flags }, options)).params);
  }
  async setParameters(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.networkPortSetParameters, { params: toTypedParams(params), flags }, options);
  }
  async delete(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.networkPortDelete, { flags }, options);
  }
}
