import type { CallOptions, Procedure } from '../caller.ts';
import { ConnectionError } from '../errors.ts';
import { nothing } from '../xdr/codec.ts';
import type { XdrReader } from '../xdr/reader.ts';
import { Pace } from './pace.ts';
import type { Header } from './packet.ts';
import { encodePacket, hole, messageStatus, messageType } from './packet.ts';
import { decodeServerError } from './server-error.ts';
import { abortedError, watchLimits } from './time-limit.ts';

/** What a stream does with what comes for it. */
export interface StreamSink {
  onData(bytes: Uint8Array): void;
  /** So many zeros, which are not sent. */
  onHole(lengthBytes: number): void;
  onEnd(): void;
  onError(error: Error): void;
}

/** The sending side of a stream. */
export interface StreamChannel {
  /** Sends data; resolves when their memory may be used again. */
  sendData(bytes: Uint8Array): Promise<void>;
  /** Says that there are no more. */
  sendEnd(): void;
  /** Sends zeros by their number. */
  sendHole(lengthBytes: number): void;
}

export interface RouterOptions {
  send(packet: Buffer): void;
  /** Sends a packet whose body is not copied; resolves when the memory of the body may be used again. */
  sendLong(head: Buffer, body: Uint8Array): Promise<void>;
  /** A packet the server sent by itself. */
  onMessage(header: Header, body: XdrReader): void;
  /** Calls that may be waiting at once; more are refused. */
  callsMax: number;
  /** Slow calls the server is given at once. */
  slotsMax: number;
  /** Limit of a call that has none of its own. */
  timeoutMs: number;
}

/** A call on its way. It keeps its slot until the server answers, even when nobody waits for the answer any more. */
interface Call {
  serial: number;
  procedure: Procedure<never, unknown>;
  packet: Buffer;
  sentAtMs: number;
  /** Whether it was sent as a call that may take its time. */
  slow: boolean;
  /** The caller; undefined once it has its answer or has given up. */
  resolve: ((value: unknown) => void) | undefined;
  reject: ((error: Error) => void) | undefined;
  unwatch: (() => void) | undefined;
}

interface Request<A, R> {
  procedure: Procedure<A, R>;
  args: A;
  options: CallOptions;
  serial: number;
}

const serialMax = 0xffffffff;

/** Matches answers to calls by their serial number. Calls beyond what the server should have wait here, where giving them up means that they never happen. */
export class Router {
  private readonly options: RouterOptions;
  private readonly queue: Call[] = [];
  private queueHead = 0;
  private readonly sent = new Map<number, Call>();
  private readonly sinks = new Map<number, { sink: StreamSink; procedure: number }>();
  private readonly pace: Pace;
  private serial = 0;
  private ended: ConnectionError | undefined;

  constructor(options: RouterOptions) {
    this.options = options;
    this.pace = new Pace(options.slotsMax);
  }

  /** Calls that wait for a place or for their answer. */
  get pending(): number {
    return this.queue.length - this.queueHead + this.sent.size;
  }

  /** Whether the server has as many calls as it works on at once. */
  get saturated(): boolean {
    return this.pace.saturated;
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, options: CallOptions = {}): Promise<R> {
    return this.submit({ procedure, args, options, serial: this.nextSerial() });
  }

