import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Credentials } from './auth/mechanism.ts';
import { signIn } from './auth/sign-in.ts';
import type { CallOptions, Procedure } from './caller.ts';
import { ConnectionError, LibvirtError } from './errors.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import { dial } from './transport/dial.ts';
import { limitsOf } from './transport/opened.ts';
import type { Target } from './uri.ts';
import { Keepalive } from './wire/keepalive.ts';
import type { Header } from './wire/packet.ts';
import { decodeHeader, keepaliveProgram } from './wire/packet.ts';
import type { StreamChannel, StreamSink } from './wire/router.ts';
import { Router } from './wire/router.ts';
import { PacketSplitter } from './wire/splitter.ts';
import type { XdrReader } from './xdr/reader.ts';

export interface SessionOptions {
  /** Limit for opening, and for every call that has none of its own. */
  timeoutMs: number;
  /** Silence after which the server is asked whether it is there; 0: never. */
  keepaliveIntervalMs: number;
  callsMax: number;
  slotsMax: number;
  /** What to sign in with where the daemon asks for a password. */
  credentials: Credentials | undefined;
  /** Whether it is for a stream, whose reader keeps the bytes that come. */
  stream?: boolean;
  onEvent(header: Header, body: XdrReader): void;
}

/** `VIR_DRV_FEATURE_PROGRAM_KEEPALIVE`: asking for it also makes the server send its own pings. */
const featureKeepalive = 10;

/** One connection from its opening to its end. It is never opened again: see `Connection` for that. */
export class Session {
  private readonly wire: Duplex;
  private readonly options: SessionOptions;
  private readonly keepalive: Keepalive;
  private readonly splitter = new PacketSplitter(
    (packet) => this.receive(packet),
    (header) => this.router.takerOf(decodeHeader(header)),
  );
  private outbox: Buffer[] = [];
  private end: ConnectionError | undefined;
  private readonly onEnd: ((reason: ConnectionError) => void)[] = [];
  readonly router: Router;

  private constructor(wire: Duplex, options: SessionOptions) {
    this.wire = wire;
    this.options = options;
    this.router = new Router({
      send: (packet) => this.send(packet),
      sendLong: (head, body) => this.sendLong(head, body),
      onMessage: (header, body) => options.onEvent(header, body),
      callsMax: options.callsMax,
      slotsMax: options.slotsMax,
      timeoutMs: options.timeoutMs,
    });
    this.keepalive = new Keepalive({
      intervalMs: options.keepaliveIntervalMs,
      send: (packet) => this.send(packet),
      // While the server is busy with all it takes from one client it reads nothing, so silence proves nothing.
      excused: () => this.router.saturated,
      onDead: (reason) => this.destroy(reason),
    });
    wire.on('data', (bytes: Buffer) => this.onData(bytes));
    wire.on('error', (cause) =>
      this.destroy(
        cause instanceof ConnectionError
          ? cause
          : new ConnectionError('connection_lost', `The connection to libvirt broke: ${cause.message}`, { cause }),
      ),
    );
    wire.on('close', () => this.destroy(new ConnectionError('connection_lost', 'The libvirt daemon closed the connection.')));
    // TLS leaves it standing after the byte that says that the certificate is accepted.
    wire.resume();
  }

  /** Connects, signs in and opens the driver. */
  static async open(target: Target, options: SessionOptions, call: CallOptions = {}): Promise<Session> {
    const timeoutMs = call.timeoutMs ?? options.timeoutMs;
    const dialing = dial(target, { ...limitsOf(call, timeoutMs), keepsBytes: options.stream ?? false });
    const session = new Session(await dialing, options);
    try {
      await session.handshake(target, { ...call, timeoutMs });
      return session;
    } catch (error) {
      session.destroy(new ConnectionError('closed', 'The connection could not be opened.'));
      // Nothing was asked of the driver yet, so nothing can have been carried out.
      if (error instanceof ConnectionError && error.code === 'connection_lost')
        throw new ConnectionError('connect_failed', error.message, { cause: error });
      throw error;
    }
  }

