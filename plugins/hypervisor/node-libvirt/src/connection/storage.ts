import type { CallOptions, FlagOptions } from '../caller.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import { StoragePool } from '../storage-pool.ts';
import { StorageVolume } from '../storage-volume.ts';
import { ConnectionDomains } from './domains.ts';

/** Finding and making storage pools, and finding volumes. */
export abstract class ConnectionStorage extends ConnectionDomains {
  /** See `ConnectListAllStoragePoolsFlags`. */
  async listAllStoragePools(flags = 0, options?: CallOptions): Promise<StoragePool[]> {
    const { pools } = await this.call(remote.connectListAllStoragePools, { needResults: 1, flags }, options);
    return pools.map((pool) => new StoragePool(this.link, pool));
  }
  async storagePoolLookupByName(name: string, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolLookupByName, { name }, options)).pool);
  }
  async storagePoolLookupByUUID(uuid: string, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolLookupByUuid, { uuid }, options)).pool);
  }
  async storagePoolLookupByTargetPath(path: string, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolLookupByTargetPath, { path }, options)).pool);
  }
  async storagePoolLookupByVolume(volume: StorageVolume, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolLookupByVolume, { vol: volume.ref }, options)).pool);
  }
  async storagePoolDefineXML(xml: string, flags = 0, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolDefineXml, { xml, flags }, options)).pool);
  }
  /** Starts a pool that is gone once it stops. See `StoragePoolCreateFlags`. */
  async storagePoolCreateXML(xml: string, flags = 0, options?: CallOptions): Promise<StoragePool> {
    return new StoragePool(this.link, (await this.call(remote.storagePoolCreateXml, { xml, flags }, options)).pool);
  }
  /** What the host finds that could be pools of a type, as XML. */
  async findStoragePoolSources(type: string, srcSpec: string | null = null, callFlags: FlagOptions = {}): Promise<string> {
    const { flags = 0, ...options } = callFlags;
    return (await this.call(remote.connectFindStoragePoolSources, { type, srcSpec, flags }, options)).xml;
  }
  async storageVolLookupByPath(path: string, options?: CallOptions): Promise<StorageVolume> {
    return new StorageVolume(this.link, (await this.call(remote.storageVolLookupByPath, { path }, options)).vol);
  }
  async storageVolLookupByKey(key: string, options?: CallOptions): Promise<StorageVolume> {
    return new StorageVolume(this.link, (await this.call(remote.storageVolLookupByKey, { key }, options)).vol);
  }
}
