import type { CallOptions, FlagOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { Stream } from '../stream.ts';
import type { ParameterInput } from '../typed-params.ts';
import { toTypedParams } from '../typed-params.ts';
import { DomainLife } from './life.ts';

/** A picture of a guest's screen. */
export interface Screenshot {
  /** Such as `image/png` or `image/x-portable-pixmap`. */
  mime: string | null;
  /** The bytes of the picture. */
  stream: Stream<unknown>;
}

/** Saving the state of a domain, and looking at it: files, dumps, consoles, the screen. Paths are those of the host. */
export abstract class DomainSaving extends DomainLife {
  /** Saves the memory to a file and stops; `conn.domainRestore` starts it again. See `DomainSaveRestoreFlags`. */
  async save(to: string, callFlags: FlagOptions & { dxml?: string | null } = {}): Promise<void> {
    const { flags = 0, dxml = null, ...options } = callFlags;
    return this.ask(remote.domainSaveFlags, { to, dxml, flags }, options);
  }
  /** The same with `file`, `dxml` and more as parameters, for libvirt 8.4 and newer. */
  async saveParams(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainSaveParams, { params: toTypedParams(params), flags }, options);
  }
  /** Saves the memory in a file of libvirt's and stops; the next `create` goes on from there. See `DomainSaveRestoreFlags`. */
  async managedSave(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainManagedSave, { flags }, options);
  }
  async hasManagedSaveImage(flags = 0, options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.domainHasManagedSaveImage, { flags }, options)).result === 1;
  }
  /** Throws the saved memory away; the next `create` is a fresh start. */
  async managedSaveRemove(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainManagedSaveRemove, { flags }, options);
  }
  /** See `DomainSaveImageXMLFlags`. */
  async managedSaveGetXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.domainManagedSaveGetXmlDesc, { flags }, options)).xml;
  }
  async managedSaveDefineXML(dxml: string | null, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainManagedSaveDefineXml, { dxml, flags }, options);
  }

  /** Writes the memory to a file for a debugger. See `DomainCoreDumpFlags`. */
  async coreDump(to: string, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainCoreDump, { to, flags }, options);
  }
  /** The same in a format of `DomainCoreDumpFormat`. */
  async coreDumpWithFormat(to: string, dumpformat: number, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainCoreDumpWithFormat, { to, dumpformat, flags }, options);
  }
  /** A picture of a screen of the guest; 0 is the first. */
  async screenshot(screen = 0, flags = 0, options?: CallOptions): Promise<Screenshot> {
    const stream = await this.caller.openStream(remote.domainScreenshot, { dom: this.ref, screen, flags }, options);
    return { mime: stream.answer.mime, stream };
  }
  /** The first bytes at an address of the guest's memory. See `DomainMemoryFlags`. */
  async memoryPeek(start: bigint, sizeBytes: number, callFlags: FlagOptions = {}): Promise<Uint8Array> {
    const { flags = 0, ...options } = callFlags;
    return (await this.ask(remote.domainMemoryPeek, { offset: start, size: sizeBytes, flags }, options)).buffer;
  }

  /** The serial console as a stream of bytes both ways. Null is the first console. See `DomainConsoleFlags`. */
  async openConsole(devName: string | null = null, flags = 0, options?: CallOptions): Promise<Stream> {
    return this.caller.openStream(remote.domainOpenConsole, { dom: this.ref, devName, flags }, options);
  }
  /** A channel between host and guest as a stream of bytes both ways. Null is the first one. See `DomainChannelFlags`. */
  async openChannel(name: string | null = null, flags = 0, options?: CallOptions): Promise<Stream> {
    return this.caller.openStream(remote.domainOpenChannel, { dom: this.ref, name, flags }, options);
  }
  /** Presses keys together, by their numbers in a `KeycodeSet`, for some milliseconds. */
  async sendKey(codeset: number, keycodes: number[], callFlags: FlagOptions & { holdtimeMs?: number } = {}): Promise<void> {
    const { flags = 0, holdtimeMs = 0, ...options } = callFlags;
    return this.ask(remote.domainSendKey, { codeset, holdtime: holdtimeMs, keycodes, flags }, options);
  }
  /** An interrupt that the guest cannot mask; many systems write a crash dump then. */
  async injectNMI(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.domainInjectNmi, { flags }, options);
  }
  /** A signal (`DomainProcessSignal`) to a process in a container. */
  async sendProcessSignal(pid: number | bigint, signum: number, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.ask(remote.domainSendProcessSignal, { pidValue: BigInt(pid), signum, flags }, options);
  }
}