  private async handshake(target: Target, call: CallOptions): Promise<void> {
    const open = () => this.call(remote.connectOpen, { name: target.driverUri, flags: 0 }, call);
    const signingIn = signIn(this, { target, credentials: this.options.credentials }, call);
    const opening = this.mayOpenUnasked(target)
      ? open().then(
          () => true,
          () => false,
        )
      : false;
    await signingIn;
    if (!(await opening)) await open();
    // Ends by itself, and never rejects.
    void this.startKeepalive();
  }

  /**
   * Whether the driver is opened in the same breath as the daemon is asked how to sign in. Over a network it either lets everyone in or wants
   * credentials. A local one may want polkit, or spare root that while it answers: it would log an error for whoever came too early.
   */
  private mayOpenUnasked({ transport, parameters }: Target): boolean {
    return (transport === 'tcp' || transport === 'tls') && !this.options.credentials && parameters.auth === undefined;
  }

  /** The first answers need not wait for this one. A daemon that does not say no to it is watched. */
  private async startKeepalive(): Promise<void> {
    if (this.options.keepaliveIntervalMs <= 0) return;
    const asked = this.call(remote.connectSupportsFeature, { feature: featureKeepalive });
    const refused = await asked.then(
      ({ supported }) => supported !== 1,
      (error) => error instanceof LibvirtError,
    );
    if (!refused && !this.end) this.keepalive.start();
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R> {
    return this.router.call(procedure, args, options);
  }

  openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: CallOptions & { sink: StreamSink },
  ): Promise<{ answer: R; channel: StreamChannel }> {
    return this.router.openStream(procedure, args, options);
  }

  /** Packets of one turn of the event loop leave together. */
  private send(packet: Buffer): void {
    if (this.outbox.length === 0) process.nextTick(() => this.flush());
    this.outbox.push(packet);
  }

  private flush(): void {
    const packets = this.outbox;
    this.outbox = [];
    if (this.end || packets.length === 0) return;
    if (this.wire instanceof TLSSocket) for (const packet of packets) this.wire.write(packet);
    // One write of many small packets is cheaper than the list of them.
    else this.wire.write(packets.length === 1 ? packets[0]! : Buffer.concat(packets));
  }

  /** Without a copy of the body: the kernel takes head and body together. */
  private sendLong(head: Buffer, body: Uint8Array): Promise<void> {
    this.flush();
    if (this.end) return Promise.resolve();
    return new Promise((resolve) => {
      this.wire.cork();
      this.wire.write(head);
      // If it fails, whoever waits for the stream learns of that elsewhere.
      this.wire.write(body, () => resolve());
      this.wire.uncork();
    });
  }

  private onData(bytes: Buffer): void {
    this.keepalive.alive();
    try {
      this.splitter.push(bytes);
    } catch (error) {
      this.destroy(
        error instanceof ConnectionError ? error : new ConnectionError('protocol_error', 'A packet could not be read.', { cause: error }),
      );
    }
  }

  private receive(packet: XdrReader): void {
    if (this.end) return;
    const header = decodeHeader(packet);
    if (header.program === keepaliveProgram) this.keepalive.receive(header);
    else this.router.handle(header, packet);
  }

  /** Resolves when everything written so far has left this process, at once when little is waiting. */
  drained(): Promise<void> {
    this.flush();
    if (this.end || !this.wire.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.wire.off('drain', done);
        this.wire.off('close', done);
        resolve();
      };
      this.wire.on('drain', done);
      this.wire.on('close', done);
    });
  }

  pause(): void {
    this.wire.pause();
  }

  resume(): void {
    this.wire.resume();
  }

  /** Calls back once when the session is over, at once when it is already. */
  whenEnded(callback: (reason: ConnectionError) => void): void {
    if (this.end) callback(this.end);
    else this.onEnd.push(callback);
  }

  /** Says goodbye, for at most a second, and ends. */
  async close(): Promise<void> {
    if (this.end) return;
    await this.call(remote.connectClose, undefined, { timeoutMs: 1000 }).catch(() => {
      // The server may be gone already; the goodbye is a courtesy.
    });
    this.destroy(new ConnectionError('closed', 'The connection was closed.'));
  }

  /** Ends now. Whoever waits gets this reason. */
  destroy(reason: ConnectionError): void {
    if (this.end) return;
    this.end = reason;
    this.keepalive.stop();
    this.wire.destroy();
    this.router.end(reason);
    for (const callback of this.onEnd.splice(0)) callback(reason);
  }
}
