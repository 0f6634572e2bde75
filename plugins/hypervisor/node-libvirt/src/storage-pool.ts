import type { CallOptions, Caller, FlagOptions } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { StoragePool as StoragePoolRef } from './generated/types-common.ts';
import { Handle } from './handle.ts';
import { StorageVolume } from './storage-volume.ts';

export interface PoolInfo {
  /** See `StoragePoolState`. */
  state: number;
  capacityBytes: number;
  allocationBytes: number;
  availableBytes: number;
}

/** A place on a host where volumes are. */
export class StoragePool extends Handle<'pool', StoragePoolRef> {
  readonly name: string;
  readonly uuid: string;

  constructor(caller: Caller, ref: StoragePoolRef) {
    super(caller, 'pool');
    this.name = ref.name;
    this.uuid = ref.uuid;
  }

  get ref(): StoragePoolRef {
    return { name: this.name, uuid: this.uuid };
  }

  /** Starts a pool that is defined. See `StoragePoolCreateFlags`. */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolCreate, { flags }, options);
  }
  /** Makes what the pool stands on, such as its folder. */
  async build(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolBuild, { flags }, options);
  }
  /** Stops the pool; the data stay. */
  async destroy(options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolDestroy, {}, options);
  }
  /** Deletes what the pool stands on. See `StoragePoolDeleteFlags`. */
  async delete(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolDelete, { flags }, options);
  }
  async undefine(options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolUndefine, {}, options);
  }
  /** Looks again for volumes that were made or removed without libvirt. */
  async refresh(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolRefresh, { flags }, options);
  }
  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.storagePoolIsActive, {}, options)).active === 1;
  }
  /** False for a pool that is gone once it stops. */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.storagePoolIsPersistent, {}, options)).persistent === 1;
  }
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    return this.ask(remote.storagePoolSetAutostart, { autostart: autostart ? 1 : 0 }, options);
  }
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return (await this.ask(remote.storagePoolGetAutostart, {}, options)).autostart !== 0;
  }
  async getInfo(options?: CallOptions): Promise<PoolInfo> {
    const info = await this.ask(remote.storagePoolGetInfo, {}, options);
    return {
      state: info.state,
      capacityBytes: Number(info.capacity),
      allocationBytes: Number(info.allocation),
      availableBytes: Number(info.available),
    };
  }
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.storagePoolGetXmlDesc, { flags }, options)).xml;
  }

  async listAllVolumes(flags = 0, options?: CallOptions): Promise<StorageVolume[]> {
    const { vols } = await this.ask(remote.storagePoolListAllVolumes, { needResults: 1, flags }, options);
    return vols.map((vol) => new StorageVolume(this.caller, vol));
  }
  async storageVolLookupByName(name: string, options?: CallOptions): Promise<StorageVolume> {
    const { vol } = await this.ask(remote.storageVolLookupByName, { name }, options);
    return new StorageVolume(this.caller, vol);
  }
  async storageVolCreateXML(xml: string, flags = 0, options?: CallOptions): Promise<StorageVolume> {
    const { vol } = await this.ask(remote.storageVolCreateXml, { xml, flags }, options);
    return new StorageVolume(this.caller, vol);
  }
  /** A new volume with the content of another one. */
  async storageVolCreateXMLFrom(xml: string, from: StorageVolume, callFlags: FlagOptions = {}): Promise<StorageVolume> {
    const { flags = 0, ...options } = callFlags;
    return new StorageVolume(
      this.caller,
      (await this.ask(remote.storageVolCreateXmlFrom, { xml, clonevol: from.ref, flags }, options)).vol,
    );
  }
}
