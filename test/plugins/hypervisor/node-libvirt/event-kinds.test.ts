import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Connection, EventQueue, Gap, LibvirtError, MessageEvent } from 'node-libvirt';
import { connect, ErrorCode, remoteProcedures as remote } from 'node-libvirt';
import type { EmittedEventName, EmittedMessage } from 'node-libvirt/testing';
import { FakeLibvirt } from 'node-libvirt/testing';
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
import { valueOf } from './kit/arbitrary.ts';

type Listen = (conn: Connection) => EventQueue<MessageEvent<unknown>>;

/** Each kind of event by the name the fake has for it, and the method that listens to it. */
const kinds: [EmittedEventName, EventKind<unknown>, Listen][] = [
  ...of('', domainEvents, (conn, name) => conn.domainEvents(name)),
  ...of('network.', networkEvents, (conn, name) => conn.networkEvents(name)),
  ...of('storagePool.', storagePoolEvents, (conn, name) => conn.storagePoolEvents(name)),
  ...of('nodeDevice.', nodeDeviceEvents, (conn, name) => conn.nodeDeviceEvents(name)),
  ...of('secret.', secretEvents, (conn, name) => conn.secretEvents(name)),
  ['qemuMonitor', qemuMonitorEvent, (conn) => conn.qemuMonitorEvents()],
];

function of<T extends Record<string, EventKind<unknown>>>(
  prefix: string,
  table: T,
  listen: (conn: Connection, name: keyof T) => EventQueue<MessageEvent<unknown>>,
): [EmittedEventName, EventKind<unknown>, Listen][] {
  return Object.entries(table).map(([name, kind]) => [`${prefix}${name}` as EmittedEventName, kind, (conn) => listen(conn, name)]);
}

async function start() {
  const fake = await FakeLibvirt.start();
  fake.answer(remote.connectGetHostname, () => ({ hostname: 'host' }));
  const conn = await connect(fake.uri, { keepaliveIntervalMs: 0, reconnect: true, reconnectDelayMsMax: 20 });
  return {
    fake,
    conn,
    emit: (name: EmittedEventName, message: unknown) => fake.emit(name, message as EmittedMessage<EmittedEventName>),
    reconnected: () => new Promise<void>((resolve) => conn.onStateChange((state) => state === 'connected' && resolve())),
    async [Symbol.asyncDispose]() {
      await conn.close();
      await fake[Symbol.asyncDispose]();
    },
  };
}

/** From now on the daemon knows no events of this kind. */
const refuse = (fake: FakeLibvirt, register: Parameters<FakeLibvirt['intercept']>[0]): void =>
  fake.intercept(register, (call) => call.fail(ErrorCode.INVALID_ARG, 'no such event'));

/** A message of a kind without the number of its registration, which differs from one to the next. */
function messagesOf(kind: EventKind<unknown>, count: number): object[] {
  return fc.sample(valueOf(kind.event.message), { numRuns: count, seed: 7 }).map((message) => withoutNumber(message));
}

function withoutNumber(message: unknown): object {
  const { callbackID, ...rest } = message as { callbackID: number };
  expect(callbackID).toEqual(expect.any(Number));
  return rest;
}

async function take(events: EventQueue<MessageEvent<unknown>>, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for await (const one of events as AsyncIterable<MessageEvent<unknown> | Gap>) {
    taken.push(one.kind === 'gap' ? one.reason : withoutNumber(one.message));
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
  expect(new Set(kinds.filter(([, { registry }]) => registry === domainEvents.lifecycle.registry).map(([, { id }]) => id)).size).toBe(27);
});

describe('before and after a new connection its messages arrive as they were sent', () => {
  test.each(kinds)('%s', async (name, kind, listen) => {
    const [before, after] = messagesOf(kind, 2);
    await using it = await start();
    const events = listen(it.conn);
    await events.ready;
    it.emit(name, before);
    // Its answer comes after the event.
    await it.conn.getHostname();
    const again = it.reconnected();
    it.fake.cut();
    await again;
    it.emit(name, after);
    expect(await take(events, 3)).toEqual([before, 'reconnected', after]);
  });
});

test('who has given up an event is sent it no more, and goes on hearing of others', async () => {
  await using it = await start();
  const [given, kept] = [it.conn.storagePoolEvents('refresh'), it.conn.storagePoolEvents('lifecycle')];
  await Promise.all([given.ready, kept.ready]);
  await given[Symbol.asyncDispose]();
  // Its answer comes after that of the deregistration.
  await it.conn.getHostname();
  const written = () => [...it.fake.sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0);
  const before = written();
  it.emit('storagePool.refresh', messagesOf(storagePoolEvents.refresh, 1)[0]);
  expect(written()).toBe(before);
  const [message] = messagesOf(storagePoolEvents.lifecycle, 1);
  it.emit('storagePool.lifecycle', message);
  expect(await take(kept, 1)).toEqual([message]);
});

test('an event the daemon does not know is an error for who wants it, and nothing to the others', async () => {
  await using it = await start();
  refuse(it.fake, remote.connectDomainEventCallbackRegisterAny);
  const unknown = it.conn.domainEvents('memoryDeviceSizeChange');
  await expect(unknown.ready).rejects.toMatchObject({ name: 'LibvirtError', code: ErrorCode.INVALID_ARG });
  const known = it.conn.networkEvents('lifecycle');
  await known.ready;
  const [message] = messagesOf(networkEvents.lifecycle, 1);
  it.emit('network.lifecycle', message);
  expect(await take(known, 1)).toEqual([message]);
});

test('a daemon that comes back and refuses an event ends its listeners, not the connection', async () => {
  await using it = await start();
  const events = it.conn.secretEvents('lifecycle');
  await events.ready;
  refuse(it.fake, remote.connectSecretEventRegisterAny);
  const again = it.reconnected();
  it.fake.cut();
  await again;
  expect(await take(events, 2).catch((error: LibvirtError) => error.code)).toBe(ErrorCode.INVALID_ARG);
  expect(it.conn.state).toBe('connected');
});
