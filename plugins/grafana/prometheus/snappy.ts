/** Snappy's block format, as Prometheus' remote write uses it. */

export class SnappyError extends Error {
  override readonly name = 'SnappyError';
}

const NO_ROOM = Buffer.alloc(0);

interface Cursor {
  at: number;
}

function readLength(source: Uint8Array, cursor: Cursor): number {
  let length = 0;
  for (let factor = 1; cursor.at < source.length && factor <= 2 ** 28; factor *= 128) {
    const byte = source[cursor.at++]!;
    length += (byte & 127) * factor;
    if (byte < 128) return length;
  }
  throw new SnappyError('The length is not readable.');
}

/** Bytes of a literal; its length follows the tag in 1 to 4 bytes when it is above 60. */
function literalLength(source: Uint8Array, tag: number, cursor: Cursor): number {
  const short = tag >> 2;
  if (short < 60) return short + 1;
  let length = 0;
  for (let k = 0; k < short - 59; k++) length += (source[cursor.at++] ?? 0) * 2 ** (8 * k);
  return length + 1;
}

function copyBack(target: Uint8Array, at: number, { offset, length }: { offset: number; length: number }): void {
  if (offset === 0 || offset > at || at + length > target.length) throw new SnappyError('A copy points outside of the text.');
  // What is copied may overlap what is written: then it repeats itself.
  if (offset >= length) target.copyWithin(at, at - offset, at - offset + length);
  else for (let k = 0; k < length; k++) target[at + k] = target[at + k - offset]!;
}

/** Where a copy comes from and how long it is, by the two low bits of its tag. */
function readCopy(source: Uint8Array, tag: number, cursor: Cursor): { offset: number; length: number } {
  const byte = (): number => source[cursor.at++] ?? 0;
  if ((tag & 3) === 1) return { length: 4 + ((tag >> 2) & 7), offset: (tag >> 5) * 256 + byte() };
  const length = 1 + (tag >> 2);
  if ((tag & 3) === 2) return { length, offset: byte() + byte() * 256 };
  return { length, offset: byte() + byte() * 256 + byte() * 65_536 + byte() * 16_777_216 };
}

/** Into `room` where it is large enough. Errors: `SnappyError`, also when the text would be longer than `bytesMax`. */
export function uncompress(source: Uint8Array, bytesMax: number, room: Buffer = NO_ROOM): Buffer {
  const cursor = { at: 0 };
  const length = readLength(source, cursor);
  if (length > bytesMax) throw new SnappyError(`The text has ${length} bytes, more than ${bytesMax}.`);
  const target = length <= room.length ? room.subarray(0, length) : Buffer.allocUnsafeSlow(length);
  let at = 0;
  while (cursor.at < source.length) {
    const tag = source[cursor.at++]!;
    if ((tag & 3) === 0) {
      const size = literalLength(source, tag, cursor);
      if (at + size > length || cursor.at + size > source.length) throw new SnappyError('A literal is longer than the text.');
      target.set(source.subarray(cursor.at, cursor.at + size), at);
      cursor.at += size;
      at += size;
    } else {
      const copy = readCopy(source, tag, cursor);
      copyBack(target, at, copy);
      at += copy.length;
    }
  }
  if (at !== length) throw new SnappyError('The text is shorter than it says.');
  return target;
}
