import type { CallOptions, FlagOptions } from '../caller.ts';
import { Domain } from '../domain.ts';
import { qemuProcedures } from '../generated/procedures-qemu.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { DomainStats } from '../stats.ts';
import { getAllDomainStats } from '../stats.ts';
import type { ParameterInput } from '../typed-params.ts';
import { toTypedParams } from '../typed-params.ts';
import { ConnectionHost } from './host.ts';

/** Finding and making domains. */
export abstract class ConnectionDomains extends ConnectionHost {
  /** All domains, or those that `ConnectListAllDomainsFlags` select. */
  async listAllDomains(flags = 0, options?: CallOptions): Promise<Domain[]> {
    const { domains } = await this.call(remote.connectListAllDomains, { needResults: 1, flags }, options);
    return domains.map((dom) => new Domain(this.link, dom));
  }
  async domainLookupByID(id: number, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainLookupById, { id }, options)).dom);
  }
  async domainLookupByName(name: string, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainLookupByName, { name }, options)).dom);
  }
  async domainLookupByUUID(uuid: string, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainLookupByUuid, { uuid }, options)).dom);
  }
  /** A handle without asking the host; libvirt goes by the UUID. */
  domain(ref: { uuid: string; name?: string; id?: number }): Domain {
    return new Domain(this.link, { uuid: ref.uuid, name: ref.name ?? ref.uuid, id: ref.id ?? -1 });
  }
  /** Defines a domain or changes the definition of that UUID. See `DomainDefineFlags`. */
  async domainDefineXML(xml: string, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainDefineXmlFlags, { xml, flags }, options)).dom);
  }
  /** Starts a domain that is gone once it stops. See `DomainCreateFlags`. */
  async domainCreateXML(xmlDesc: string, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(remote.domainCreateXml, { xmlDesc, flags }, options)).dom);
  }
  /** Takes a QEMU that was started without libvirt into its care. */
  async qemuAttach(pid: number, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this.link, (await this.call(qemuProcedures.domainAttach, { pidValue: pid, flags }, options)).dom);
  }

  /** Starts what `domain.save` has saved in a file of the host. See `DomainSaveRestoreFlags`. */
  async domainRestore(from: string, callFlags: FlagOptions & { dxml?: string | null } = {}): Promise<void> {
    const { flags = 0, dxml = null, ...options } = callFlags;
    return this.call(remote.domainRestoreFlags, { from, dxml, flags }, options);
  }
  /** The same with `file`, `dxml` and more as parameters, for libvirt 8.4 and newer. */
  async domainRestoreParams(params: ParameterInput, flags = 0, options?: CallOptions): Promise<void> {
    return this.call(remote.domainRestoreParams, { params: toTypedParams(params), flags }, options);
  }
  /** See `DomainSaveImageXMLFlags`. */
  async domainSaveImageGetXMLDesc(file: string, flags = 0, options?: CallOptions): Promise<string> {
    return (await this.call(remote.domainSaveImageGetXmlDesc, { file, flags }, options)).xml;
  }
  async domainSaveImageDefineXML(file: string, dxml: string, callFlags: FlagOptions = {}): Promise<void> {
    const { flags = 0, ...options } = callFlags;
    return this.call(remote.domainSaveImageDefineXml, { file, dxml, flags }, options);
  }

  /** libvirt's XML of a hypervisor's own configuration, such as `qemu-argv`. */
  async domainXMLFromNative(nativeFormat: string, nativeConfig: string, callFlags: FlagOptions = {}): Promise<string> {
    const { flags = 0, ...options } = callFlags;
    return (await this.call(remote.connectDomainXmlFromNative, { nativeFormat, nativeConfig, flags }, options)).domainXml;
  }
  /** The command line or configuration that the hypervisor gets for an XML. */
  async domainXMLToNative(nativeFormat: string, domainXml: string, callFlags: FlagOptions = {}): Promise<string> {
    const { flags = 0, ...options } = callFlags;
    return (await this.call(remote.connectDomainXmlToNative, { nativeFormat, domainXml, flags }, options)).nativeConfig;
  }

  /**
   * The statistics of many domains in one call. `stats` selects groups (`DomainStatsTypes`, 0: all), `flags` domains (`ConnectGetAllDomainStatsFlags`;
   * NOWAIT does not wait for a domain that is in a job), `domains` limits it to some.
   */
  async getAllDomainStats(
    which: { stats?: number; flags?: number; domains?: readonly Domain[] } = {},
    options?: CallOptions,
  ): Promise<{ domain: Domain; params: DomainStats }[]> {
    const { stats = 0, flags = 0, domains = [] } = which;
    const records = await this.call(getAllDomainStats, { doms: domains.map((domain) => domain.ref), stats, flags }, options);
    return records.map(({ dom, params }) => ({ domain: new Domain(this.link, dom), params }));
  }
}
