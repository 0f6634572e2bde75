export interface HeadParts {
  readonly version?: number;
  readonly features?: bigint;
  readonly encryption?: number;
  readonly backing?: string;
  readonly backingOffset?: bigint;
  readonly backingLength?: number;
  readonly dataFile?: string;
}

/** The head of a qcow2 file of 64 MiB, right or wrong as asked for; QEMU's own document of the format says where what is. */
export function qcow2Head(parts: HeadParts): Buffer {
  const { version = 3, features = 0n, encryption = 0, backing, dataFile } = parts;
  const head = Buffer.alloc(1024);
  head.write('QFI\xfb', 0, 'latin1');
  head.writeUInt32BE(version, 4);
  head.writeUInt32BE(16, 20);
  head.writeBigUInt64BE(64n * 2n ** 20n, 24);
  head.writeUInt32BE(encryption, 32);
  head.writeBigUInt64BE(features, 72);
  head.writeUInt32BE(4, 96);
  head.writeUInt32BE(104, 100);
  if (dataFile) {
    head.writeUInt32BE(0x4441_5441, 104);
    head.writeUInt32BE(dataFile.length, 108);
    head.write(dataFile, 112);
  }
  if (backing) head.write(backing, 512);
  head.writeBigUInt64BE(parts.backingOffset ?? (backing ? 512n : 0n), 8);
  head.writeUInt32BE(parts.backingLength ?? backing?.length ?? 0, 16);
  return head;
}
