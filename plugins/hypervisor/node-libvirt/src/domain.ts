import type { CallOptions, FlagOptions } from './caller.ts';
import { DomainBackup } from './domain-backup.ts';
import { DomainCheckpoint } from './domain-checkpoint.ts';
import { DomainSnapshot } from './domain-snapshot.ts';
import { DomainGuest } from './domain/guest.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';

/**
 * A virtual machine of a host. It is a name for it, not a copy: methods ask the host every time.
 * Methods have libvirt's own names and flags; `flags` is 0 where it is not given.
 */
export class Domain extends DomainGuest {
  /** See `DomainSnapshotCreateFlags`. */
  async snapshotCreateXML(xmlDesc: string, flags = 0, options?: CallOptions): Promise<DomainSnapshot> {
    return new DomainSnapshot(this.caller, (await this.ask(remote.domainSnapshotCreateXml, { xmlDesc, flags }, options)).snap);
  }
  /** See `DomainSnapshotListFlags`. */
  async listAllSnapshots(flags = 0, options?: CallOptions): Promise<DomainSnapshot[]> {
    const { snapshots } = await this.ask(remote.domainListAllSnapshots, { needResults: 1, flags }, options);
    return snapshots.map((snap) => new DomainSnapshot(this.caller, snap));
  }
  async snapshotLookupByName(name: string, flags = 0, options?: CallOptions): Promise<DomainSnapshot> {
    return new DomainSnapshot(this.caller, (await this.ask(remote.domainSnapshotLookupByName, { name, flags }, options)).snap);
  }
  async hasCurrentSnapshot(flags = 0, options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainHasCurrentSnapshot, { flags }, options)).result === 1;
  }
  /** The one that the domain of now comes from; rejects with `ErrorCode.NO_DOMAIN_SNAPSHOT` when there is none. */
  async snapshotCurrent(flags = 0, options?: CallOptions): Promise<DomainSnapshot> {
    return new DomainSnapshot(this.caller, (await this.ask(remote.domainSnapshotCurrent, { flags }, options)).snap);
  }

  /** See `DomainCheckpointCreateFlags`. */
  async checkpointCreateXML(xmlDesc: string, flags = 0, options?: CallOptions): Promise<DomainCheckpoint> {
    return new DomainCheckpoint(this.caller, (await this.ask(remote.domainCheckpointCreateXml, { xmlDesc, flags }, options)).checkpoint);
  }
  /** See `DomainCheckpointListFlags`. */
  async listAllCheckpoints(flags = 0, options?: CallOptions): Promise<DomainCheckpoint[]> {
    const { checkpoints } = await this.ask(remote.domainListAllCheckpoints, { needResults: 1, flags }, options);
    return checkpoints.map((checkpoint) => new DomainCheckpoint(this.caller, checkpoint));
  }
  async checkpointLookupByName(name: string, flags = 0, options?: CallOptions): Promise<DomainCheckpoint> {
    return new DomainCheckpoint(this.caller, (await this.ask(remote.domainCheckpointLookupByName, { name, flags }, options)).checkpoint);
  }

  /**
   * Starts a backup, and with the second XML a checkpoint of the same moment. Null as the first is a full backup into files beside the disks.
   * It runs on after this answer: the event `jobCompleted` tells its end. See `DomainBackupBeginFlags`.
   */
  async backupBegin(backupXml: string | null, checkpointXml: string | null = null, callFlags: FlagOptions = {}): Promise<DomainBackup> {
    const { flags = 0, ...options } = callFlags;
    await this.ask(remote.domainBackupBegin, { backupXml: backupXml ?? '<domainbackup/>', checkpointXml, flags }, options);
    return new DomainBackup(this);
  }
  /** The backup that runs now, as XML. */
  async backupGetXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainBackupGetXmlDesc, { flags }, options)).xml;
  }
}
