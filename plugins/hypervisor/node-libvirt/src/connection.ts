import { ConnectionDevices } from './connection/devices.ts';
import { Domain } from './domain.ts';
import type {
  DomainEventName,
  EventKind,
  MessageOf,
  NetworkEventName,
  NodeDeviceEventName,
  SecretEventName,
  StoragePoolEventName,
} from './event-kinds.ts';
import { domainEvents, networkEvents, nodeDeviceEvents, qemuMonitorEvent, secretEvents, storagePoolEvents } from './event-kinds.ts';
import type { EventQueue } from './event-queue.ts';
import type { ConnectOptions } from './link.ts';
import { Link } from './link.ts';

/** A change in the life of a domain. */
export interface LifecycleEvent {
  kind: 'event';
  domain: Domain;
  /** See `DomainEventType`: 0 defined, 1 undefined, 2 started, 3 suspended, 4 resumed, 5 stopped, 6 shut down, 7 power-managed, 8 crashed. */
  event: number;
  /** See the enum of that event, such as `DomainEventStoppedDetailType`. */
  detail: number;
}

/** An event with the message as the protocol has it. */
export interface MessageEvent<M> {
  kind: 'event';
  message: M;
}

/** The messages of a kind of event, as they come. */
export type Messages<K> = EventQueue<MessageEvent<MessageOf<K>>>;

export interface EventOptions {
  /** Ends the listening. */
  signal?: AbortSignal;
  /** Events that may wait for the reader before some are dropped. Default: 1,024. */
  eventsMax?: number;
}

const eventsMaxDefault = 1024;

/**
 * A connection to a libvirt daemon. Methods have libvirt's own names; each takes `{ signal, timeoutMs }` as its last argument.
 * They reject with a `LibvirtError` when libvirt says no, and with a `ConnectionError` when it could not be asked.
 *
 * Listening to events begins with the call (`await events.ready` to be sure that the daemon knows; it rejects where the daemon does not know
 * the event) and ends with the signal or with leaving the loop. A `gap` says that events are missing: look at the state of things again.
 */
export class Connection extends ConnectionDevices {
  /** Domains being defined, started, stopped and so on, as they happen. */
  lifecycleEvents(options: EventOptions = {}): EventQueue<LifecycleEvent> {
    return this.link.listen(domainEvents.lifecycle, {
      eventsMax: eventsMaxDefault,
      ...options,
      toEvent: ({ msg }) => ({ kind: 'event', domain: new Domain(this.link, msg.dom), event: msg.event, detail: msg.detail }),
    });
  }
  /** Any event of domains. */
  domainEvents<N extends DomainEventName>(name: N, options?: EventOptions): Messages<(typeof domainEvents)[N]> {
    return this.messages<(typeof domainEvents)[N]>(domainEvents[name], options);
  }
  /** Networks being defined, started, stopped and so on. See `NetworkEventLifecycleType`. */
  networkEvents<N extends NetworkEventName>(name: N, options?: EventOptions): Messages<(typeof networkEvents)[N]> {
    return this.messages<(typeof networkEvents)[N]>(networkEvents[name], options);
  }
  /** Pools being defined, started and so on (`StoragePoolEventLifecycleType`), or looked through anew. */
  storagePoolEvents<N extends StoragePoolEventName>(name: N, options?: EventOptions): Messages<(typeof storagePoolEvents)[N]> {
    return this.messages<(typeof storagePoolEvents)[N]>(storagePoolEvents[name], options);
  }
  /** Devices of the host coming and going (`NodeDeviceEventLifecycleType`), or changing. */
  nodeDeviceEvents<N extends NodeDeviceEventName>(name: N, options?: EventOptions): Messages<(typeof nodeDeviceEvents)[N]> {
    return this.messages<(typeof nodeDeviceEvents)[N]>(nodeDeviceEvents[name], options);
  }
  /** Secrets being defined and undefined (`SecretEventLifecycleType`), or getting another value. */
  secretEvents<N extends SecretEventName>(name: N, options?: EventOptions): Messages<(typeof secretEvents)[N]> {
    return this.messages<(typeof secretEvents)[N]>(secretEvents[name], options);
  }
  /** Everything that QEMU's monitor says by itself, as JSON in `details`. */
  qemuMonitorEvents(options?: EventOptions): Messages<typeof qemuMonitorEvent> {
    return this.messages(qemuMonitorEvent, options);
  }

  private messages<K extends EventKind<unknown>>(kind: K, options: EventOptions = {}): Messages<K> {
    const toEvent = (message: unknown) => ({ kind: 'event' as const, message: message as MessageOf<K> });
    return this.link.listen(kind, { eventsMax: eventsMaxDefault, ...options, toEvent });
  }
}

/** Connects to the libvirt daemon of a URI such as `qemu:///system`, `qemu+tls://host/system` or `qemu+ssh://user@host/system`. */
export async function connect(uri: string, options?: ConnectOptions): Promise<Connection> {
  return new Connection(await Link.open(uri, options));
}
