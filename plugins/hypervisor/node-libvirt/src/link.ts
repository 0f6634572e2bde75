import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from './auth/mechanism.ts';
import type { CallOptions, Caller, Procedure } from './caller.ts';
import { ConnectionError } from './errors.ts';
import type { EventKind } from './event-kinds.ts';
import type { EventQueue } from './event-queue.ts';
import type { ListenOptions } from './events.ts';
import { EventHub } from './events.ts';
import { openStream } from './open-stream.ts';
import type { SessionOptions } from './session.ts';
import { Session } from './session.ts';
import type { Stream } from './stream.ts';
import type { Target } from './uri.ts';
import { parseUri } from './uri.ts';
import { watchLimits } from './wire/time-limit.ts';

export interface ConnectOptions extends CallOptions {
  /** Time limit for connecting and for every call that has none of its own. Default: 30,000. */
  timeoutMs?: number;
  /** Silence after which the daemon is asked whether it is still there; after six of them without an answer the connection is lost. Default: 5,000; 0: never. */
  keepaliveIntervalMs?: number;
  /** Whether a lost connection is made anew, for as long as it takes. Calls that were under way fail all the same. Default: false. */
  reconnect?: boolean;
  /** The longest pause between two attempts to connect again. Default: 5,000. */
  reconnectDelayMsMax?: number;
  /** How long a call waits for a connection that is being made anew before it fails. Default: 2,000. */
  reconnectWaitMs?: number;
  /** Calls that may be waiting at once; more fail with `limit_exceeded`. Default: 65,536. */
  callsMax?: number;
  /** What to sign in with where the daemon asks for a password (SASL). */
  credentials?: Credentials;
}

/** What a connection may be doing. `closed` is for good. */
export type ConnectionState = 'connected' | 'reconnecting' | 'closed';
export type StateListener = (state: ConnectionState, reason: ConnectionError | undefined) => void;

/** A daemon works on five requests of one client at a time; the fifth place is kept, see `Pace`. */
const slotsMax = 4;
const firstDelayMs = 50;

/** A line to one daemon: the session of now and, when wanted, the next one after it. */
export class Link implements Caller {
  private readonly target: Target;
  private readonly options: Required<Omit<ConnectOptions, 'signal' | 'credentials'>>;
  private readonly sessionOptions: SessionOptions;
  private readonly events: EventHub;
  private readonly listeners = new Set<StateListener>();
  private readonly closing = new AbortController();
  private session: Session | undefined;
  private next = Promise.withResolvers<Session>();
  private lost: ConnectionError | undefined;
  private waitingCalls = 0;
  state: ConnectionState = 'reconnecting';

  private constructor(uri: string, options: ConnectOptions) {
    this.target = parseUri(uri);
    const { timeoutMs = 30_000, keepaliveIntervalMs = 5000, callsMax = 65_536 } = options;
    const { reconnect = false, reconnectDelayMsMax = 5000, reconnectWaitMs = 2000 } = options;
    this.options = { timeoutMs, keepaliveIntervalMs, callsMax, reconnect, reconnectDelayMsMax, reconnectWaitMs };
    this.events = new EventHub({ current: () => this.current({}), reconnects: reconnect });
    const onEvent: SessionOptions['onEvent'] = (header, body) => this.events.receive(header, body);
    this.sessionOptions = { timeoutMs, keepaliveIntervalMs, callsMax, slotsMax, credentials: options.credentials, onEvent };
    // Nobody may be waiting for the next session when this is closed.
    this.next.promise.catch(() => undefined);
  }

  static async open(uri: string, options: ConnectOptions = {}): Promise<Link> {
    const link = new Link(uri, options);
    link.adopt(await Session.open(link.target, link.sessionOptions, options));
    return link;
  }

  private adopt(session: Session): void {
    this.session = session;
    this.lost = undefined;
    this.next.resolve(session);
    this.setState('connected', undefined);
    session.whenEnded((reason) => this.onSessionEnd(reason));
  }

  private onSessionEnd(reason: ConnectionError): void {
    this.session = undefined;
    this.lost = reason;
    this.events.disconnected();
    if (this.state === 'closed') return;
    if (!this.options.reconnect) {
      this.finish(reason);
      return;
    }
    this.next = Promise.withResolvers<Session>();
    this.next.promise.catch(() => undefined);
    this.setState('reconnecting', reason);
    // Ends by itself when a connection is made or this is closed, and never rejects.
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    const { signal } = this.closing;
    for (let delayMs = firstDelayMs; !signal.aborted; delayMs = Math.min(delayMs * 2, this.options.reconnectDelayMsMax)) {
      let session: Session | undefined;
      try {
        session = await Session.open(this.target, this.sessionOptions, { signal });
        await this.events.reconnected(session);
        signal.throwIfAborted();
        this.adopt(session);
        return;
      } catch (error) {
        // The reason is kept for the calls that ask meanwhile.
        if (error instanceof ConnectionError) this.lost = error;
        this.events.disconnected();
        session?.destroy(new ConnectionError('closed', 'The new connection could not be made ready.'));
      }
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private setState(state: ConnectionState, reason: ConnectionError | undefined): void {
    this.state = state;
    for (const listener of this.listeners) listener(state, reason);
  }

  /** Calls back at every change of state from now on. Returns what ends that. */
  onStateChange(listener: StateListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The session of now, or the next one if it comes soon. */
  private async current(options: CallOptions): Promise<Session> {
    if (this.session) return this.session;
    if (this.state === 'closed') throw this.lost ?? new ConnectionError('closed', 'The connection is closed.');
    if (this.waitingCalls >= this.options.callsMax) throw this.notConnected();
    this.waitingCalls++;
    try {
      return await this.nextSession(options);
    } finally {
      this.waitingCalls--;
    }
  }

  private nextSession(options: CallOptions): Promise<Session> {
    const waitMs = Math.min(this.options.reconnectWaitMs, options.timeoutMs ?? this.options.timeoutMs);
    return new Promise((resolve, reject) => {
      const unwatch = watchLimits(options, waitMs, (reason) => reject(reason.code === 'timeout' ? this.notConnected() : reason));
      this.next.promise.finally(unwatch).then(resolve, reject);
    });
  }

  private notConnected(): ConnectionError {
    const message = `There is no connection to libvirt just now; it is being made again. The last attempt said: ${this.lost?.message ?? 'nothing'}`;
    return new ConnectionError('connection_lost', message, { cause: this.lost });
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, options: CallOptions = {}): Promise<R> {
    if (this.session) return this.session.call(procedure, args, options);
    return this.current(options).then((session) => session.call(procedure, args, options));
  }

  async openStream<A, R>(procedure: Procedure<A, R>, args: A, options: CallOptions = {}): Promise<Stream<R>> {
    await this.current(options);
    return openStream({ target: this.target, session: this.sessionOptions, procedure, args }, options);
  }

  listen<M, T>(kind: EventKind<M>, options: ListenOptions<M, T>): EventQueue<T> {
    return this.events.listen(kind, options);
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    const { session } = this;
    this.finish(new ConnectionError('closed', 'The connection was closed.'));
    await session?.close();
  }

  private finish(reason: ConnectionError): void {
    this.lost = reason;
    this.setState('closed', reason);
    this.closing.abort(reason);
    this.next.reject(reason);
    this.events.end(reason);
  }
}
