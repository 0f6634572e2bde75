import type { CallOptions } from '../caller.ts';
import { ConnectionError } from '../errors.ts';
import { DomainMigrateFlags } from '../generated/constants-domain.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import { integer64 } from '../integers.ts';
import type { ParameterInput, Parameters } from '../typed-params.ts';
import { fromTypedParams, toTypedParams } from '../typed-params.ts';
import { DomainBlock } from './block.ts';

/** How far a long job of a domain is, such as a migration, a save or a backup. */
export interface JobInfo {
  /** See `DomainJobType`. */
  type: number;
  timeElapsedMs: number;
  /** A guess; 0 when there is none. */
  timeRemainingMs: number;
  dataTotalBytes: number;
  dataProcessedBytes: number;
  dataRemainingBytes: number;
}

/** Jobs that take their time, first of all moving to another host. */
export abstract class DomainJobs extends DomainBlock {
  /**
   * Moves the domain to the host of another URI, which the host of now must be able to reach itself: only `DomainMigrateFlags.MIGRATE_PEER2PEER` is
   * done. See `ParameterName.MIGRATE_PARAM_*`. It answers when the move is over: give it a time limit, and a connection of its own where
   * many calls are made.
   */
  async migrateToURI3(
    dconnuri: string | null,
    { params = {}, flags }: { params?: ParameterInput; flags: number },
    options?: CallOptions,
  ): Promise<void> {
    if ((flags & DomainMigrateFlags.MIGRATE_PEER2PEER) === 0) {
      throw new ConnectionError(
        'bad_argument',
        'This client only has hosts move domains among themselves: add DomainMigrateFlags.MIGRATE_PEER2PEER to the flags.',
      );
    }
    const args = { dconnuri, params: toTypedParams(params), cookieIn: new Uint8Array(), flags };
    await this.ask(remote.domainMigratePerform3Params, args, options);
  }
  /** Goes on on the other host at once and fetches the rest of the memory then. The move must have been started with POSTCOPY; it cannot be called off after this. */
  async migrateStartPostCopy(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainMigrateStartPostCopy, { flags }, options);
  }
  async migrateGetMaxDowntime(flags = 0, options?: CallOptions): Promise<number> {
    return Number((await this.ask(remote.domainMigrateGetMaxDowntime, { flags }, options)).downtime);
  }
  /** How long the guest may stand still at the end of a move. */
  async migrateSetMaxDowntime(downtimeMs: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainMigrateSetMaxDowntime, { downtime: integer64(downtimeMs), flags }, options);
  }
  /** MiB/s. See `DomainMigrateMaxSpeedFlags`. */
  async migrateGetMaxSpeed(flags = 0, options?: CallOptions): Promise<bigint> {
    return (await this.ask(remote.domainMigrateGetMaxSpeed, { flags }, options)).bandwidth;
  }
  /** MiB/s. */
  async migrateSetMaxSpeed(bandwidth: number | bigint, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainMigrateSetMaxSpeed, { bandwidth: integer64(bandwidth), flags }, options);
  }
  async migrateGetCompressionCache(flags = 0, options?: CallOptions): Promise<number> {
    return Number((await this.ask(remote.domainMigrateGetCompressionCache, { flags }, options)).cacheSize);
  }
  async migrateSetCompressionCache(cacheBytes: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainMigrateSetCompressionCache, { cacheSize: integer64(cacheBytes), flags }, options);
  }

  async getJobInfo(options?: CallOptions): Promise<JobInfo> {
    const info = await this.ask(remote.domainGetJobInfo, {}, options);
    return {
      type: info.type,
      timeElapsedMs: Number(info.timeElapsed),
      timeRemainingMs: Number(info.timeRemaining),
      dataTotalBytes: Number(info.dataTotal),
      dataProcessedBytes: Number(info.dataProcessed),
      dataRemainingBytes: Number(info.dataRemaining),
    };
  }
  /** All that is known of the job; with `DomainGetJobStatsFlags.COMPLETED` of the last one that ended. See `DomainJobType`. */
  async getJobStats(flags = 0, options?: CallOptions): Promise<{ type: number; params: Parameters }> {
    const { type, params } = await this.ask(remote.domainGetJobStats, { flags }, options);
    return { type, params: fromTypedParams(params) };
  }
  /** Calls the job off. Flags (`DomainAbortJobFlagsValues`) need libvirt 8.5. */
  async abortJob(flags = 0, options?: CallOptions): Promise<void> {
    if (flags === 0) return this.ask(remote.domainAbortJob, {}, options);
    return this.ask(remote.domainAbortJobFlags, { flags }, options);
  }
}
