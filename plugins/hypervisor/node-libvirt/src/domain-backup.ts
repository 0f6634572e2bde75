import type { CallOptions } from './caller.ts';
import type { DomainJobs, JobInfo } from './domain/jobs.ts';

/** What a backup needs of its domain. */
type BackupDomain = Pick<DomainJobs, 'name' | 'uuid' | 'getJobInfo' | 'abortJob'> & {
  backupGetXMLDesc(flags?: number, options?: CallOptions): Promise<string>;
};

/** The backup that a domain is in. There is at most one; in pull mode it lasts until `abort`. */
export class DomainBackup {
  readonly domain: BackupDomain;

  constructor(domain: BackupDomain) {
    this.domain = domain;
  }

  /** Which disks go where. Rejects with `ErrorCode.NO_DOMAIN_BACKUP` when it is over. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return this.domain.backupGetXMLDesc(flags, options);
  }
  async getJobInfo(options?: CallOptions): Promise<JobInfo> {
    return this.domain.getJobInfo(options);
  }
  /** Ends a pull, or gives a push up. */
  async abort(options?: CallOptions): Promise<void> {
    return this.domain.abortJob(0, options);
  }
}
