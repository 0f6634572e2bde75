import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { StoragePool as StoragePoolRef } from './generated/types-common.ts';
import { StorageVolume } from './storage-volume.ts';

export interface PoolInfo {
  /** See `StoragePoolState`. */
  state: number;
  capacityBytes: number;
  allocationBytes: number;
  availableBytes: number;
}

/** A place on a host where volumes are. */
export class StoragePool {
  readonly name: string;
  readonly uuid: string;
  private readonly caller: Caller;

  constructor(caller: Caller, ref: StoragePoolRef) {
    this.caller = caller;
    this.name = ref.name;
    this.uuid = ref.uuid;
  }

  get ref(): StoragePoolRef {
    return { name: this.name, uuid: this.uuid };
  }

  /** Starts a pool that is defined. See `StoragePoolCreateFlags`. */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.storagePoolCreate, { pool: this.ref, flags }, options);
  }
  /** Makes what the pool stands on, such as its folder. */
  async build(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.storagePoolBuild, { pool: this.ref, flags }, options);
  }
  /** Stops the pool; the data stay. */
  async destroy(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.storagePoolDestroy, { pool: this.ref }, options);
  }
  async undefine(options?: CallOptions): Promise<void> {
    await this.caller.call(remote.storagePoolUndefine, { pool: this.ref }, options);
  }
  /** Looks again for volumes that were made or removed without libvirt. */
  async refresh(flags = 0, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.storagePoolRefresh, { pool: this.ref, flags }, options);
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.storagePoolIsActive, { pool: this.ref }, options)).active === 1;
  }
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    await this.caller.call(remote.storagePoolSetAutostart, { pool: this.ref, autostart: autostart ? 1 : 0 }, options);
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.caller.call(remote.storagePoolGetAutostart, { pool: this.ref }, options)).autostart !== 0;
  }
  async getInfo(options?: CallOptions): Promise<PoolInfo> {
    const info = await this.caller.call(remote.storagePoolGetInfo, { pool: this.ref }, options);
    return {
      state: info.state,
      capacityBytes: Number(info.capacity),
      allocationBytes: Number(info.allocation),
      availableBytes: Number(info.available),
    };
  }
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.caller.call(remote.storagePoolGetXmlDesc, { pool: this.ref, flags }, options)).xml;
  }

  async listAllVolumes(flags = 0, options?: CallOptions): Promise<StorageVolume[]> {
    const { vols } = await this.caller.call(remote.storagePoolListAllVolumes, { pool: this.ref, needResults: 1, flags }, options);
    return vols.map((vol) => new StorageVolume(this.caller, vol));
  }
  async storageVolLookupByName(name: string, options?: CallOptions): Promise<StorageVolume> {
    const { vol } = await this.caller.call(remote.storageVolLookupByName, { pool: this.ref, name }, options);
    return new StorageVolume(this.caller, vol);
  }
  async storageVolCreateXML(xml: string, flags = 0, options?: CallOptions): Promise<StorageVolume> {
    const { vol } = await this.caller.call(remote.storageVolCreateXml, { pool: this.ref, xml, flags }, options);
    return new StorageVolume(this.caller, vol);
  }
  /** A new volume with the content of another one. */
  async storageVolCreateXMLFrom(
    xml: string,
    from: StorageVolume,
    callFlags: CallOptions & { flags?: number } = {},
  ): Promise<StorageVolume> {
    const { flags = 0, ...options } = callFlags;
    const args = { pool: this.ref, xml, clonevol: from.ref, flags };
    return new StorageVolume(this.caller, (await this.caller.call(remote.storageVolCreateXmlFrom, args, options)).vol);
  }
}
