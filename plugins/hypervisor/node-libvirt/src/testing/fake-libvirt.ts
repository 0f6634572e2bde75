import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Procedure } from '../caller.ts';
import { LibvirtError } from '../errors.ts';
import { ErrorCode } from '../generated/constants-error.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { Stream } from '../stream.ts';
import type { Header } from '../wire/packet.ts';
import { decodeHeader, encodePacket, messageStatus, messageType, rawBytes } from '../wire/packet.ts';
import { PacketSplitter } from '../wire/splitter.ts';
import type { Codec } from '../xdr/codec.ts';
import type { XdrReader } from '../xdr/reader.ts';
import type { Fault } from './faults.ts';
import { Faults } from './faults.ts';
import { Incoming } from './incoming.ts';
import type { EmittedEventName, EmittedMessage } from './registrations.ts';
import { Registrations } from './registrations.ts';
import { ServedStream } from './served-stream.ts';

export interface FakeLibvirtOptions {
  /** Where it listens: on a unix socket in a folder of its own, or on a free port of 127.0.0.1. Default: unix. */
  transport?: 'unix' | 'tcp';
}

/** A procedure, by what its packets say. */
type ProcedureKey = Pick<Procedure<never, unknown>, 'program' | 'number'>;
type PacketHandler = (call: Incoming) => void;
/** Takes a call's arguments and gives its answer. What it throws is the error the client gets, see `libvirtError`. */
export type CallHandler<A, R> = (args: A, call: Incoming) => R | Promise<R>;
/** Reads and writes the data of a call. The stream is over for the client when this is done. */
export type StreamHandler<A> = (args: A, stream: Stream) => Promise<void>;

const keyOf = ({ program, number }: ProcedureKey): string => `${program} ${number}`;

/**
 * A libvirt daemon for tests: it speaks the protocol on a real socket, answers what the test says, and fails as the test wants. Without a
 * handler a procedure is answered as one that the driver does not support. It opens connections and takes registrations for events by itself.
 */
export class FakeLibvirt implements AsyncDisposable {
  private readonly server: Server;
  private readonly dir: string;
  private readonly handlers = new Map<string, PacketHandler>();
  private readonly faults = new Faults();
  private readonly registrations = new Registrations();
  private port: number | undefined;
  private readonly transport: 'unix' | 'tcp';
  /** The connections of now. */
  readonly sockets = new Set<Socket>();
  /** The headers of all packets but those that open and close a connection, in order. */
  readonly received: Header[] = [];

  private constructor(dir: string, { transport = 'unix' }: FakeLibvirtOptions) {
    this.dir = dir;
    this.transport = transport;
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.answer(remote.authList, () => ({ types: [0] }));
    this.answer(remote.connectOpen, () => undefined);
    this.answer(remote.connectClose, () => undefined);
    this.answer(remote.connectSupportsFeature, () => ({ supported: 1 }));
    this.registrations.serve(this);
  }

  static async start(options: FakeLibvirtOptions = {}): Promise<FakeLibvirt> {
    const fake = new FakeLibvirt(await mkdtemp(join(tmpdir(), 'nlv-')), options);
    await fake.listen();
    return fake;
  }

  /** What `connect()` takes. */
  get uri(): string {
    return this.transport === 'unix' ? `test+unix:///default?socket=${this.socketPath}` : `test+tcp://127.0.0.1:${this.port}/default`;
  }

  get socketPath(): string {
    return join(this.dir, 'sock');
  }

  /** Takes clients again after `stop()`, at the same place. */
  async listen(): Promise<void> {
    if (this.transport === 'unix') this.server.listen(this.socketPath);
    else this.server.listen(this.port ?? 0, '127.0.0.1');
    await once(this.server, 'listening');
    if (this.transport === 'tcp') this.port = (this.server.address() as AddressInfo).port;
  }

  /** Drops everybody and takes nobody, until `listen()`. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  /** Drops the connections of now. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Says what a procedure answers from now on. */
  answer<A, R>(procedure: Procedure<A, R>, handler: CallHandler<A, R>): void {
    this.intercept(procedure, (call) => void this.serve(call, procedure, handler));
  }

