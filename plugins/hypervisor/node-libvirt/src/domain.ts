import type { CallOptions, Caller } from './caller.ts';
import { qemuProcedures } from './generated/procedures-qemu.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { Domain as DomainRef, DomainInterface } from './generated/types-common.ts';
import type { Stream } from './stream.ts';

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

/**
 * A virtual machine of a host. It is a name for it, not a copy: methods ask the host every time.
 * Methods have libvirt's own names and flags; `flags` is 0 where it is not given.
 */
export class Domain {
  /** Its name when it was looked up, or since `rename`. */
  name: string;
  /** In lower case with dashes. */
  readonly uuid: string;
  /** The number of the running domain when it was looked up; -1 when it was not running. */
  readonly id: number;
  private readonly caller: Caller;

  constructor(caller: Caller, ref: DomainRef) {
    this.caller = caller;
    this.name = ref.name;
    this.uuid = ref.uuid;
    this.id = ref.id;
  }

  /** As the protocol wants it; for `conn.call()` with procedures that have no method here. */
  get ref(): DomainRef {
    return { name: this.name, uuid: this.uuid, id: this.id };
  }

  /** Starts a domain that is defined and not running. */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainCreateWithFlags, { dom: this.ref, flags }, options);
  }
  /** Asks the guest to shut down; the answer comes before the guest has done so. */
  async shutdown(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainShutdownFlags, { dom: this.ref, flags }, options);
  }
  /** Pulls the plug. The disks stay. */
  async destroy(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainDestroyFlags, { dom: this.ref, flags }, options);
  }
  async reboot(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainReboot, { dom: this.ref, flags }, options);
  }
  async reset(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainReset, { dom: this.ref, flags }, options);
  }
  async suspend(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainSuspend, { dom: this.ref }, options);
  }
  async resume(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainResume, { dom: this.ref }, options);
  }
  /** Forgets the definition. See `DomainUndefineFlagsValues` for what must go with it (NVRAM, checkpoints, ...). */
  async undefine(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainUndefineFlags, { dom: this.ref, flags }, options);
  }
  /** Gives another name to a domain that is not running. */
  async rename(newName: string, flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainRename, { dom: this.ref, newName, flags }, options);
    this.name = newName;
  }
  /** The definition as XML. See `DomainXMLFlags`. */
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.caller.call(remote.domainGetXmlDesc, { dom: this.ref, flags }, options)).xml;
  }
  async getInfo(options?: CallOptions): Promise<DomainInfo> {
    const info = await this.caller.call(remote.domainGetInfo, { dom: this.ref }, options);
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
    return this.caller.call(remote.domainGetState, { dom: this.ref, flags }, options);
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.domainIsActive, { dom: this.ref }, options)).active === 1;
  }
  /** False for a domain that is gone once it stops. */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.domainIsPersistent, { dom: this.ref }, options)).persistent === 1;
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.domainGetAutostart, { dom: this.ref }, options)).autostart !== 0;
  }
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainSetAutostart, { dom: this.ref, autostart: autostart ? 1 : 0 }, options);
  }

  async setMetadata(change: MetadataChange, options?: CallOptions): Promise<void> {
    const { type, metadata, key = null, uri = null, flags = 0 } = change;
    await this.caller.call(remote.domainSetMetadata, { dom: this.ref, type, metadata, key, uri, flags }, options);
  }
  /** Rejects with `ErrorCode.NO_DOMAIN_METADATA` when there is none. */
  async getMetadata(which: { type: number; uri?: string | null; flags?: number }, options?: CallOptions): Promise<string> {
    const { type, uri = null, flags = 0 } = which;
    return (await this.caller.call(remote.domainGetMetadata, { dom: this.ref, type, uri, flags }, options)).metadata;
  }

  /** See `DomainVcpuFlags`. */
  async setVcpus(nvcpus: number, flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainSetVcpusFlags, { dom: this.ref, nvcpus, flags }, options);
  }
  /** See `DomainMemoryModFlags`; with its MAXIMUM this is also the way to the maximum. */
  async setMemory(memoryKib: number, flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainSetMemoryFlags, { dom: this.ref, memory: BigInt(memoryKib), flags }, options);
  }
  async setMaxMemory(memoryKib: number, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainSetMaxMemory, { dom: this.ref, memory: BigInt(memoryKib) }, options);
  }
  /** The size is in KiB, or in bytes with `DomainBlockResizeFlags.BYTES`. */
  async blockResize(disk: string, size: number | bigint, callFlags: CallOptions & { flags?: number } = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    await this.caller.call(remote.domainBlockResize, { dom: this.ref, disk, size: BigInt(size), flags }, options);
  }
  /** See `DomainDeviceModifyFlags`. */
  async attachDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainAttachDeviceFlags, { dom: this.ref, xml, flags }, options);
  }
  async detachDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainDetachDeviceFlags, { dom: this.ref, xml, flags }, options);
  }
  async updateDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.domainUpdateDeviceFlags, { dom: this.ref, xml, flags }, options);
  }

  /** The serial console as a stream of bytes both ways. Null is the first console. See `DomainConsoleFlags`. */
  async openConsole(devName: string | null = null, flags = 0, options?: CallOptions): Promise<Stream> {
    return this.caller.openStream(remote.domainOpenConsole, { dom: this.ref, devName, flags }, options);
  }
  /** See `DomainInterfaceAddressesSource`: 0 leases, 1 guest agent, 2 the host's ARP table. */
  async interfaceAddresses(source: number, flags = 0, options?: CallOptions): Promise<DomainInterface[]> {
    return (await this.caller.call(remote.domainInterfaceAddresses, { dom: this.ref, source, flags }, options)).ifaces;
  }
  /** Sends one JSON command to the guest agent. The agent's time limit is in seconds; -1 libvirt's default, -2 none. */
  async qemuAgentCommand(cmd: string, timeoutSeconds = -1, options?: CallOptions): Promise<string | null> {
    const args = { dom: this.ref, cmd, timeout: timeoutSeconds, flags: 0 };
    return (await this.caller.call(qemuProcedures.domainAgentCommand, args, options)).result;
  }
}
