import { defineService } from 'novacron/plugin';

export type Accelerator = 'kvm' | 'tcg';

export type HostState =
  | { readonly is: 'connected'; /** Epoch milliseconds. */ readonly since: number }
  | { readonly is: 'unreachable'; /** Epoch milliseconds. */ readonly since: number; readonly reason: string };

export interface HostStatus {
  /** The name from the config: stable, also the resource id of kind `host`. */
  readonly id: string;
  readonly name: string;
  /** The libvirt connection URI. */
  readonly uri: string;
  readonly state: HostState;
  /** Logical CPUs; 0 until the host was reached once. */
  readonly cpus: number;
  /** RAM of the host; 0 until the host was reached once. */
  readonly memoryBytes: number;
  /** What new VMs of this host run on. */
  readonly accelerator: Accelerator;
}

/**
 * `creating`: its job is at work; `missing`: recorded, but its host no longer has it; `trashed`: deleted, can be restored;
 * `unknown`: its host is unreachable and the last state is not known.
 */
export type VmState =
  | 'running'
  | 'paused'
  | 'shutting-down'
  | 'shut-off'
  | 'crashed'
  | 'suspended'
  | 'creating'
  | 'trashed'
  | 'missing'
  | 'unknown';

export interface VmStatus {
  /** UUID, the domain's own. */
  readonly id: string;
  readonly name: string;
  /** `null` for a domain made by others, until it is adopted. */
  readonly tenant: string | null;
  readonly tags: readonly string[];
  /** User id; `null` when nobody owns it. */
  readonly owner: string | null;
  /** Id of its host. */
  readonly host: string;
  /** What it was made from, as `vm create --image` got it; `null` for a domain made by others, absent where the provider does not know. */
  readonly image?: string | null;
  readonly state: VmState;
  readonly vcpus: number;
  /** What the guest may use at most. */
  readonly memoryBytes: number;
  /** False: made by others, read-only until `vm.adopt`. */
  readonly managed: boolean;
}

export interface HostFigures {
  /** Nanoseconds since the host's boot, summed over all CPUs. */
  readonly cpuTimeNs: bigint;
  /** The part of `cpuTimeNs` in which CPUs did nothing (idle and iowait). */
  readonly cpuIdleNs: bigint;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
  /** Free, buffers and page cache: what a new guest could get. */
  readonly memoryFreeBytes: number;
}

export interface DiskFigures {
  /** Target device: `vda`. */
  readonly device: string;
  /** Counters since the start of the guest. */
  readonly readBytes: bigint;
  readonly writeBytes: bigint;
  readonly readOps: bigint;
  readonly writeOps: bigint;
  /** Time that requests took, added up. */
  readonly readTimeNs?: bigint;
  readonly writeTimeNs?: bigint;
  readonly capacityBytes?: number;
  readonly allocationBytes?: number;
}

export interface NicFigures {
  /** Interface on the host: `vnet3`; for user-mode networks `nic0`. */
  readonly device: string;
  /** Counters since the start of the guest. */
  readonly receiveBytes: bigint;
  readonly transmitBytes: bigint;
  readonly receivePackets: bigint;
  readonly transmitPackets: bigint;
}

/** Figures of one running VM; what the guest or libvirt does not say is absent. */
export interface VmScrape {
  readonly id: string;
  readonly vcpus: number;
  /** CPU time of the guest since its start, all vcpus. */
  readonly cpuTimeNs: bigint;
  /** Time that vcpus were ready to run but waited for a CPU of the host (steal), all vcpus; absent with libvirt before 7.1. */
  readonly cpuWaitNs?: bigint;
  /** What the balloon leaves to the guest. */
  readonly memoryActualBytes?: number;
  /** Of the QEMU process on the host. */
  readonly memoryRssBytes?: number;
  /** What the guest could still use without swapping, as it says itself. */
  readonly memoryUsableBytes?: number;
  readonly disks: readonly DiskFigures[];
  readonly nics: readonly NicFigures[];
}

export interface HostScrape {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly host: HostFigures;
  /** Running and paused VMs, those made by others included. */
  readonly vms: readonly VmScrape[];
}

export interface PoolFigures {
  readonly name: string;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
}

/** A file system of a guest, as its agent says. */
export interface FilesystemFigures {
  readonly mountpoint: string;
  /** Device files in the guest that it lies on: `/dev/vda1`. */
  readonly disks: readonly string[];
  readonly totalBytes: number;
  readonly usedBytes: number;
}

export interface GuestSurvey {
  /** VM id. */
  readonly id: string;
  readonly agent: { readonly answers: true } | { readonly answers: false; readonly reason: string };
  /** Empty without an agent. */
  readonly filesystems: readonly FilesystemFigures[];
}

/** What changes slowly, or costs a question to each guest. */
export interface HostSurvey {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Active storage pools. */
  readonly pools: readonly PoolFigures[];
  /** Running guests, those made by others included. */
  readonly guests: readonly GuestSurvey[];
}

/** Hosts and VMs as the hypervisor plugin knows them. */
export interface Hypervisor {
  /** All hosts of the config, from memory. */
  hosts(): readonly HostStatus[];
  /** The inventory in memory; trashed ones included. */
  vms(): readonly VmStatus[];
  /**
   * All figures of one host in one libvirt call. Errors: HubError `host_unknown`, `host_unreachable` (retryable; also when the host does not
   * answer within `timeoutMs`, default 8,000).
   */
  scrape(hostId: string, signal: AbortSignal, options?: { readonly timeoutMs?: number }): Promise<HostScrape>;
  /** Pools, guest agents and the file systems they know. Takes seconds where agents do not answer. Errors as of `scrape`. */
  survey(hostId: string, signal: AbortSignal): Promise<HostSurvey>;
}

export const Hypervisor = defineService<Hypervisor>('hypervisor');
