/** What the first bytes of an image file say. Nothing in it is trusted: lengths are checked before they are followed. */
export type ImageHead =
  | { readonly is: 'qcow2'; readonly capacityBytes: number; readonly backingFile: string | null; readonly problems: readonly string[] }
  | { readonly is: 'other'; readonly format: string }
  | { readonly is: 'raw' };

/** Bytes of the head that `inspectHead` wants: up to the name of the backing file, which lies in the first cluster. */
export const HEAD_BYTES = 64 * 1024;

const OTHERS: readonly (readonly [string, number, string])[] = [
  ['KDMV', 0, 'vmdk'],
  ['# Disk DescriptorFile', 0, 'vmdk'],
  ['vhdxfile', 0, 'vhdx'],
  ['conectix', 0, 'vpc'],
  ['QED\0', 0, 'qed'],
  ['LUKS\xba\xbe', 0, 'luks'],
  ['<<< ', 0, 'vdi'],
];
const INCOMPATIBLE_DIRTY = 1n;
const INCOMPATIBLE_EXTERNAL_DATA = 4n;
const INCOMPATIBLE_COMPRESSION = 8n;
const INCOMPATIBLE_EXTENDED_L2 = 16n;
const HARMLESS = INCOMPATIBLE_DIRTY | INCOMPATIBLE_COMPRESSION | INCOMPATIBLE_EXTENDED_L2;
const EXTENSION_END = 0;
const EXTENSION_DATA_FILE = 0x4441_5441;
const BACKING_NAME_MAX = 1023;

/** Tells the format by its magic, and for qcow2 all that could make QEMU open another file. */
export function inspectHead(head: Buffer): ImageHead {
  if (head.length >= 4 && head.toString('latin1', 0, 4) === 'QFI\xfb') return inspectQcow2(head);
  const other = OTHERS.find(([magic, at]) => head.toString('latin1', at, at + magic.length) === magic);
  return other ? { is: 'other', format: other[2] } : { is: 'raw' };
}

function inspectQcow2(head: Buffer): ImageHead {
  const problems: string[] = [];
  const broken = (why: string): ImageHead => ({ is: 'qcow2', capacityBytes: 0, backingFile: null, problems: [why] });
  if (head.length < 104) return broken('its header is cut off');
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) return broken(`it has the unknown version ${version}`);
  const capacity = head.readBigUInt64BE(24);
  if (capacity > 2n ** 53n) return broken('it claims to be larger than any disk');
  if (head.readUInt32BE(32) !== 0) problems.push('it is encrypted');
  if (version === 3) problems.push(...problemsOfFeatures(head));
  const backing = backingFileOf(head);
  if (backing === undefined) problems.push('the name of its backing file lies outside its header');
  return { is: 'qcow2', capacityBytes: Number(capacity), backingFile: backing ?? null, problems };
}

function problemsOfFeatures(head: Buffer): string[] {
  const features = head.readBigUInt64BE(72);
  const problems: string[] = [];
  if (features & INCOMPATIBLE_EXTERNAL_DATA || hasDataFileExtension(head)) problems.push('it keeps its data in another file');
  if (features & ~(HARMLESS | INCOMPATIBLE_EXTERNAL_DATA)) problems.push('it is marked as corrupt or uses features that are not known');
  return problems;
}

function hasDataFileExtension(head: Buffer): boolean {
  let at = head.readUInt32BE(100);
  while (at >= 72 && at + 8 <= head.length) {
    const type = head.readUInt32BE(at);
    if (type === EXTENSION_END) return false;
    if (type === EXTENSION_DATA_FILE) return true;
    at += 8 + Math.ceil(head.readUInt32BE(at + 4) / 8) * 8;
  }
  return false;
}

/** `null`: none; `undefined`: there is one, but not where it may be. */
function backingFileOf(head: Buffer): string | null | undefined {
  const offset = head.readBigUInt64BE(8);
  if (offset === 0n) return null;
  const length = head.readUInt32BE(16);
  if (length === 0 || length > BACKING_NAME_MAX || offset + BigInt(length) > BigInt(head.length)) return undefined;
  return head.toString('utf8', Number(offset), Number(offset) + length);
}
