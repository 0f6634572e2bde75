import type { CallOptions, Caller, FlagOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { Domain as DomainRef } from '../generated/types-common.ts';
import { Handle } from '../handle.ts';
import { fieldText } from '../xdr/field-text.ts';

/** How much a domain uses, from `domain.getInfo()`. */
export interface DomainInfo {
  /** See `DomainState`. */
  state: number;
  maxMemKib: number;
  memoryKib: number;
  nrVirtCpu: number;
  /** Nanoseconds of CPU since the domain was started. */
  cpuTimeNs: bigint;
}

/** A custom or standard piece of metadata in the domain's XML. */
export interface MetadataChange {
  /** See `DomainMetadataType`: 0 description, 1 title, 2 an element in a namespace of one's own. */
  type: number;
  /** The text, or for type 2 one XML element. Null removes it. */
  metadata: string | null;
  /** The prefix of the namespace; for type 2 only. Default: null. */
  key?: string | null;
  /** The namespace; for type 2 only. Default: null. */
  uri?: string | null;
  /** See `DomainModificationImpact`. Default: 0, the current state. */
  flags?: number;
}

/** What a domain is and how it begins and ends. `Domain` is this and all that builds on it, one family of methods a file. */
export abstract class DomainLife extends Handle<'dom', DomainRef> {
  /** Its name when it was looked up, or since `rename`. */
  name: string;
  /** In lower case with dashes. */
  readonly uuid: string;
  /** The number of the running domain when it was looked up; -1 when it was not running. */
  readonly id: number;

  constructor(caller: Caller, ref: DomainRef) {
    super(caller, 'dom');
    this.name = ref.name;
    this.uuid = ref.uuid;
    this.id = ref.id;
  }

  get ref(): DomainRef {
    return { name: this.name, uuid: this.uuid, id: this.id };
  }

  /** Starts a domain that is defined and not running. */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    await this.ask(remote.domainCreateWithFlags, { flags }, options);
  }
  /** Asks the guest to shut down; the answer comes before the guest has done so. */
  async shutdown(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainShutdownFlags, { flags }, options);
  }
  /** Pulls the plug. The disks stay. */
  async destroy(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainDestroyFlags, { flags }, options);
  }
  /** See `DomainRebootFlagValues`. */
  async reboot(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainReboot, { flags }, options);
  }
  /** Presses the reset button. */
  async reset(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainReset, { flags }, options);
  }
  /** Stops the virtual CPUs; the memory stays where it is. */
  async suspend(options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSuspend, {}, options);
  }
  async resume(options?: CallOptions): Promise<void> {
    return this.ask(remote.domainResume, {}, options);
  }
  /** Has the guest agent put the guest to sleep. See `NodeSuspendTarget` for the kinds; most hypervisors take only 0 as the duration. */
  async pmSuspendForDuration(target: number, durationSeconds = 0, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainPmSuspendForDuration, { target, duration: BigInt(durationSeconds), flags }, options);
  }
  /** Wakes a guest that sleeps in memory. */
  async pmWakeup(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainPmWakeup, { flags }, options);
  }
  /** Forgets the definition. See `DomainUndefineFlagsValues` for what must go with it (NVRAM, checkpoints, ...). */
  async undefine(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainUndefineFlags, { flags }, options);
  }
  /** Gives another name to a domain that is not running. */
  async rename(newName: string, flags = 0, options?: CallOptions): Promise<void> {
    await this.ask(remote.domainRename, { newName, flags }, options);
    this.name = newName;
  }
  /** What happens at an event (`DomainLifecycle`): see `DomainLifecycleAction`. */
  async setLifecycleAction(type: number, action: number, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetLifecycleAction, { type, action, flags }, options);
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainGetAutostart, {}, options)).autostart !== 0;
  }
  /** Whether it starts with its host. */
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetAutostart, { autostart: autostart ? 1 : 0 }, options);
  }

  /** The definition as XML. See `DomainXMLFlags`. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainGetXmlDesc, { flags }, options)).xml;
  }
  async getInfo(options?: CallOptions): Promise<DomainInfo> {
    const info = await this.ask(remote.domainGetInfo, {}, options);
    return {
      state: info.state,
      maxMemKib: Number(info.maxMem),
      memoryKib: Number(info.memory),
      nrVirtCpu: info.nrVirtCpu,
      cpuTimeNs: info.cpuTime,
    };
  }
  /** See `DomainState`, and for the reason the enum of that state, such as `DomainShutoffReason`. */
  async getState(flags = 0, options?: CallOptions): Promise<{ state: number; reason: number }> {
    return this.ask(remote.domainGetState, { flags }, options);
  }
  /** What the line to the hypervisor does. See `DomainControlState` and, for the details of an error, `DomainControlErrorReason`. */
  async getControlInfo(flags = 0, options?: CallOptions): Promise<{ state: number; details: number; stateTimeMs: number }> {
    const { state, details, stateTime } = await this.ask(remote.domainGetControlInfo, { flags }, options);
    return { state, details, stateTimeMs: Number(stateTime) };
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainIsActive, {}, options)).active === 1;
  }
  /** False for a domain that is gone once it stops. */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainIsPersistent, {}, options)).persistent === 1;
  }
  /** Whether the definition was changed since the domain was started. */
  async isUpdated(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainIsUpdated, {}, options)).updated === 1;
  }
  /** `hvm`, `xen`, `exe` and the like. */
  async getOSType(options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainGetOsType, {}, options)).type;
  }
  /** Warnings about the domain, such as that it uses something deprecated. See `DomainMessageType`. */
  async getMessages(flags = 0, options?: CallOptions): Promise<string[]> {
    return (await this.ask(remote.domainGetMessages, { flags }, options)).msgs;
  }
  /** The labels that the host's security models keep it by (SELinux, AppArmor), and whether they are enforced. */
  async getSecurityLabelList(options?: CallOptions): Promise<{ label: string; enforcing: boolean }[]> {
    const { labels } = await this.ask(remote.domainGetSecurityLabelList, {}, options);
    return labels.map(({ label, enforcing }) => ({ label: fieldText(label), enforcing: enforcing === 1 }));
  }

  async setMetadata(change: MetadataChange, options?: CallOptions): Promise<void> {
    const { type, metadata, key = null, uri = null, flags = 0 } = change;
    return this.ask(remote.domainSetMetadata, { type, metadata, key, uri, flags }, options);
  }
  /** Rejects with `ErrorCode.NO_DOMAIN_METADATA` when there is none. */
  async getMetadata(which: { type: number; uri?: string | null; flags?: number }, options?: CallOptions): Promise<string> {
    const { type, uri = null, flags = 0 } = which;
    return (await this.ask(remote.domainGetMetadata, { type, uri, flags }, options)).metadata;
  }
}
