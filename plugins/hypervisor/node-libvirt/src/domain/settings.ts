import type { CallOptions, FlagOptions, Procedure } from '../caller.ts';
import { TypedParameterFlags } from '../generated/constants-common.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { Domain as DomainRef, TypedParam } from '../generated/types-common.ts';
import { integer64 } from '../integers.ts';
import type { ParameterInput, Parameters } from '../typed-params.ts';
import { fromTypedParams, toTypedParams } from '../typed-params.ts';
import { DomainSaving } from './saving.ts';

/** What goes to a procedure that answers with parameters, or with their number when it is asked for none. */
interface CountedArgs {
  dom: DomainRef;
  nparams: number;
  flags: number;
}
interface CountedRet {
  params: TypedParam[];
  nparams: number;
}

/** Without this libvirt leaves out texts, for the sake of clients from before it had them. */
const withTexts = TypedParameterFlags.PARAM_STRING_OKAY;

/** Memory, and the limits that a domain runs under. Flags are `DomainModificationImpact`: the running domain, its definition, or both. */
export abstract class DomainSettings extends DomainSaving {
  /** Asks how many parameters there are and then for all of them. */
  protected async askAll<A extends CountedArgs>(
    procedure: Procedure<A, CountedRet>,
    args: Omit<A, 'dom' | 'nparams'>,
    options: CallOptions | undefined,
  ): Promise<CountedRet> {
    const argsFor = (nparams: number) => ({ ...args, dom: this.ref, nparams, flags: (args as A).flags | withTexts }) as A;
    const { nparams } = await this.caller.call(procedure, argsFor(0), options);
    return nparams === 0 ? { params: [], nparams } : this.caller.call(procedure, argsFor(nparams), options);
  }

  /** See `DomainMemoryModFlags`; with its MAXIMUM this is also the way to the maximum. */
  async setMemory(memoryKib: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetMemoryFlags, { memory: integer64(memoryKib), flags }, options);
  }
  async setMaxMemory(memoryKib: number, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetMaxMemory, { memory: integer64(memoryKib) }, options);
  }
  /** KiB. */
  async getMaxMemory(options?: CallOptions): Promise<number> {
    return Number((await this.ask(remote.domainGetMaxMemory, {}, options)).memory);
  }
  /** What the balloon of the guest tells, by the tags of `DomainMemoryStatTags`; KiB where it is an amount. */
  async memoryStats(flags = 0, options?: CallOptions): Promise<Map<number, bigint>> {
    const { stats } = await this.ask(remote.domainMemoryStats, { maxStats: memoryStatsMax, flags }, options);
    return new Map(stats.map(({ tag, val }) => [tag, val]));
  }
  /** How often the guest tells what memory it uses; 0 stops it. See `DomainMemoryModFlags`. */
  async setMemoryStatsPeriod(periodSeconds: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetMemoryStatsPeriod, { period: periodSeconds, flags }, options);
  }
  /** `hard_limit` and the like, in KiB; see `ParameterName.DOMAIN_MEMORY_HARD_LIMIT`. */
  async getMemoryParameters(flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.askAll(remote.domainGetMemoryParameters, { flags }, options)).params);
  }
  async setMemoryParameters(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetMemoryParameters, { params: toTypedParams(params), flags }, options);
  }
  /** `numa_nodeset`, `numa_mode`. */
  async getNumaParameters(flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.askAll(remote.domainGetNumaParameters, { flags }, options)).params);
  }
  async setNumaParameters(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetNumaParameters, { params: toTypedParams(params), flags }, options);
  }

  /** The name of the scheduler, and how many parameters it has. */
  async getSchedulerType(options?: CallOptions): Promise<{ type: string; nparams: number }> {
    return this.ask(remote.domainGetSchedulerType, {}, options);
  }
  /** `cpu_shares`, `vcpu_period` and the like (virsh: `schedinfo`). Periods and quotas are microseconds. */
  async getSchedulerParameters(flags = 0, options?: CallOptions): Promise<Parameters> {
    const { nparams } = await this.getSchedulerType(options);
    const args = { nparams, flags: flags | withTexts };
    return fromTypedParams((await this.ask(remote.domainGetSchedulerParametersFlags, args, options)).params);
  }
  async setSchedulerParameters(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetSchedulerParametersFlags, { params: toTypedParams(params), flags }, options);
  }
  /** `weight`, `device_weight` and the like (virsh: `blkiotune`). */
  async getBlkioParameters(flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.askAll(remote.domainGetBlkioParameters, { flags }, options)).params);
  }
  async setBlkioParameters(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetBlkioParameters, { params: toTypedParams(params), flags }, options);
  }
  /** The limits of one network interface, named by its device on the host or its MAC address: `inbound.average` and the like, KiB/s. */
  async getInterfaceParameters(device: string, flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.askAll(remote.domainGetInterfaceParameters, { device, flags }, options)).params);
  }
  async setInterfaceParameters(device: string, params: ParameterInput, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetInterfaceParameters, { device, params: toTypedParams(params), flags }, options);
  }
  /** Which performance counters are on. */
  async getPerfEvents(flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.ask(remote.domainGetPerfEvents, { flags }, options)).params);
  }
  async setPerfEvents(params: Record<string, boolean>, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetPerfEvents, { params: toTypedParams(params), flags }, options);
  }
  /** Memory encryption of the guest: its measurement and the like. */
  async getLaunchSecurityInfo(flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.ask(remote.domainGetLaunchSecurityInfo, { flags }, options)).params);
  }
  async setLaunchSecurityState(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetLaunchSecurityState, { params: toTypedParams(params), flags }, options);
  }
  /** Measures for some seconds how fast the guest changes its memory; the result is in the statistics (`DomainStatsTypes.DIRTYRATE`). */
  async startDirtyRateCalc(durationSeconds: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainStartDirtyRateCalc, { seconds: durationSeconds, flags }, options);
  }
}

/** More than libvirt has tags. */
const memoryStatsMax = 64;
