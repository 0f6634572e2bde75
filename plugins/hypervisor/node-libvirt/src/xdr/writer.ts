import { ConnectionError } from '../errors.ts';
import { padding } from './reader.ts';

/** Writes XDR values (RFC 4506) into a growing buffer, up to a fixed limit. */
export class XdrWriter {
  private bytes: Buffer;
  private readonly bytesMax: number;
  length = 0;

  constructor(bytesMax: number, firstBytes = 256) {
    this.bytesMax = bytesMax;
    this.bytes = Buffer.allocUnsafe(firstBytes);
  }

  private take(count: number): number {
    const at = this.length;
    const needed = at + count;
    if (needed > this.bytes.length) this.grow(needed);
    this.length = needed;
    return at;
  }

  private grow(needed: number): void {
    if (needed > this.bytesMax)
      throw new ConnectionError('limit_exceeded', `The call needs more than the ${this.bytesMax} bytes a packet may have.`);
    const larger = Buffer.allocUnsafe(Math.min(this.bytesMax, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  int(value: number): void {
    const at = this.take(4);
    const b = this.bytes;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
  }

  hyper(value: bigint): void {
    const at = this.take(8);
    this.bytes.writeBigUInt64BE(BigInt.asUintN(64, value), at);
  }

  double(value: number): void {
    const at = this.take(8);
    this.bytes.writeDoubleBE(value, at);
  }

  string(value: string, maxBytes: number): void {
    const length = Buffer.byteLength(value);
    if (length > maxBytes)
      throw new ConnectionError('limit_exceeded', `A string of ${length} bytes is longer than the ${maxBytes} libvirt allows.`);
    this.int(length);
    const at = this.take(length + padding(length));
    this.bytes.write(value, at);
    this.bytes.fill(0, at + length, this.length);
  }

  opaque(value: Uint8Array): void {
    const at = this.take(value.length + padding(value.length));
    this.bytes.set(value, at);
    this.bytes.fill(0, at + value.length, this.length);
  }

  /** Bytes as they are, without padding. */
  raw(value: Uint8Array): void {
    const at = this.take(value.length);
    this.bytes.set(value, at);
  }

  uuid(value: string): void {
    const hex = value.replaceAll('-', '');
    if (!/^[0-9a-f]{32}$/i.test(hex)) throw new ConnectionError('bad_argument', `"${value.slice(0, 64)}" is not a UUID.`);
    const at = this.take(16);
    this.bytes.write(hex, at, 'hex');
  }

  /** The bytes written so far, without a copy: do not write on after this. */
  finish(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}
