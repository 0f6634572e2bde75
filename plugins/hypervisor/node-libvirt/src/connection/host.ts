import type { CallOptions, FlagOptions } from '../caller.ts';
import { cpusOf } from '../cpumap.ts';
import { TypedParameterFlags } from '../generated/constants-common.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import { integer64 } from '../integers.ts';
import type { ParameterInput, Parameters } from '../typed-params.ts';
import { fromTypedParams, toTypedParams } from '../typed-params.ts';
import { fieldText } from '../xdr/field-text.ts';
import { ConnectionBase } from './base.ts';

/** What a host is made of. */
export interface NodeInfo {
  model: string;
  memoryKib: number;
  cpus: number;
  mhz: number;
  nodes: number;
  sockets: number;
  cores: number;
  threads: number;
}

/** Which domains a question about CPUs or capabilities means; what is not given is libvirt's default. */
export interface HypervisorKind {
  emulator?: string;
  arch?: string;
  machine?: string;
  virttype?: string;
}

/** The daemon, and the host it runs on. */
export abstract class ConnectionHost extends ConnectionBase {
  /** The driver's name: `QEMU`, `Test`. */
  async getType(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetType, undefined, options)).type;
  }
  /** The hypervisor's version: 1,000,000 x major + 1,000 x minor + release. */
  async getVersion(options?: CallOptions): Promise<number> {
    return Number((await this.call(remote.connectGetVersion, undefined, options)).hvVer);
  }
  /** libvirt's version, in the same form. */
  async getLibVersion(options?: CallOptions): Promise<number> {
    return Number((await this.call(remote.connectGetLibVersion, undefined, options)).libVer);
  }
  async getHostname(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetHostname, undefined, options)).hostname;
  }
  /** The daemon's own URI, such as `qemu:///system`. */
  async getURI(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetUri, undefined, options)).uri;
  }
  /** Whether what goes over this connection cannot be read on its way. */
  async isSecure(options?: CallOptions): Promise<boolean> {
    return (await this.call(remote.connectIsSecure, undefined, options)).secure === 1;
  }
  /** XML. */
  async getCapabilities(options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetCapabilities, undefined, options)).capabilities;
  }
  /** What domains of a kind may have, as XML; what is not given is libvirt's default. */
  async getDomainCapabilities(
    of: { emulatorbin?: string; arch?: string; machine?: string; virttype?: string; flags?: number } = {},
    options?: CallOptions,
  ): Promise<string> {
    const { emulatorbin = null, arch = null, machine = null, virttype = null, flags = 0 } = of;
    return (await this.call(remote.connectGetDomainCapabilities, { emulatorbin, arch, machine, virttype, flags }, options)).capabilities;
  }
  /** What storage pools may have, as XML. */
  async getStoragePoolCapabilities(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetStoragePoolCapabilities, { flags }, options)).capabilities;
  }
  /** The firmware's tables, as XML. */
  async getSysinfo(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectGetSysinfo, { flags }, options)).sysinfo;
  }
  /** The most virtual CPUs a domain of a type may have; null is the driver's own type. */
  async getMaxVcpus(type: string | null = null, options?: CallOptions): Promise<number> {
    return (await this.call(remote.connectGetMaxVcpus, { type }, options)).maxVcpus;
  }

  /** The models of CPU that libvirt knows for an architecture. */
  async getCPUModelNames(arch: string, flags = 0, options?: CallOptions): Promise<string[]> {
    return (await this.call(remote.connectGetCpuModelNames, { arch, needResults: 1, flags }, options)).models;
  }
  /** Whether the host's CPU has what the XML asks for. See `CPUCompareResult` and `ConnectCompareCPUFlags`. */
  async compareCPU(xml: string, flags = 0, options?: CallOptions): Promise<number> {
    return (await this.call(remote.connectCompareCpu, { xml, flags }, options)).result;
  }
  /** The same for the CPU that the hypervisor can give. */
  async compareHypervisorCPU(xmlCPU: string, of: HypervisorKind = {}, callFlags: FlagOptions = {}): Promise<number> {
    const { flags = 0, ...options } = callFlags;
    const args = { ...kind(of), xmlCPU, flags };
    return (await this.call(remote.connectCompareHypervisorCpu, args, options)).result;
  }
  /** The CPU that all of these hosts can give. See `ConnectBaselineCPUFlags`. */
  async baselineCPU(xmlCPUs: string[], flags = 0, options?: CallOptions): Promise<string> {
    return (await this.call(remote.connectBaselineCpu, { xmlCPUs, flags }, options)).cpu;
  }
  async baselineHypervisorCPU(xmlCPUs: string[], of: HypervisorKind = {}, callFlags: FlagOptions = {}): Promise<string> {
    const { flags = 0, ...options } = callFlags;
    return (await this.call(remote.connectBaselineHypervisorCpu, { ...kind(of), xmlCPUs, flags }, options)).cpu;
  }

  async nodeGetInfo(options?: CallOptions): Promise<NodeInfo> {
    const { model, memory, ...rest } = await this.call(remote.nodeGetInfo, undefined, options);
    return { model: fieldText(model), memoryKib: Number(memory), ...rest };
  }
  /** Nanoseconds by kind (`user`, `kernel`, `idle`, `iowait`); -1 is all CPUs together. */
  async nodeGetCPUStats(cpuNum = -1, flags = 0, options?: CallOptions): Promise<Record<string, bigint>> {
    // libvirt wants to be told how many values there are, and tells it when asked for none.
    const { nparams } = await this.call(remote.nodeGetCpuStats, { cpuNum, nparams: 0, flags }, options);
    const { params } = await this.call(remote.nodeGetCpuStats, { cpuNum, nparams, flags }, options);
    return Object.fromEntries(params.map(({ field, value }) => [field, value]));
  }
  /** KiB by kind (`total`, `free`, `buffers`, `cached`); -1 is all NUMA cells together. */
  async nodeGetMemoryStats(cellNum = -1, flags = 0, options?: CallOptions): Promise<Record<string, bigint>> {
    const { nparams } = await this.call(remote.nodeGetMemoryStats, { cellNum, nparams: 0, flags }, options);
    const { params } = await this.call(remote.nodeGetMemoryStats, { cellNum, nparams, flags }, options);
    return Object.fromEntries(params.map(({ field, value }) => [field, value]));
  }
  /** The name this has in libvirt is `nodeGetInfo`. */
  async getNodeInfo(options?: CallOptions): Promise<NodeInfo> {
    return this.nodeGetInfo(options);
  }
  /** The name this has in libvirt is `nodeGetCPUStats`. */
  async getNodeCPUStats(cpuNum = -1, flags = 0, options?: CallOptions): Promise<Record<string, bigint>> {
    return this.nodeGetCPUStats(cpuNum, flags, options);
  }
  /** The name this has in libvirt is `nodeGetMemoryStats`. */
  async getNodeMemoryStats(cellNum = -1, flags = 0, options?: CallOptions): Promise<Record<string, bigint>> {
    return this.nodeGetMemoryStats(cellNum, flags, options);
  }
  /** Bytes. */
  async nodeGetFreeMemory(options?: CallOptions): Promise<bigint> {
    return (await this.call(remote.nodeGetFreeMemory, undefined, options)).freeMem;
  }
  /** Bytes free in each NUMA cell, from one on. */
  async nodeGetCellsFreeMemory(startCell = 0, maxCells = cellsMax, options?: CallOptions): Promise<bigint[]> {
    return (await this.call(remote.nodeGetCellsFreeMemory, { startCell, maxcells: maxCells }, options)).cells;
  }
  /** For each NUMA cell, the free pages of each of the sizes. */
  async nodeGetFreePages(
    pageSizesKib: number[],
    cells: { startCell?: number; cellCount?: number } = {},
    options?: CallOptions,
  ): Promise<bigint[][]> {
    const { startCell = 0, cellCount = 1 } = cells;
    const { counts } = await this.call(remote.nodeGetFreePages, { pages: pageSizesKib, startCell, cellCount, flags: 0 }, options);
    const sizes = pageSizesKib.length;
    return Array.from({ length: counts.length / sizes }, (_, cell) => counts.slice(cell * sizes, (cell + 1) * sizes));
  }
  /** Reserves huge pages: how many of each size in KiB. Resolves with the number of sizes and cells that were changed. See `NodeAllocPagesFlags`. */
  async nodeAllocPages(
    pages: ReadonlyMap<number, number>,
    cells: { startCell?: number; cellCount?: number } = {},
    callFlags: FlagOptions = {},
  ): Promise<number> {
    const { flags = 0, ...options } = callFlags;
    const { startCell = -1, cellCount = 1 } = cells;
    const pageCounts = [...pages.values()].map((count) => integer64(count));
    return (await this.call(remote.nodeAllocPages, { pageSizes: [...pages.keys()], pageCounts, startCell, cellCount, flags }, options)).ret;
  }
  /** How many CPUs there are, and the numbers of those that are on. */
  async nodeGetCPUMap(flags = 0, options?: CallOptions): Promise<{ cpus: number; online: number[] }> {
    const { cpumap, ret } = await this.call(remote.nodeGetCpuMap, { needMap: 1, needOnline: 1, flags }, options);
    return { cpus: ret, online: cpusOf(cpumap) };
  }
  /** Security model and its domain of interpretation; both are empty where there is none. */
  async nodeGetSecurityModel(options?: CallOptions): Promise<{ model: string; doi: string }> {
    const { model, doi } = await this.call(remote.nodeGetSecurityModel, undefined, options);
    return { model: fieldText(model), doi: fieldText(doi) };
  }
  /** How the host shares equal pages: `shm_pages_to_scan` and the like. */
  async nodeGetMemoryParameters(flags = 0, options?: CallOptions): Promise<Parameters> {
    const args = (nparams: number) => ({ nparams, flags: flags | TypedParameterFlags.PARAM_STRING_OKAY });
    const { nparams } = await this.call(remote.nodeGetMemoryParameters, args(0), options);
    return fromTypedParams((await this.call(remote.nodeGetMemoryParameters, args(nparams), options)).params);
  }
  async nodeSetMemoryParameters(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.call(remote.nodeSetMemoryParameters, { params: toTypedParams(params), flags }, options);
  }
  /** Puts the host to sleep. See `NodeSuspendTarget`. */
  async nodeSuspendForDuration(target: number, durationSeconds: number, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.call(remote.nodeSuspendForDuration, { target, duration: integer64(durationSeconds), flags }, options);
  }
  /** What the host's memory encryption (AMD SEV) is. */
  async nodeGetSEVInfo(flags = 0, options?: CallOptions): Promise<Parameters> {
    const { nparams } = await this.call(remote.nodeGetSevInfo, { nparams: 0, flags }, options);
    return fromTypedParams((await this.call(remote.nodeGetSevInfo, { nparams, flags }, options)).params);
  }
}

/** More than the protocol has room for would be refused. */
const cellsMax = 1024;

function kind({ emulator, arch, machine, virttype }: HypervisorKind) {
  return { emulator: emulator ?? null, arch: arch ?? null, machine: machine ?? null, virttype: virttype ?? null };
}