  /** Says what a procedure does that comes with a stream, such as `domainOpenConsole` or `storageVolDownload`. */
  answerStream<A>(procedure: Procedure<A, void>, handler: StreamHandler<A>): void {
    const open = new Map<Socket, Map<number, ServedStream>>();
    this.intercept(procedure, (call) => {
      const { header, socket } = call;
      const streams = open.get(socket) ?? new Map<number, ServedStream>();
      if (header.type !== messageType.call) {
        streams.get(header.serial)?.receive(call);
        return;
      }
      const served = new ServedStream(call);
      open.set(socket, streams.set(header.serial, served));
      socket.once('close', () => open.delete(socket));
      void this.serve(call, procedure, (args) => {
        // Its data may only follow the answer.
        setImmediate(() => void serveStream(served, () => handler(args, served.stream)));
      });
    });
  }

  /** Takes every packet of a procedure as it comes, for tests of what no daemon in its right mind does. */
  intercept(procedure: ProcedureKey, handler: PacketHandler): void {
    this.handlers.set(keyOf(procedure), handler);
  }

  /** Makes the next calls of a procedure that has an `answer` fail, one for each fault. */
  fail(procedure: ProcedureKey, ...faults: readonly Fault[]): void {
    this.faults.add(keyOf(procedure), faults);
  }

  /** Sends an event to the clients that have registered for it: `emit('reboot', ...)`, `emit('network.lifecycle', ...)`. */
  emit<N extends EmittedEventName>(name: N, message: EmittedMessage<N>): void {
    const { event, to } = this.registrations.of(name);
    for (const { socket, callbackID } of to) socket.write(eventPacket(event, { ...message, callbackID }));
  }

  /** Sends a message to all clients, whether they have asked for it or not. */
  broadcast<T>(event: ProcedureKey & { message: Codec<T> }, message: T): void {
    for (const socket of this.sockets) socket.write(eventPacket(event, message));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // Clients hang up in the middle of things here.
    socket.on('error', () => undefined);
    const splitter = new PacketSplitter((packet) => this.handle(socket, packet));
    socket.on('data', (bytes) => splitter.push(bytes));
  }

  private handle(socket: Socket, body: XdrReader): void {
    const header = decodeHeader(body);
    if (!opening.has(header.procedure)) this.received.push(header);
    const call = new Incoming(header, body, socket);
    const handler = this.handlers.get(keyOf({ program: header.program, number: header.procedure }));
    if (handler) handler(call);
    else if (header.type === messageType.call) call.fail(ErrorCode.NO_SUPPORT, `The fake has no answer for procedure ${header.procedure}.`);
  }

  private async serve<A, R>(call: Incoming, procedure: Procedure<A, R>, handler: CallHandler<A, R>): Promise<void> {
    const fault = this.faults.take(keyOf(procedure));
    if (fault?.kind === 'cut' && fault.when === 'before') {
      call.socket.destroy();
      return;
    }
    let answer: () => void;
    try {
      const value = await handler(procedure.args.decode(call.body), call);
      answer = () => call.reply(procedure, value);
    } catch (error) {
      answer = () => call.fail(...errorOf(error));
    }
    spoil(call, answer, fault);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.server.listening) await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function spoil(call: Incoming, answer: () => void, fault: Fault | undefined): void {
  switch (fault?.kind) {
    case undefined:
      return answer();
    case 'lost-answer':
      return undefined;
    case 'cut':
      return void call.socket.destroy();
    case 'late':
      return void setTimeout(answer, fault.delayMs).unref();
    case 'garbled':
      return void call.socket.write(call.packet({}, rawBytes, Buffer.from([0xff])));
  }
}

async function serveStream(served: ServedStream, handler: () => Promise<void>): Promise<void> {
  try {
    await handler();
    served.done();
  } catch (error) {
    served.fail(...errorOf(error));
  }
}

function errorOf(error: unknown): [number, string] {
  if (error instanceof LibvirtError) return [error.code, error.message];
  return [ErrorCode.INTERNAL_ERROR, error instanceof Error ? error.message : String(error)];
}

function eventPacket<T>({ program, number, message }: ProcedureKey & { message: Codec<T> }, value: T): Buffer {
  const header = { program, procedure: number, type: messageType.message, serial: 0, status: messageStatus.ok };
  return encodePacket(header, message, value);
}

const opening: ReadonlySet<number> = new Set([
  remote.authList.number,
  remote.connectOpen.number,
  remote.connectClose.number,
  remote.connectSupportsFeature.number,
]);
