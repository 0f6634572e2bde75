import type { CallOptions, FlagOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { DomainDiskError } from '../generated/types-common.ts';
import type { DomainBlockStatsRet } from '../generated/types-domain-data.ts';
import { integer64 } from '../integers.ts';
import type { ParameterInput, Parameters } from '../typed-params.ts';
import { fromTypedParams, toTypedParams } from '../typed-params.ts';
import { DomainDevices } from './devices.ts';

export interface BlockInfo {
  /** What the guest sees. */
  capacityBytes: number;
  /** What is taken on the host. */
  allocationBytes: number;
  /** The length of the file or device. */
  physicalBytes: number;
}

export interface BlockJobInfo {
  /** See `DomainBlockJobType`. */
  type: number;
  /** MiB/s, or bytes/s with `DomainBlockJobInfoFlags.BANDWIDTH_BYTES`; 0 is no limit. */
  bandwidth: bigint;
  /** How far it is, on the scale of `end`; for a mirror that follows its disk both are the same. */
  cur: bigint;
  end: bigint;
}

/** A speed limit in MiB/s (bytes/s with the flag for it; 0: none), with flags. */
export type BandwidthOptions = FlagOptions & { bandwidth?: number | bigint };

/** Disks. Each is named by its target (`vda`) or its source; `vda[1]` is a layer below. */
export abstract class DomainBlock extends DomainDevices {
  /** The size is in KiB, or in bytes with `DomainBlockResizeFlags.BYTES`. */
  async blockResize(disk: string, size: number | bigint, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainBlockResize, { disk, size: integer64(size), flags }, options);
  }
  /** Some bytes as the guest sees them. */
  async blockPeek(disk: string, where: { offsetBytes: number | bigint; sizeBytes: number }, options?: CallOptions): Promise<Uint8Array> {
    const args = { path: disk, offset: integer64(where.offsetBytes), size: where.sizeBytes, flags: 0 };
    return (await this.ask(remote.domainBlockPeek, args, options)).buffer;
  }
  async getBlockInfo(disk: string, flags = 0, options?: CallOptions): Promise<BlockInfo> {
    const { capacity, allocation, physical } = await this.ask(remote.domainGetBlockInfo, { path: disk, flags }, options);
    return { capacityBytes: Number(capacity), allocationBytes: Number(allocation), physicalBytes: Number(physical) };
  }
  /** -1 is what the hypervisor does not count. An empty name is all disks together, where the hypervisor does that. */
  async blockStats(disk: string, options?: CallOptions): Promise<DomainBlockStatsRet> {
    return this.ask(remote.domainBlockStats, { path: disk }, options);
  }
  /** `rd_bytes`, `flush_operations` and the like; times are nanoseconds. */
  async blockStatsFlags(disk: string, flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.askAll(remote.domainBlockStatsFlags, { path: disk, flags }, options)).params);
  }
  /** The limits of a disk: `total_bytes_sec` and the like; null is the definition's default. */
  async getBlockIoTune(disk: string | null = null, flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.askAll(remote.domainGetBlockIoTune, { disk, flags }, options)).params);
  }
  async setBlockIoTune(disk: string, params: ParameterInput, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetBlockIoTune, { disk, params: toTypedParams(params), flags }, options);
  }
  /** The disks that had an error since they were opened. See `DomainDiskErrorCode`. */
  async getDiskErrors(flags = 0, options?: CallOptions): Promise<DomainDiskError[]> {
    const { nerrors } = await this.ask(remote.domainGetDiskErrors, { maxerrors: 0, flags }, options);
    if (nerrors === 0) return [];
    return (await this.ask(remote.domainGetDiskErrors, { maxerrors: nerrors, flags }, options)).errors;
  }
  /** Asks for the event `blockThreshold`, once, when something is written beyond so many bytes; 0 takes it back. */
  async setBlockThreshold(dev: string, thresholdBytes: number | bigint, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetBlockThreshold, { dev, threshold: integer64(thresholdBytes), flags }, options);
  }

  /** Merges layers downwards: what is above `base` up to `top` goes into `base`. Null is the lowest and the highest. See `DomainBlockCommitFlags`. */
  async blockCommit(
    disk: string,
    layers: { base?: string | null; top?: string | null } = {},
    callFlags: BandwidthOptions = {},
  ): Promise<void> {
    const { base = null, top = null } = layers;
    const { flags = 0, bandwidth = 0, ...options } = callFlags;
    return this.ask(remote.domainBlockCommit, { disk, base, top, bandwidth: integer64(bandwidth), flags }, options);
  }
  /** Fetches everything from the layers below, which are not needed then. See `DomainBlockPullFlags`. */
  async blockPull(disk: string, callFlags: BandwidthOptions = {}): Promise<void> {
    const { flags = 0, bandwidth = 0, ...options } = callFlags;
    return this.ask(remote.domainBlockPull, { path: disk, bandwidth: integer64(bandwidth), flags }, options);
  }
  /** Fetches everything above `base`, or copies with `DomainBlockRebaseFlags.COPY`. */
  async blockRebase(disk: string, base: string | null, callFlags: BandwidthOptions = {}): Promise<void> {
    const { flags = 0, bandwidth = 0, ...options } = callFlags;
    return this.ask(remote.domainBlockRebase, { path: disk, base, bandwidth: integer64(bandwidth), flags }, options);
  }
  /**
   * Mirrors a disk to the one in the XML until `blockJobAbort`. Parameters: `bandwidth` (bytes/s), `granularity`, `buf-size`. See
   * `DomainBlockCopyFlags`.
   */
  async blockCopy(disk: string, destxml: string, callFlags: FlagOptions & { params?: ParameterInput } = {}): Promise<void> {
    const { flags = 0, params = {}, ...options } = callFlags;
    return this.ask(remote.domainBlockCopy, { path: disk, destxml, params: toTypedParams(params), flags }, options);
  }
  /** Ends a job; with `DomainBlockJobAbortFlags.PIVOT` by going over to the copy. */
  async blockJobAbort(disk: string, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainBlockJobAbort, { path: disk, flags }, options);
  }
  /** Null when there is no job. */
  async getBlockJobInfo(disk: string, flags = 0, options?: CallOptions): Promise<BlockJobInfo | null> {
    const { found, ...info } = await this.ask(remote.domainGetBlockJobInfo, { path: disk, flags }, options);
    return found === 1 ? info : null;
  }
  async blockJobSetSpeed(disk: string, bandwidth: number | bigint, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainBlockJobSetSpeed, { path: disk, bandwidth: integer64(bandwidth), flags }, options);
  }
}
