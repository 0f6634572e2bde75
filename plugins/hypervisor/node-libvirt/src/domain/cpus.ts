import type { CallOptions, FlagOptions } from '../caller.ts';
import { cpuMap, cpuMapBytes, cpusOf, cpusOfEach } from '../cpumap.ts';
import { DomainVcpuFlags } from '../generated/constants-domain.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { ParameterInput, Parameters } from '../typed-params.ts';
import { fromTypedParams, toTypedParams } from '../typed-params.ts';
import { DomainSettings } from './settings.ts';

/** A virtual CPU of a running domain. */
export interface VcpuInfo {
  number: number;
  /** See `VcpuState`. */
  state: number;
  cpuTimeNs: bigint;
  /** The CPU of the host it runs on; see `VcpuHostCpuState` for negative numbers. */
  cpu: number;
  /** The CPUs of the host it may run on. */
  cpus: number[];
}

export interface IOThreadInfo {
  id: number;
  /** The CPUs of the host it may run on. */
  cpus: number[];
}

/** Virtual CPUs and the threads of a domain. CPUs are numbers; flags are `DomainModificationImpact`. */
export abstract class DomainCpus extends DomainSettings {
  /** See `DomainVcpuFlags`. */
  async setVcpus(nvcpus: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetVcpusFlags, { nvcpus, flags }, options);
  }
  /** How many there are; with `DomainVcpuFlags.MAXIMUM` how many there may be. */
  async getVcpusFlags(flags = 0, options?: CallOptions): Promise<number> {
    return (await this.ask(remote.domainGetVcpusFlags, { flags }, options)).num;
  }
  async getMaxVcpus(options?: CallOptions): Promise<number> {
    return (await this.ask(remote.domainGetMaxVcpus, {}, options)).num;
  }
  /** What each virtual CPU of a running domain does. */
  async getVcpus(options?: CallOptions): Promise<VcpuInfo[]> {
    const maplen = await this.hostMapBytes(options);
    const maxinfo = (await this.getInfo(options)).nrVirtCpu;
    const { info, cpumaps } = await this.ask(remote.domainGetVcpus, { maxinfo, maplen }, options);
    const cpus = cpusOfEach(cpumaps, maplen);
    return info.map(({ cpuTime, ...rest }, at) => ({ ...rest, cpuTimeNs: cpuTime, cpus: cpus[at] ?? [] }));
  }
  /** Plugs single virtual CPUs in or out; they are named as in `0-2,4`. */
  async setVcpu(vcpumap: string, on: boolean, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetVcpu, { cpumap: vcpumap, state: on ? 1 : 0, flags }, options);
  }
  /** What the guest agent says of the virtual CPUs: `vcpus`, `online`, `offlinable`. */
  async getGuestVcpus(flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.ask(remote.domainGetGuestVcpus, { flags }, options)).params);
  }
  /** Has the guest agent use or leave out virtual CPUs. */
  async setGuestVcpus(cpumap: string, on: boolean, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetGuestVcpus, { cpumap, state: on ? 1 : 0, flags }, options);
  }

  /** Keeps a virtual CPU on these CPUs of the host. */
  async pinVcpu(vcpu: number, cpus: readonly number[], callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainPinVcpuFlags, { vcpu, cpumap: cpuMap(cpus), flags }, options);
  }
  /** For each virtual CPU, the CPUs of the host it may run on. */
  async getVcpuPinInfo(flags = 0, options?: CallOptions): Promise<number[][]> {
    const maplen = await this.hostMapBytes(options);
    const ncpumaps = await this.getVcpusFlags(flags | DomainVcpuFlags.MAXIMUM, options);
    const { cpumaps, num } = await this.ask(remote.domainGetVcpuPinInfo, { ncpumaps, maplen, flags }, options);
    return cpusOfEach(cpumaps, maplen).slice(0, num);
  }
  /** Keeps the threads of the emulator on these CPUs of the host. */
  async pinEmulator(cpus: readonly number[], flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainPinEmulator, { cpumap: cpuMap(cpus), flags }, options);
  }
  async getEmulatorPinInfo(flags = 0, options?: CallOptions): Promise<number[]> {
    const maplen = await this.hostMapBytes(options);
    return cpusOf((await this.ask(remote.domainGetEmulatorPinInfo, { maplen, flags }, options)).cpumaps);
  }

  async getIOThreadInfo(flags = 0, options?: CallOptions): Promise<IOThreadInfo[]> {
    const { info } = await this.ask(remote.domainGetIothreadInfo, { flags }, options);
    return info.map(({ iothreadId, cpumap }) => ({ id: iothreadId, cpus: cpusOf(cpumap) }));
  }
  async addIOThread(iothreadId: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainAddIothread, { iothreadId, flags }, options);
  }
  async delIOThread(iothreadId: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainDelIothread, { iothreadId, flags }, options);
  }
  async pinIOThread(iothreadId: number, cpus: readonly number[], callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainPinIothread, { iothreadsId: iothreadId, cpumap: cpuMap(cpus), flags }, options);
  }
  /** `poll_max_ns`, `poll_grow`, `poll_shrink`. */
  async setIOThreadParams(iothreadId: number, params: ParameterInput, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetIothreadParams, { iothreadId, params: toTypedParams(params), flags }, options);
  }

  /**
   * Nanoseconds of CPU (`cpu_time`, `user_time`, `system_time`): of all CPUs of the host together, or from a CPU on for each of `ncpus`
   * (at most 128).
   */
  async getCPUStats(which: { startCpu?: number; ncpus?: number; flags?: number } = {}, options?: CallOptions): Promise<Parameters[]> {
    const { startCpu = -1, ncpus = 1, flags = 0 } = which;
    const { params, nparams } = await this.askAll(remote.domainGetCpuStats, { startCpu, ncpus, flags }, options);
    return Array.from({ length: params.length / Math.max(1, nparams) }, (_, at) =>
      fromTypedParams(params.slice(at * nparams, (at + 1) * nparams)),
    );
  }

  private async hostMapBytes(options: CallOptions | undefined): Promise<number> {
    return cpuMapBytes((await this.caller.call(remote.nodeGetCpuMap, { needMap: 0, needOnline: 0, flags: 0 }, options)).ret);
  }
}
