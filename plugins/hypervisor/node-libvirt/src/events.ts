import { ConnectionError, LibvirtError } from './errors.ts';
import type { EventKind } from './event-kinds.ts';
import { EventQueue } from './event-queue.ts';
import type { Session } from './session.ts';
import type { Header } from './wire/packet.ts';
import type { XdrReader } from './xdr/reader.ts';

/** A listener, with what makes its events of the protocol's messages. */
interface Listener {
  queue: EventQueue<unknown>;
  toEvent(message: unknown): unknown;
}

export interface ListenOptions<M, T> {
  signal?: AbortSignal;
  eventsMax: number;
  toEvent(message: M): T;
}

/** Who listens to which events; survives the connections below it. */
export class EventHub {
  private readonly listeners = new Map<EventKind<unknown>, Set<Listener>>();
  private readonly byProcedure = new Map<string, EventKind<unknown>>();
  /** The server's number of each registration on the session of now. */
  private callbacks = new Map<EventKind<unknown>, number>();
  /** Registrations happen one after the other, so that leaving and coming back cannot overtake each other. */
  private registering: Promise<void> = Promise.resolve();
  private readonly link: { current(): Promise<Session>; reconnects: boolean };

  constructor(link: { current(): Promise<Session>; reconnects: boolean }) {
    this.link = link;
  }

  /** Takes an event packet. One that cannot be read ends the connection, for the next ones would be lost as well. */
  receive(header: Header, body: XdrReader): void {
    const kind = this.byProcedure.get(`${header.program} ${header.procedure}`);
    const listeners = kind && this.listeners.get(kind);
    if (!listeners || listeners.size === 0) return;
    const message = kind.event.message.decode(body);
    for (const { queue, toEvent } of listeners) queue.push(toEvent(message));
  }

  /** Starts to listen; the queue ends itself when its signal fires or its reader leaves. */
  listen<M, T>(kind: EventKind<M>, options: ListenOptions<M, T>): EventQueue<T> {
    const listeners = this.listenersOf(kind);
    const queue = new EventQueue<T>({
      ...options,
      onClose: () => {
        listeners.delete(listener);
        this.inTurn(() => this.update(kind));
      },
    });
    const listener: Listener = { queue, toEvent: options.toEvent };
    listeners.add(listener);
    this.inTurn(async () => {
      try {
        await this.update(kind);
        queue.opened();
      } catch (error) {
        const comesBack = this.link.reconnects && error instanceof ConnectionError && error.retryable;
        if (!comesBack) queue.fail(error as Error);
      }
    });
    return queue;
  }

  private listenersOf(kind: EventKind<unknown>): Set<Listener> {
    const known = this.listeners.get(kind);
    if (known) return known;
    const listeners = new Set<Listener>();
    this.listeners.set(kind, listeners);
    this.byProcedure.set(`${kind.event.program} ${kind.event.number}`, kind);
    return listeners;
  }

  private inTurn(task: () => Promise<void>): void {
    this.registering = this.registering.then(task).catch(() => {
      // A registration that could not be taken back is gone with its connection; one that was wanted has told its listener.
    });
  }

  /** Makes the registration at the server match whether anybody listens. */
  private async update(kind: EventKind<unknown>, session?: Session): Promise<void> {
    if (this.matches(kind)) return;
    const on = session ?? (await this.link.current());
    // Waiting for the connection may have been waiting for a new one, which has registered everything by itself.
    if (this.matches(kind)) return;
    const { callbacks } = this;
    const callbackID = callbacks.get(kind);
    if (callbackID === undefined) callbacks.set(kind, (await kind.registry.register(on, kind.id)).callbackID);
    else {
      callbacks.delete(kind);
      await kind.registry.deregister(on, callbackID);
    }
  }

  private matches(kind: EventKind<unknown>): boolean {
    return (this.listeners.get(kind)?.size ?? 0) > 0 === this.callbacks.has(kind);
  }

  /** The connection is gone and its registrations with it. */
  disconnected(): void {
    this.callbacks = new Map();
  }

  /** Registers everything again on a new connection and tells every listener that events are missing. */
  async reconnected(session: Session): Promise<void> {
    for (const [kind, listeners] of this.listeners) {
      try {
        await this.update(kind, session);
      } catch (error) {
        if (!(error instanceof LibvirtError)) throw error;
        // The daemon has come back as one that refuses this event: that is the end of its listeners, not of the connection.
        for (const { queue } of listeners) queue.fail(error);
      }
      for (const { queue } of listeners) {
        queue.opened();
        queue.mark('reconnected');
      }
    }
  }

  /** No connection will come any more. Closing on purpose ends the listeners quietly. */
  end(reason: ConnectionError): void {
    const queues = [...this.listeners.values()].flatMap((listeners) => [...listeners].map(({ queue }) => queue));
    for (const queue of queues) queue.fail(reason.code === 'closed' ? undefined : reason);
  }
}
