import type { Socket } from 'node:net';
import type { Procedure } from '../caller.ts';
import type { EventKind, MessageOf, Registry } from '../event-kinds.ts';
import { domainEvents, networkEvents, nodeDeviceEvents, qemuMonitorEvent, secretEvents, storagePoolEvents } from '../event-kinds.ts';
import { qemuProcedures as qemu } from '../generated/procedures-qemu.ts';
import { remoteProcedures as remote } from '../generated/procedures-remote.ts';
import type { FakeLibvirt } from './fake-libvirt.ts';

/** Every kind of event: those of domains by the names they have in `conn.domainEvents()`, others with what they are about before the name. */
const kinds = {
  ...domainEvents,
  'network.lifecycle': networkEvents.lifecycle,
  'storagePool.lifecycle': storagePoolEvents.lifecycle,
  'storagePool.refresh': storagePoolEvents.refresh,
  'nodeDevice.lifecycle': nodeDeviceEvents.lifecycle,
  'nodeDevice.update': nodeDeviceEvents.update,
  'secret.lifecycle': secretEvents.lifecycle,
  'secret.valueChanged': secretEvents.valueChanged,
  qemuMonitor: qemuMonitorEvent,
} as const;

export type EmittedEventName = keyof typeof kinds;
/** The message of an event as the protocol has it; the number of the registration is filled in. */
export type EmittedMessage<N extends EmittedEventName> = N extends unknown ? Omit<MessageOf<(typeof kinds)[N]>, 'callbackID'> : never;

type Register = Procedure<{ eventID: number }, { callbackID: number }>;
type Deregister = Procedure<{ callbackID: number }, void>;

/** A client that wants to hear of an event. */
interface Registration {
  socket: Socket;
  registry: Registry;
  eventID: number;
  callbackID: number;
}

/** Who has asked for which events. */
export class Registrations {
  private readonly all = new Set<Registration>();
  private callbackID = 0;

  /** Answers the procedures that events are asked for and given up with. */
  serve(fake: FakeLibvirt): void {
    const serve = (registry: Registry, register: Register, deregister: Deregister) => {
      fake.answer(register, ({ eventID }, { socket }) => this.add({ socket, registry, eventID }));
      fake.answer(deregister, ({ callbackID }, { socket }) => this.remove(socket, callbackID));
    };
    serve(domainEvents.lifecycle.registry, remote.connectDomainEventCallbackRegisterAny, remote.connectDomainEventCallbackDeregisterAny);
    serve(networkEvents.lifecycle.registry, remote.connectNetworkEventRegisterAny, remote.connectNetworkEventDeregisterAny);
    serve(storagePoolEvents.lifecycle.registry, remote.connectStoragePoolEventRegisterAny, remote.connectStoragePoolEventDeregisterAny);
    serve(nodeDeviceEvents.lifecycle.registry, remote.connectNodeDeviceEventRegisterAny, remote.connectNodeDeviceEventDeregisterAny);
    serve(secretEvents.lifecycle.registry, remote.connectSecretEventRegisterAny, remote.connectSecretEventDeregisterAny);
    const { registry, id: eventID } = qemuMonitorEvent;
    fake.answer(qemu.connectDomainMonitorEventRegister, (_, { socket }) => this.add({ socket, registry, eventID }));
    fake.answer(qemu.connectDomainMonitorEventDeregister, ({ callbackID }, { socket }) => this.remove(socket, callbackID));
  }

  /** The kind of an event, and who has asked for it under which number. */
  of(name: EmittedEventName): { event: EventKind<unknown>['event']; to: Pick<Registration, 'socket' | 'callbackID'>[] } {
    const { id, registry, event }: EventKind<unknown> = kinds[name];
    return { event, to: [...this.all].filter((one) => one.registry === registry && one.eventID === id) };
  }

  private add(wanted: Omit<Registration, 'callbackID'>): { callbackID: number } {
    const registration = { ...wanted, callbackID: ++this.callbackID };
    this.all.add(registration);
    wanted.socket.once('close', () => this.all.delete(registration));
    return { callbackID: registration.callbackID };
  }

  private remove(socket: Socket, callbackID: number): void {
    for (const one of this.all) if (one.socket === socket && one.callbackID === callbackID) this.all.delete(one);
  }
}