  /** Makes a call that comes with a stream. What comes for the stream goes to the sink, even before the answer. */
  async openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: CallOptions & { sink: StreamSink },
  ): Promise<{ answer: R; channel: StreamChannel }> {
    const serial = this.nextSerial();
    // The daemon's first data may overtake its answer.
    this.sinks.set(serial, { sink: options.sink, procedure: procedure.number });
    const answer = await this.submit({ procedure, args, options, serial }).catch((error: unknown) => {
      this.sinks.delete(serial);
      throw error;
    });
    const header = { program: procedure.program, procedure: procedure.number, serial };
    const head = (type: number, status: number) => ({ ...header, type, status });
    const channel: StreamChannel = {
      sendData: (bytes) => {
        const start = encodePacket(head(messageType.stream, messageStatus.continue), nothing, undefined);
        start.writeUInt32BE(start.length + bytes.length, 0);
        return this.options.sendLong(start, bytes);
      },
      sendEnd: () => this.options.send(encodePacket(head(messageType.stream, messageStatus.ok), nothing, undefined)),
      sendHole: (lengthBytes) =>
        this.options.send(encodePacket(head(messageType.streamHole, messageStatus.continue), hole, { lengthBytes, flags: 0 })),
    };
    return { answer, channel };
  }

  private submit<A, R>(request: Request<A, R>): Promise<R> {
    const { procedure, args, options, serial } = request;
    return new Promise((resolve, reject) => {
      if (this.ended) throw this.ended;
      if (options.signal?.aborted) throw abortedError(options.signal);
      if (this.pending >= this.options.callsMax) {
        throw new ConnectionError('limit_exceeded', `${this.options.callsMax} calls are waiting already. Wait for some of them first.`);
      }
      const header = { program: procedure.program, procedure: procedure.number, type: messageType.call, serial, status: messageStatus.ok };
      const packet = encodePacket(header, procedure.args, args);
      const call: Call = {
        serial,
        procedure: procedure as Procedure<never, unknown>,
        packet,
        sentAtMs: 0,
        slow: true,
        resolve: resolve as (value: unknown) => void,
        reject,
        unwatch: undefined,
      };
      call.unwatch = watchLimits(options, options.timeoutMs ?? this.options.timeoutMs, (reason) => settle(call, reason));
      this.dispatch(call);
    });
  }

  private nextSerial(): number {
    do this.serial = this.serial >= serialMax ? 1 : this.serial + 1;
    while (this.sent.has(this.serial) || this.sinks.has(this.serial));
    return this.serial;
  }

  private dispatch(call: Call): void {
    // Whoever waits already comes first, except before what never waits for a hypervisor.
    const first = this.queueHead === this.queue.length || call.procedure.priority === 'high';
    if (first && this.pace.maySend(call.procedure)) this.transmit(call);
    else this.queue.push(call);
  }

  private transmit(call: Call): void {
    this.sent.set(call.serial, call);
    call.slow = this.pace.sent(call.procedure);
    call.sentAtMs = performance.now();
    this.options.send(call.packet);
    // The packet may be megabytes of XML: keep it only as long as it is needed.
    call.packet = noPacket;
  }

  /** Gives free places to the calls that have waited longest; those given up meanwhile are never sent. */
  private fillSlots(): void {
    if (this.queueHead === this.queue.length || !this.pace.low) return;
    while (this.queueHead < this.queue.length && this.pace.maySend(this.queue[this.queueHead]!.procedure)) {
      const call = this.queue[this.queueHead++]!;
      if (call.resolve) this.transmit(call);
    }
    if (this.queueHead === this.queue.length || this.queueHead > 1024) {
      this.queue.splice(0, this.queueHead);
      this.queueHead = 0;
    }
  }

  /** Takes one packet from the server. What it throws ends the connection. */
  handle(header: Header, body: XdrReader): void {
    switch (header.type) {
      case messageType.reply:
        return this.handleReply(header, body);
      case messageType.stream:
      case messageType.streamHole:
        return this.handleStream(header, body);
      case messageType.message:
        return this.options.onMessage(header, body);
      default:
        throw new ConnectionError('protocol_error', `The server sent a packet of type ${header.type}, which a client never gets.`);
    }
  }

  private handleReply(header: Header, body: XdrReader): void {
    const call = this.sent.get(header.serial);
    if (!call) throw new ConnectionError('protocol_error', `The server answered call ${header.serial}, which was never made.`);
    this.sent.delete(header.serial);
    const tookMs = performance.now() - call.sentAtMs;
    this.pace.answered(call.procedure, { slow: call.slow, ok: header.status === messageStatus.ok, tookMs });
    if (call.resolve) this.settleReply(call, header, body);
    this.fillSlots();
  }

  private settleReply(call: Call, header: Header, body: XdrReader): void {
    try {
      const { procedure } = call;
      if (header.program !== procedure.program || header.procedure !== procedure.number) {
        throw new ConnectionError(
          'protocol_error',
          `The server answered procedure ${procedure.number} with procedure ${header.procedure}.`,
        );
      }
      if (header.status === messageStatus.error) throw decodeServerError(body);
      if (header.status !== messageStatus.ok)
        throw new ConnectionError('protocol_error', `An answer has the unknown status ${header.status}.`);
      const value = procedure.ret.decode(body);
      body.expectEnd();
      settle(call, undefined, value);
    } catch (error) {
      settle(call, error as Error);
    }
  }

  /** Who takes the data of a stream's packet piece by piece, before it has come whole. */
  takerOf(header: Header): ((bytes: Uint8Array) => void) | undefined {
    if (header.type !== messageType.stream || header.status !== messageStatus.continue) return undefined;
    const entry = this.sinks.get(header.serial);
    return entry?.procedure === header.procedure ? (bytes) => entry.sink.onData(bytes) : undefined;
  }

  private handleStream(header: Header, body: XdrReader): void {
    const entry = this.sinks.get(header.serial);
    // A stream that was given up may have data on their way.
    if (!entry || entry.procedure !== header.procedure) return;
    if (header.type === messageType.streamHole) return entry.sink.onHole(hole.decode(body).lengthBytes);
    if (header.status === messageStatus.continue) return entry.sink.onData(body.rest());
    this.sinks.delete(header.serial);
    if (header.status === messageStatus.ok) entry.sink.onEnd();
    else entry.sink.onError(decodeServerError(body));
  }

  /** Ends every call and stream with this error, and refuses new ones. */
  end(error: ConnectionError): void {
    if (this.ended) return;
    this.ended = error;
    const calls = [...this.sent.values(), ...this.queue.slice(this.queueHead)];
    const sinks = [...this.sinks.values()];
    this.sent.clear();
    this.queue.length = 0;
    this.queueHead = 0;
    this.sinks.clear();
    for (const call of calls) settle(call, error);
    for (const { sink } of sinks) sink.onError(error);
  }
}

const noPacket = Buffer.alloc(0);

/**
 * Tells the caller and forgets it. Dead calls may lie in the engine's old memory until it is cleaned, and whatever can be reached from there
 * is copied about as if it were alive: an answer that is still held by its call costs more than the decoding of it.
 */
function settle(call: Call, error: Error | undefined, value?: unknown): void {
  const { resolve, reject, unwatch } = call;
  call.resolve = undefined;
  call.reject = undefined;
  call.unwatch = undefined;
  unwatch?.();
  if (error) reject?.(error);
  else resolve?.(value);
}
