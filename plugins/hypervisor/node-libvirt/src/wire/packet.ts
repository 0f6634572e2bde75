import { ConnectionError } from '../errors.ts';
import type { Codec } from '../xdr/codec.ts';
import { hyper, struct, uint } from '../xdr/codec.ts';
import type { XdrReader } from '../xdr/reader.ts';
import { XdrWriter } from '../xdr/writer.ts';

/** The largest packet libvirt sends or takes, its length word included (`VIR_NET_MESSAGE_MAX` does not count that word). */
export const packetBytesMax = 33554432 + 4;
/** The length word and the six words of the header. */
export const headerBytes = 28;
/** The data of one packet of a stream: what every version of libvirt takes. */
export const streamChunkBytesMax = 262120;

export const messageType = { call: 0, reply: 1, message: 2, stream: 3, callWithFds: 4, replyWithFds: 5, streamHole: 6 } as const;
export const messageStatus = { ok: 0, error: 1, continue: 2 } as const;

/** The program of the packets that only say "I am here"; its two procedures. */
export const keepaliveProgram = 0x6b656570;
export const keepaliveProcedure = { ping: 1, pong: 2 } as const;

export interface Header {
  program: number;
  procedure: number;
  type: number;
  serial: number;
  status: number;
}

/** Every program libvirt has is in version 1. */
const version = 1;

/** A whole packet: length, header and body. */
export function encodePacket<T>(header: Header, codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter(packetBytesMax, 128);
  writer.int(0);
  writer.int(header.program);
  writer.int(version);
  writer.int(header.procedure);
  writer.int(header.type);
  writer.int(header.serial);
  writer.int(header.status);
  codec.encode(writer, value);
  const packet = writer.finish();
  packet.writeUInt32BE(packet.length, 0);
  return packet;
}

/** Reads the six words after the length; an unknown version is for the caller's limits to find. */
export function decodeHeader(reader: XdrReader): Header & { version: number } {
  const program = reader.uint();
  return { program, version: reader.uint(), procedure: reader.int(), type: reader.uint(), serial: reader.uint(), status: reader.uint() };
}

/** Bytes that are not XDR: the body of a stream's packet. */
export const rawBytes: Codec<Uint8Array> = {
  shape: { kind: 'opaque', bytesMax: packetBytesMax },
  encode: (writer, value) => writer.raw(value),
  decode: (reader) => reader.rest(),
};

/** A length in the 64 bits of the protocol that must fit into a number of ours. */
const length: Codec<number> = {
  shape: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
  encode: (writer, value) => hyper.encode(writer, BigInt(value)),
  decode(reader) {
    const value = Number(reader.hyper());
    if (value < 0 || !Number.isSafeInteger(value)) throw new ConnectionError('protocol_error', `A hole cannot be ${value} bytes long.`);
    return value;
  },
};

/** The body of a packet that stands for zeros which are not sent. No flag is defined. */
export const hole = struct({ lengthBytes: length, flags: uint });
