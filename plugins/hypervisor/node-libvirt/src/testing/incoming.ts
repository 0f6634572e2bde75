import type { Socket } from 'node:net';
import type { Procedure } from '../caller.ts';
import { ErrorDomain, ErrorLevel } from '../generated/constants-error.ts';
import { error } from '../generated/types-common.ts';
import { LibvirtError } from '../errors.ts';
import type { Header } from '../wire/packet.ts';
import { encodePacket, messageStatus, messageType } from '../wire/packet.ts';
import type { Codec } from '../xdr/codec.ts';
import type { XdrReader } from '../xdr/reader.ts';

/** One packet of a client, for handlers that answer it byte by byte. */
export class Incoming {
  readonly header: Header;
  /** What follows the header, not read yet. */
  readonly body: XdrReader;
  readonly socket: Socket;

  constructor(header: Header, body: XdrReader, socket: Socket) {
    this.header = header;
    this.body = body;
    this.socket = socket;
  }

  /** Answers with a value of the procedure's type. */
  reply<A, R>(procedure: Procedure<A, R>, value: R): void {
    this.socket.write(this.packet({}, procedure.ret, value));
  }

  /** Answers with libvirt's error body; `type` is that of a packet of a stream when it is the stream that fails. */
  fail(code: number, message: string | null, type: number = messageType.reply): void {
    const rest = {
      domain: ErrorDomain.QEMU,
      level: ErrorLevel.ERR_ERROR,
      dom: null,
      str1: null,
      str2: null,
      str3: null,
      int1: 0,
      int2: 0,
      net: null,
    };
    this.socket.write(this.packet({ type, status: messageStatus.error }, error, { code, message, ...rest }));
  }

  /** A packet of any kind; what is not given is that of a good answer to this call. */
  packet<T>(header: Partial<Header>, codec: Codec<T>, value: T): Buffer {
    return encodePacket({ ...this.header, type: messageType.reply, status: messageStatus.ok, ...header }, codec, value);
  }
}

/** The error that a handler throws for the client to get: `throw libvirtError(ErrorCode.NO_DOMAIN, 'no such domain')`. */
export function libvirtError(code: number, message: string): LibvirtError {
  return new LibvirtError(message, { code, domain: ErrorDomain.QEMU, level: ErrorLevel.ERR_ERROR, str1: null, str2: null, str3: null });
}
