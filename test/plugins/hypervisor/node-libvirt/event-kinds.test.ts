import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Connection, EventQueue, Gap, LibvirtError, MessageEvent } from 'node-libvirt';
import { connect, ErrorCode, qemuProcedures as qemu, remoteProcedures as remote } from 'node-libvirt';
import type { Procedure } from '../../../../plugins/hypervisor/node-libvirt/src/caller.ts';
import type { EventKind } from '../../../../plugins/hypervisor/node-libvirt/src/event-kinds.ts';
import {
  domainEvents,
  networkEvents,
  nodeDeviceEvents,
  qemuMonitorEvent,
  secretEvents,
  storagePoolEvents,
} from '../../../../plugins/hypervisor/node-libvirt/src/event-kinds.ts';
import { remoteEvents } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-remote.ts';
import { encodePacket, messageStatus, messageType } from '../../../../plugins/hypervisor/node-libvirt/src/wire/packet.ts';
import { valueOf } from './kit/arbitrary.ts';
import { ProtocolServer } from './kit/protocol-server.ts';

type Listen = (conn: Connection) => EventQueue<MessageEvent<unknown>>;

/** Each kind of event, and the method that listens to it. */
const kinds: [string, EventKind<unknown>, Listen][] = [
  ...of('domain', domainEvents, (conn, name) => conn.domainEvents(name)),
  ...of('network', networkEvents, (conn, name) => conn.networkEvents(name)),
  ...of('storage pool', storagePoolEvents, (conn, name) => conn.storagePoolEvents(name)),
  ...of('node device', nodeDeviceEvents, (conn, name) => conn.nodeDeviceEvents(name)),
  ...of('secret', secretEvents, (conn, name) => conn.secretEvents(name)),
  ['QEMU monitor', qemuMonitorEvent, (conn) => conn.qemuMonitorEvents()],
];

function of<T extends Record<string, EventKind<unknown>>>(
  what: string,
  table: T,
  listen: (conn: Connection, name: keyof T) => EventQueue<MessageEvent<unknown>>,
): [string, EventKind<unknown>, Listen][] {
  return Object.entries(table).map(([name, kind]) => [`${what} ${name}`, kind, (conn) => listen(conn, name)]);
}

/** A server that takes every registration, or refuses it. */
async function start(refuse = () => false) {
  const server = await ProtocolServer.start();
  const registrations: readonly Procedure<unknown, { callbackID: number }>[] = [
    remote.connectDomainEventCallbackRegisterAny,
    remote.connectNetworkEventRegisterAny,
    remote.connectStoragePoolEventRegisterAny,
    remote.connectNodeDeviceEventRegisterAny,
    remote.connectSecretEventRegisterAny,
    qemu.connectDomainMonitorEventRegister,
  ];
  let registered = 0;
  for (const register of registrations) {
    server.on(register, (call) => {
      if (refuse()) call.fail(ErrorCode.INVALID_ARG, 'no such event');
      else call.reply(register, { callbackID: registered++ });
    });
  }
  server.on(remote.connectGetHostname, (call) => call.reply(remote.connectGetHostname, { hostname: 'host' }));
  const conn = await connect(server.uri, { keepaliveIntervalMs: 0, reconnect: true, reconnectDelayMsMax: 20 });
  const emit = ({ event }: EventKind<unknown>, message: unknown) => {
    const { program, number: procedure } = event;
    const header = { program, procedure, type: messageType.message, serial: 0, status: messageStatus.ok };
    server.broadcast(encodePacket(header, event.message, message));
  };
  return {
    server,
    conn,
    emit,
    reconnected: () => new Promise<void>((resolve) => conn.onStateChange((state) => state === 'connected' && resolve())),
    async [Symbol.asyncDispose]() {
      await conn.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function take(events: EventQueue<MessageEvent<unknown>>, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for await (const one of events as AsyncIterable<MessageEvent<unknown> | Gap>) {
    taken.push(one.kind === 'gap' ? one.reason : one.message);
    if (taken.length === count) break;
  }
  return taken;
}

test('every event of the protocol that is registered for has a name here', () => {
  // These come from before there were registrations with numbers, or are about the daemon's own upstream connection.
  const older = /^domainEvent(?!Callback|BlockJob2|BlockThreshold|MemoryFailure|MemoryDeviceSizeChange)|^connectEventConnectionClosed$/;
  const wanted = Object.entries(remoteEvents).filter(([name]) => !older.test(name));
  const named = kinds.map(([, { event }]) => event.message).filter((message) => message !== qemuMonitorEvent.event.message);
  expect(new Set(named)).toEqual(new Set(wanted.map(([, event]) => event.message)));
  expect(named).toHaveLength(wanted.length);
  expect(new Set(kinds.filter(([name]) => name.startsWith('domain')).map(([, { id }]) => id)).size).toBe(27);
});

describe('before and after a new connection its messages arrive as they were sent', () => {
  test.each(kinds)('%s', async (...[, kind, listen]) => {
    const [before, after] = fc.sample(valueOf(kind.event.message), { numRuns: 2, seed: 7 });
    await using it = await start();
    const events = listen(it.conn);
    await events.ready;
    it.emit(kind, before);
    // Its answer comes after the event.
    await it.conn.getHostname();
    const again = it.reconnected();
    it.server.cut();
    await again;
    it.emit(kind, after);
    expect(await take(events, 3)).toEqual([before, 'reconnected', after]);
  });
});

test('an event the daemon does not know is an error for who wants it, and nothing to the others', async () => {
  let old = true;
  await using it = await start(() => old);
  const unknown = it.conn.domainEvents('memoryDeviceSizeChange');
  await expect(unknown.ready).rejects.toMatchObject({ name: 'LibvirtError', code: ErrorCode.INVALID_ARG });
  old = false;
  const known = it.conn.networkEvents('lifecycle');
  await known.ready;
  const [message] = fc.sample(valueOf(networkEvents.lifecycle.event.message), { numRuns: 1, seed: 7 });
  it.emit(networkEvents.lifecycle, message);
  expect(await take(known, 1)).toEqual([message]);
});

test('a daemon that comes back and refuses an event ends its listeners, not the connection', async () => {
  let old = false;
  await using it = await start(() => old);
  const events = it.conn.secretEvents('lifecycle');
  await events.ready;
  old = true;
  const again = it.reconnected();
  it.server.cut();
  await again;
  expect(await take(events, 2).catch((error: LibvirtError) => error.code)).toBe(ErrorCode.INVALID_ARG);
  expect(it.conn.state).toBe('connected');
});
