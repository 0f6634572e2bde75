import { ConnectionError } from '../errors.ts';
import { nothing } from '../xdr/codec.ts';
import type { Header } from './packet.ts';
import { encodePacket, keepaliveProcedure, keepaliveProgram, messageStatus, messageType } from './packet.ts';

export interface KeepaliveOptions {
  /** Silence after which a ping is sent; 0: never. */
  intervalMs: number;
  send(packet: Buffer): void;
  /** Whether an unanswered ping says nothing about the server just now. */
  excused(): boolean;
  onDead(reason: ConnectionError): void;
}

/** As many unanswered pings in a row as libvirt's own client allows. */
const unansweredMax = 5;
/** A busy server may be silent this many intervals longer; by then its own limits have ended the connection if it lives. */
const excusedTicksMax = 30;

/** Answers the server's pings and, once started, sends its own when nothing has come for a while. */
export class Keepalive {
  private readonly options: KeepaliveOptions;
  private timer: NodeJS.Timeout | undefined;
  private heard = true;
  private unanswered = 0;
  private excusedTicks = 0;

  constructor(options: KeepaliveOptions) {
    this.options = options;
  }

  start(): void {
    if (this.options.intervalMs <= 0) return;
    this.timer = setInterval(() => this.tick(), this.options.intervalMs);
    // A connection nobody waits for must not keep the process alive by its timer alone.
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Anything that comes proves that the server is there. */
  alive(): void {
    this.heard = true;
    this.unanswered = 0;
    this.excusedTicks = 0;
  }

  receive(header: Header): void {
    if (header.procedure === keepaliveProcedure.ping) this.options.send(packet(keepaliveProcedure.pong));
  }

  private tick(): void {
    const excused = this.options.excused() && this.excusedTicks++ < excusedTicksMax;
    if (this.heard || excused) {
      this.heard = false;
      return;
    }
    if (this.unanswered >= unansweredMax) {
      const silentMs = this.options.intervalMs * (unansweredMax + 1 + this.excusedTicks);
      this.options.onDead(new ConnectionError('connection_lost', `The libvirt daemon has been silent for ${silentMs} ms.`));
      return;
    }
    this.unanswered++;
    this.options.send(packet(keepaliveProcedure.ping));
  }
}

function packet(procedure: number): Buffer {
  const header = { program: keepaliveProgram, procedure, type: messageType.message, serial: 0, status: messageStatus.ok };
  return encodePacket(header, nothing, undefined);
}
