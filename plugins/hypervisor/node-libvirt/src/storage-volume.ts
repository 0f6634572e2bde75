import type { CallOptions, Caller } from './caller.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { StorageVol } from './generated/types-common.ts';
import { Handle } from './handle.ts';
import { integer64 } from './integers.ts';
import type { Hole, Stream } from './stream.ts';

export interface VolumeInfo {
  /** See `StorageVolType`. */
  type: number;
  capacityBytes: number;
  allocationBytes: number;
}

/** Which part of a volume goes through a stream. */
export interface TransferOptions extends CallOptions {
  /** Default: 0. */
  offsetBytes?: number;
  /** Default: 0, up to the end. */
  lengthBytes?: number;
  /** See `StorageVolUploadFlags` and `StorageVolDownloadFlags`; holes are sent and come as such with `SPARSE_STREAM`. Default: 0. */
  flags?: number;
}

/** A disk image in a pool. */
export class StorageVolume extends Handle<'vol', StorageVol> {
  readonly name: string;
  /** The name of its pool. */
  readonly pool: string;
  /** Unique on the host; for files the path. */
  readonly key: string;

  constructor(caller: Caller, ref: StorageVol) {
    super(caller, 'vol');
    this.name = ref.name;
    this.pool = ref.pool;
    this.key = ref.key;
  }

  get ref(): StorageVol {
    return { pool: this.pool, name: this.name, key: this.key };
  }

  async getInfo(options?: CallOptions): Promise<VolumeInfo> {
    const info = await this.ask(remote.storageVolGetInfo, {}, options);
    return { type: info.type, capacityBytes: Number(info.capacity), allocationBytes: Number(info.allocation) };
  }
  /** See `StorageVolInfoFlags`: with GET_PHYSICAL the allocation is the length of the file. */
  async getInfoFlags(flags = 0, options?: CallOptions): Promise<VolumeInfo> {
    const info = await this.ask(remote.storageVolGetInfoFlags, { flags }, options);
    return { type: info.type, capacityBytes: Number(info.capacity), allocationBytes: Number(info.allocation) };
  }
  async getXMLDesc(flags = 0, options?: CallOptions): Promise<string> {
    return (await this.ask(remote.storageVolGetXmlDesc, { flags }, options)).xml;
  }
  async getPath(options?: CallOptions): Promise<string> {
    return (await this.ask(remote.storageVolGetPath, {}, options)).name;
  }
  /** See `StorageVolResizeFlags`. */
  async resize(capacityBytes: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storageVolResize, { capacity: integer64(capacityBytes), flags }, options);
  }
  /** Deletes the data. There is no way back. */
  async delete(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storageVolDelete, { flags }, options);
  }
  /** Overwrites the data with zeros. */
  async wipe(flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storageVolWipe, { flags }, options);
  }
  /** Overwrites the data in a way of `StorageVolWipeAlgorithm`. */
  async wipePattern(algorithm: number, flags = 0, options?: CallOptions): Promise<void> {
    return this.ask(remote.storageVolWipePattern, { algorithm, flags }, options);
  }

  /** Fills the volume from the source and waits until the host has all of it. A piece may be overwritten as soon as the next one is asked for. */
  async upload(source: AsyncIterable<Uint8Array | Hole> | Iterable<Uint8Array | Hole>, options: TransferOptions = {}): Promise<void> {
    const { offsetBytes = 0, lengthBytes = 0, flags = 0, ...call } = options;
    const args = { vol: this.ref, offset: integer64(offsetBytes), length: integer64(lengthBytes), flags };
    await using stream = await this.caller.openStream(remote.storageVolUpload, args, call);
    for await (const chunk of source) await stream.write(chunk);
    await stream.finish();
  }
  /** The content of the volume, as fast as it is read here. */
  async download(options: TransferOptions = {}): Promise<Stream> {
    const { offsetBytes = 0, lengthBytes = 0, flags = 0, ...call } = options;
    const args = { vol: this.ref, offset: integer64(offsetBytes), length: integer64(lengthBytes), flags };
    return this.caller.openStream(remote.storageVolDownload, args, call);
  }
}
