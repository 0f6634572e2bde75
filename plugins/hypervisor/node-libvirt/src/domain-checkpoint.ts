import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { DomainCheckpoint as CheckpointRef, Domain as DomainRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';

/** A moment of a domain since which the hypervisor remembers what was written: an incremental backup starts from it. */
export class DomainCheckpoint extends Handle<'checkpoint', CheckpointRef> {
  readonly name: string;
  readonly domain: DomainRef;

  constructor(caller: Caller, ref: CheckpointRef) {
    super(caller, 'checkpoint');
    this.name = ref.name;
    this.domain = ref.dom;
  }

  get ref(): CheckpointRef {
    return { name: this.name, dom: this.domain };
  }

  /** See `DomainCheckpointXMLFlags`; with SIZE it says how much a backup from it would be. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainCheckpointGetXmlDesc, { flags }, options)).xml;
  }
  /** Rejects with `ErrorCode.NO_DOMAIN_CHECKPOINT` for one without a parent. */
  async getParent(flags = 0, options?: CallOptions): Promise<DomainCheckpoint> {
    return new DomainCheckpoint(this.caller, (await this.ask(remote.domainCheckpointGetParent, { flags }, options)).parent);
  }
  /** See `DomainCheckpointListFlags`. */
  async listAllChildren(flags = 0, options?: CallOptions): Promise<DomainCheckpoint[]> {
    const { checkpoints } = await this.ask(remote.domainCheckpointListAllChildren, { needResults: 1, flags }, options);
    return checkpoints.map((checkpoint) => new DomainCheckpoint(this.caller, checkpoint));
  }
  /** See `DomainCheckpointDeleteFlags`. */
  async delete(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainCheckpointDelete, { flags }, options);
  }
}
