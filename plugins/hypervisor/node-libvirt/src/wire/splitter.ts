import { ConnectionError } from '../errors.ts';
import { XdrReader } from '../xdr/reader.ts';
import { headerBytes, packetBytesMax } from './packet.ts';

type Taker = (bytes: Buffer) => void;

/**
 * Cuts the bytes of a connection into packets. Memory is taken for bytes that have come, never for a length that was only announced,
 * and a packet of many pieces is joined once, when it is whole. The pieces are copies, for the memory of what was read is used again. Nobody
 * copies or joins a body that somebody takes piece by piece.
 */
export class PacketSplitter {
  private readonly onPacket: (packet: XdrReader) => void;
  private readonly takerOf: (header: XdrReader) => Taker | undefined;
  private taker: Taker | undefined;
  private takerBytes = 0;
  private pieces: Buffer[] = [];
  private have = 0;
  private needed = 0;

  constructor(onPacket: (packet: XdrReader) => void, takerOf: (header: XdrReader) => Taker | undefined = () => undefined) {
    this.onPacket = onPacket;
    this.takerOf = takerOf;
  }

  /** Throws `protocol_error` when the other side does not speak the protocol; nothing after that can be trusted. */
  push(bytes: Buffer): void {
    if (this.taker) this.pass(this.taker, bytes);
    else if (this.have === 0) this.split(bytes);
    else this.join(bytes);
  }

  private pass(taker: Taker, bytes: Buffer): void {
    const piece = bytes.subarray(0, this.takerBytes);
    this.takerBytes -= piece.length;
    if (this.takerBytes === 0) this.taker = undefined;
    if (piece.length > 0) taker(piece);
    if (piece.length < bytes.length) this.split(bytes.subarray(piece.length));
  }

  private join(bytes: Buffer): void {
    this.have += bytes.length;
    if (this.have < this.needed) {
      this.pieces.push(Buffer.from(bytes));
      return;
    }
    this.pieces.push(bytes);
    const joined = Buffer.concat(this.pieces, this.have);
    this.pieces = [];
    this.have = 0;
    this.split(joined);
  }

  private split(bytes: Buffer): void {
    let at = 0;
    this.needed = 4;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32BE(at);
      if (length < headerBytes || length > packetBytesMax) {
        throw new ConnectionError(
          'protocol_error',
          `The server sent a packet of ${length} bytes; ${headerBytes} to ${packetBytesMax} are allowed.`,
        );
      }
      if (bytes.length - at < length) {
        this.taker = bytes.length - at < headerBytes ? undefined : this.takerOf(new XdrReader(bytes, at + 4, at + headerBytes));
        if (this.taker) {
          this.takerBytes = length - headerBytes;
          this.pass(this.taker, bytes.subarray(at + headerBytes));
          return;
        }
        this.needed = bytes.length - at < headerBytes ? headerBytes : length;
        break;
      }
      this.onPacket(new XdrReader(bytes, at + 4, at + length));
      at += length;
      this.needed = 4;
    }
    if (at < bytes.length) {
      this.pieces = [Buffer.from(bytes.subarray(at))];
      this.have = bytes.length - at;
    }
  }
}
