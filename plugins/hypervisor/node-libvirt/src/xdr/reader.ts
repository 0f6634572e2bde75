import { ConnectionError } from '../errors.ts';
import { NameCache } from './name-cache.ts';

const names = new NameCache();

/** Reads XDR values (RFC 4506) from one packet. Every length is checked against what is really there before anything is allocated. */
export class XdrReader {
  readonly bytes: Buffer;
  readonly end: number;
  offset: number;

  constructor(bytes: Buffer, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  private take(count: number): number {
    const at = this.offset;
    if (count > this.end - at)
      throw new ConnectionError('protocol_error', `The packet ends ${count - (this.end - at)} bytes before its value does.`);
    this.offset = at + count;
    return at;
  }

  int(): number {
    const at = this.take(4);
    const b = this.bytes;
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
  }

  uint(): number {
    return this.int() >>> 0;
  }

  hyper(): bigint {
    return this.bytes.readBigInt64BE(this.take(8));
  }

  uhyper(): bigint {
    return this.bytes.readBigUInt64BE(this.take(8));
  }

  double(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  bool(): boolean {
    const value = this.int();
    if (value !== 0 && value !== 1) throw new ConnectionError('protocol_error', `A flag must be 0 or 1, the packet has ${value}.`);
    return value === 1;
  }

  /** Reads a length and refuses it when it is above the limit or when so many items of that size cannot be in the rest of the packet. */
  count(max: number, itemBytesMin: number): number {
    const count = this.uint();
    if (count > max) throw new ConnectionError('protocol_error', `A list of ${count} items is longer than the ${max} the protocol allows.`);
    if (count * itemBytesMin > this.end - this.offset) {
      throw new ConnectionError('protocol_error', `A list says ${count} items, the packet has only ${this.remaining} bytes left.`);
    }
    return count;
  }

  string(maxBytes: number): string {
    const length = this.count(maxBytes, 1);
    const at = this.take(length + padding(length));
    return length < 64 ? asciiOrUtf8(this.bytes, at, at + length) : this.bytes.toString('utf8', at, at + length);
  }

  /** A string that is likely to come again, such as the name of a statistic. */
  name(maxBytes: number): string {
    const length = this.count(maxBytes, 1);
    const at = this.take(length + padding(length));
    return names.get(this.bytes, at, at + length) ?? this.bytes.toString('utf8', at, at + length);
  }

  /** A copy, so that the packet itself can be freed. */
  opaque(length: number): Uint8Array {
    const at = this.take(length + padding(length));
    return new Uint8Array(this.bytes.subarray(at, at + length));
  }

  /** All that is left, not copied: data of a stream come in great numbers, and whoever reads them lets go of them soon. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.take(this.end - this.offset), this.end);
  }

  uuid(): string {
    const at = this.take(16);
    const hex = this.bytes.toString('hex', at, at + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** Called after the last value: what is left over means that both sides do not speak of the same type. */
  expectEnd(): void {
    if (this.offset !== this.end) throw new ConnectionError('protocol_error', `The packet has ${this.remaining} bytes more than its type.`);
  }
}

/** XDR fills strings and opaque data up to a multiple of four. */
export function padding(length: number): number {
  return -length & 3;
}

/** Short ASCII strings, which most are, decode faster as latin1 than as UTF-8. */
function asciiOrUtf8(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) if (bytes[at]! > 127) return bytes.toString('utf8', start, end);
  return bytes.toString('latin1', start, end);
}
