import { ConnectionError } from './errors.ts';
import { DomainEventID } from './generated/constants-domain.ts';
import { remoteEvents, remoteProcedures as remote } from './generated/procedures-remote.ts';
import { EventQueue } from './event-queue.ts';
import type { Header } from './wire/packet.ts';
import type { Session } from './session.ts';
import type { Codec, Infer } from './xdr/codec.ts';
import type { XdrReader } from './xdr/reader.ts';

/** The events of domains, by a name of their own: libvirt's number for registering, and how the message looks. */
export const domainEvents = {
  lifecycle: { id: DomainEventID.LIFECYCLE, event: remoteEvents.domainEventCallbackLifecycle },
  reboot: { id: DomainEventID.REBOOT, event: remoteEvents.domainEventCallbackReboot },
  watchdog: { id: DomainEventID.WATCHDOG, event: remoteEvents.domainEventCallbackWatchdog },
  ioError: { id: DomainEventID.IO_ERROR_REASON, event: remoteEvents.domainEventCallbackIoErrorReason },
  blockJob: { id: DomainEventID.BLOCK_JOB_2, event: remoteEvents.domainEventBlockJob2 },
  diskChange: { id: DomainEventID.DISK_CHANGE, event: remoteEvents.domainEventCallbackDiskChange },
  balloonChange: { id: DomainEventID.BALLOON_CHANGE, event: remoteEvents.domainEventCallbackBalloonChange },
  deviceAdded: { id: DomainEventID.DEVICE_ADDED, event: remoteEvents.domainEventCallbackDeviceAdded },
  deviceRemoved: { id: DomainEventID.DEVICE_REMOVED, event: remoteEvents.domainEventCallbackDeviceRemoved },
  deviceRemovalFailed: { id: DomainEventID.DEVICE_REMOVAL_FAILED, event: remoteEvents.domainEventCallbackDeviceRemovalFailed },
  tunable: { id: DomainEventID.TUNABLE, event: remoteEvents.domainEventCallbackTunable },
  agentLifecycle: { id: DomainEventID.AGENT_LIFECYCLE, event: remoteEvents.domainEventCallbackAgentLifecycle },
  migrationIteration: { id: DomainEventID.MIGRATION_ITERATION, event: remoteEvents.domainEventCallbackMigrationIteration },
  jobCompleted: { id: DomainEventID.JOB_COMPLETED, event: remoteEvents.domainEventCallbackJobCompleted },
  metadataChange: { id: DomainEventID.METADATA_CHANGE, event: remoteEvents.domainEventCallbackMetadataChange },
  blockThreshold: { id: DomainEventID.BLOCK_THRESHOLD, event: remoteEvents.domainEventBlockThreshold },
  memoryFailure: { id: DomainEventID.MEMORY_FAILURE, event: remoteEvents.domainEventMemoryFailure },
} as const;

export type DomainEventName = keyof typeof domainEvents;
/** The message of an event as the protocol has it. */
export type DomainEventMessage<N extends DomainEventName> = Infer<(typeof domainEvents)[N]['event']['message']>;

/** A listener, with what makes its events of the protocol's messages. */
interface Listener {
  queue: EventQueue<unknown>;
  toEvent(message: unknown): unknown;
}

export interface ListenOptions<N extends DomainEventName, T> {
  signal?: AbortSignal;
  eventsMax: number;
  toEvent(message: DomainEventMessage<N>): T;
}

/** Who listens to which events; survives the connections below it. */
export class EventHub {
  private readonly listeners = new Map<DomainEventName, Set<Listener>>();
  private readonly byProcedure = new Map(
    Object.entries(domainEvents).map(([name, { event }]) => [event.number as number, name as DomainEventName]),
  );
  /** The server's number of each registration on the session of now. */
  private callbacks = new Map<DomainEventName, number>();
  private readonly program = remoteEvents.domainEventCallbackLifecycle.program;
  /** Registrations happen one after the other, so that leaving and coming back cannot overtake each other. */
  private registering: Promise<void> = Promise.resolve();
  private readonly link: { current(): Promise<Session>; reconnects: boolean };

  constructor(link: { current(): Promise<Session>; reconnects: boolean }) {
    this.link = link;
  }

  /** Takes an event packet. One that cannot be read ends the connection, for the next ones would be lost as well. */
  receive(header: Header, body: XdrReader): void {
    const name = header.program === this.program ? this.byProcedure.get(header.procedure) : undefined;
    const listeners = name && this.listeners.get(name);
    if (!listeners || listeners.size === 0) return;
    const codec: Codec<unknown> = domainEvents[name].event.message;
    const message = codec.decode(body);
    for (const { queue, toEvent } of listeners) queue.push(toEvent(message));
  }

  /** Starts to listen; the queue ends itself when its signal fires or its reader leaves. */
  listen<N extends DomainEventName, T>(name: N, options: ListenOptions<N, T>): EventQueue<T> {
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners);
    const queue = new EventQueue<T>({
      ...options,
      onClose: () => {
        listeners.delete(listener);
        this.inTurn(() => this.update(name));
      },
    });
    const listener: Listener = { queue, toEvent: options.toEvent };
    listeners.add(listener);
    this.inTurn(async () => {
      try {
        await this.update(name);
        queue.opened();
      } catch (error) {
        const comesBack = this.link.reconnects && error instanceof ConnectionError && error.retryable;
        if (!comesBack) queue.fail(error as Error);
      }
    });
    return queue;
  }

  private inTurn(task: () => Promise<void>): void {
    this.registering = this.registering.then(task).catch(() => {
      // A registration that could not be taken back is gone with its connection; one that was wanted has told its listener.
    });
  }

  /** Makes the registration at the server match whether anybody listens. */
  private async update(name: DomainEventName, session?: Session): Promise<void> {
    if (this.matches(name)) return;
    const on = session ?? (await this.link.current());
    // Waiting for the connection may have been waiting for a new one, which has registered everything by itself.
    if (this.matches(name)) return;
    const { callbacks } = this;
    const callbackID = callbacks.get(name);
    if (callbackID === undefined) {
      const args = { eventID: domainEvents[name].id, dom: null };
      callbacks.set(name, (await on.call(remote.connectDomainEventCallbackRegisterAny, args)).callbackID);
    } else {
      callbacks.delete(name);
      await on.call(remote.connectDomainEventCallbackDeregisterAny, { callbackID });
    }
  }

  private matches(name: DomainEventName): boolean {
    return (this.listeners.get(name)?.size ?? 0) > 0 === this.callbacks.has(name);
  }

  /** The connection is gone and its registrations with it. */
  disconnected(): void {
    this.callbacks = new Map();
  }

  /** Registers everything again on a new connection and tells every listener that events are missing. */
  async reconnected(session: Session): Promise<void> {
    for (const [name, listeners] of this.listeners) {
      await this.update(name, session);
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
