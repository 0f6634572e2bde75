import type { CallOptions, FlagOptions } from '../caller.ts';
import { qemuProcedures } from '../generated/procedures-qemu.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { DomainFsinfo } from '../generated/types-common.ts';
import type { Parameters } from '../typed-params.ts';
import { fromTypedParams } from '../typed-params.ts';
import { DomainJobs } from './jobs.ts';

/** What the agent in the guest does. Without one the calls reject with `ErrorCode.AGENT_UNRESPONSIVE` or the like. */
export abstract class DomainGuest extends DomainJobs {
  /** Holds up writing to file systems, all or those at some mount points. Resolves with their number. */
  async fsFreeze(mountpoints: string[] = [], flags = 0, options?: CallOptions): Promise<number> {
    return (await this.ask(remote.domainFsfreeze, { mountpoints, flags }, options)).filesystems;
  }
  async fsThaw(mountpoints: string[] = [], flags = 0, options?: CallOptions): Promise<number> {
    return (await this.ask(remote.domainFsthaw, { mountpoints, flags }, options)).filesystems;
  }
  /** Tells the disks which blocks are free. Null is all file systems; shorter free ranges than the minimum are left alone. */
  async fsTrim(mountPoint: string | null = null, minimumBytes = 0, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainFstrim, { mountPoint, minimum: BigInt(minimumBytes), flags }, options);
  }
  async getFSInfo(flags = 0, options?: CallOptions): Promise<DomainFsinfo[]> {
    return (await this.ask(remote.domainGetFsinfo, { flags }, options)).info;
  }
  /** `os.name`, `fs.0.mountpoint` and the like, of the groups in `DomainGuestInfoTypes` (0: all that the agent knows). */
  async getGuestInfo(types = 0, flags = 0, options?: CallOptions): Promise<Parameters> {
    return fromTypedParams((await this.ask(remote.domainGetGuestInfo, { types, flags }, options)).params);
  }
  /** The name the guest has given itself. See `DomainGetHostnameFlags`. */
  async getHostname(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainGetHostname, { flags }, options)).hostname;
  }
  /** The guest's clock. */
  async getTime(flags = 0, options?: CallOptions): Promise<{ seconds: bigint; nseconds: number }> {
    return this.ask(remote.domainGetTime, { flags }, options);
  }
  /** With `DomainSetTimeFlags.SYNC` the time is taken from the guest's own hardware clock. */
  async setTime(time: { seconds: bigint; nseconds?: number }, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSetTime, { seconds: time.seconds, nseconds: time.nseconds ?? 0, flags }, options);
  }
  /** See `DomainSetUserPasswordFlags`. */
  async setUserPassword(user: string, password: string, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSetUserPassword, { user, password, flags }, options);
  }
  async authorizedSSHKeysGet(user: string, flags = 0, options?: CallOptions): Promise<string[]> {
    return (await this.ask(remote.domainAuthorizedSshKeysGet, { user, flags }, options)).keys;
  }
  /** See `DomainAuthorizedSSHKeysSetFlags`; without them the keys replace those that are there. */
  async authorizedSSHKeysSet(user: string, keys: string[], callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainAuthorizedSshKeysSet, { user, keys, flags }, options);
  }
  /** How long the agent may take from now on; see `DomainAgentResponseTimeoutValues` for negative numbers. */
  async agentSetResponseTimeout(timeoutSeconds: number, flags = 0, options?: CallOptions): Promise<void> {
    await this.ask(remote.domainAgentSetResponseTimeout, { timeout: timeoutSeconds, flags }, options);
  }
  /** Sends one JSON command to the guest agent. The agent's time limit is in seconds; -1 libvirt's default, -2 none. */
  async qemuAgentCommand(cmd: string, timeoutSeconds = -1, options?: CallOptions): Promise<string | null> {
    return (await this.ask(qemuProcedures.domainAgentCommand, { cmd, timeout: timeoutSeconds, flags: 0 }, options)).result;
  }
  /** Sends one command to QEMU's monitor, behind libvirt's back. See `DomainQemuMonitorCommandFlags`. */
  async qemuMonitorCommand(cmd: string, flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(qemuProcedures.domainMonitorCommand, { cmd, flags }, options)).result;
  }
}
