import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { Domain as DomainRef, DomainSnapshot as SnapshotRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';

/** A state of a domain that it can go back to. */
export class DomainSnapshot extends Handle<'snap', SnapshotRef> {
  readonly name: string;
  readonly domain: DomainRef;

  constructor(caller: Caller, ref: SnapshotRef) {
    super(caller, 'snap');
    this.name = ref.name;
    this.domain = ref.dom;
  }

  get ref(): SnapshotRef {
    return { name: this.name, dom: this.domain };
  }

  /** See `DomainSnapshotXMLFlags`. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainSnapshotGetXmlDesc, { flags }, options)).xml;
  }
  /** Rejects with `ErrorCode.NO_DOMAIN_SNAPSHOT` for one without a parent. */
  async getParent(flags = 0, options?: CallOptions): Promise<DomainSnapshot> {
    return new DomainSnapshot(this.caller, (await this.ask(remote.domainSnapshotGetParent, { flags }, options)).snap);
  }
  /** See `DomainSnapshotListFlags`. */
  async listAllChildren(flags = 0, options?: CallOptions): Promise<DomainSnapshot[]> {
    const args = { snapshot: this.ref, needResults: 1, flags };
    const { snapshots } = await this.caller.call(remote.domainSnapshotListAllChildren, args, options);
    return snapshots.map((snap) => new DomainSnapshot(this.caller, snap));
  }
  async isCurrent(flags = 0, options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainSnapshotIsCurrent, { flags }, options)).current === 1;
  }
  /** Whether libvirt would forget it with the domain's definition. */
  async hasMetadata(flags = 0, options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainSnapshotHasMetadata, { flags }, options)).metadata === 1;
  }
  /** What came after it is lost. See `DomainSnapshotRevertFlags`. */
  async revertToSnapshot(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainRevertToSnapshot, { flags }, options);
  }
  /** The domain stays as it is. See `DomainSnapshotDeleteFlags`. */
  async delete(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSnapshotDelete, { flags }, options);
  }
}
