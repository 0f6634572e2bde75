import type { CallOptions, FlagOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import { NodeDevice } from '../node-device.ts';
import { Secret } from '../secret.ts';
import { ConnectionNetworks } from './networks.ts';

/** Finding and making the host's devices, and secrets. */
export abstract class ConnectionDevices extends ConnectionNetworks {
  /** See `ConnectListAllNodeDeviceFlags`. */
  async listAllNodeDevices(flags = 0, options?: CallOptions): Promise<NodeDevice[]> {
    const { devices } = await this.call(remote.connectListAllNodeDevices, { needResults: 1, flags }, options);
    return devices.map((device) => new NodeDevice(this.link, device));
  }
  async nodeDeviceLookupByName(name: string, options?: CallOptions): Promise<NodeDevice> {
    return new NodeDevice(this.link, (await this.call(remote.nodeDeviceLookupByName, { name }, options)).dev);
  }
  async nodeDeviceLookupSCSIHostByWWN(wwnn: string, wwpn: string, callFlags: FlagOptions = {}): Promise<NodeDevice> {
    const { flags = 0, ...options } = callFlags;
    return new NodeDevice(this.link, (await this.call(remote.nodeDeviceLookupScsiHostByWwn, { wwnn, wwpn, flags }, options)).dev);
  }
  /** Makes a virtual device that is gone once it is destroyed. See `NodeDeviceCreateXMLFlags`. */
  async nodeDeviceCreateXML(xmlDesc: string, flags = 0, options?: CallOptions): Promise<NodeDevice> {
    return new NodeDevice(this.link, (await this.call(remote.nodeDeviceCreateXml, { xmlDesc, flags }, options)).dev);
  }
  /** Defines a mediated device. Needs libvirt 7.3. */
  async nodeDeviceDefineXML(xmlDesc: string, flags = 0, options?: CallOptions): Promise<NodeDevice> {
    return new NodeDevice(this.link, (await this.call(remote.nodeDeviceDefineXml, { xmlDesc, flags }, options)).dev);
  }

  /** See `ConnectListAllSecretsFlags`. */
  async listAllSecrets(flags = 0, options?: CallOptions): Promise<Secret[]> {
    const { secrets } = await this.call(remote.connectListAllSecrets, { needResults: 1, flags }, options);
    return secrets.map((secret) => new Secret(this.link, secret));
  }
  async secretLookupByUUID(uuid: string, options?: CallOptions): Promise<Secret> {
    return new Secret(this.link, (await this.call(remote.secretLookupByUuid, { uuid }, options)).secret);
  }
  /** By what it is for: a `SecretUsageType` and the path or name. */
  async secretLookupByUsage(usageType: number, usageID: string, options?: CallOptions): Promise<Secret> {
    return new Secret(this.link, (await this.call(remote.secretLookupByUsage, { usageType, usageID }, options)).secret);
  }
  async secretDefineXML(xml: string, flags = 0, options?: CallOptions): Promise<Secret> {
    return new Secret(this.link, (await this.call(remote.secretDefineXml, { xml, flags }, options)).secret);
  }
}
