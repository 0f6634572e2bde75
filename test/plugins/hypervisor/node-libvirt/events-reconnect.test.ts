import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ConnectionError, ConnectOptions, EventQueue, Gap, LifecycleEvent } from 'node-libvirt';
import { connect, ErrorCode, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';
import { remoteEvents } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-remote.ts';

const register = remote.connectDomainEventCallbackRegisterAny;
const deregister = remote.connectDomainEventCallbackDeregisterAny;
const lifecycle = remoteEvents.domainEventCallbackLifecycle;

/** A server that takes registrations and counts them. */
async function start(options: ConnectOptions = {}) {
  const server = await FakeLibvirt.start();
  const registered: number[] = [];
  server.answer(register, ({ eventID }) => {
    registered.push(eventID);
    return { callbackID: registered.length };
  });
  server.answer(deregister, () => void registered.pop());
  server.answer(remote.connectGetHostname, () => ({ hostname: 'host' }));
  const conn = await connect(server.uri, { keepaliveIntervalMs: 0, ...options });
  const emit = (name: string, event = 2) => {
    const dom = { name, uuid: '00000000-0000-4000-8000-000000000001', id: 1 };
    server.broadcast(lifecycle, { callbackID: 1, msg: { dom, event, detail: 0 } });
  };
  return {
    server,
    conn,
    emit,
    registered,
    async [Symbol.asyncDispose]() {
      await conn.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function take(events: AsyncIterable<LifecycleEvent | Gap>, count: number): Promise<(string | Gap)[]> {
  const taken: (string | Gap)[] = [];
  if (count === 0) return taken;
  for await (const one of events) {
    taken.push(one.kind === 'gap' ? one : one.domain.name);
    if (taken.length === count) break;
  }
  return taken;
}

async function next(events: EventQueue<LifecycleEvent>): Promise<LifecycleEvent | Gap | undefined> {
  const result = await events[Symbol.asyncIterator]().next();
  return result.done ? undefined : result.value;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fulfilled',
    (error: unknown) => (error as ConnectionError).code,
  );

describe('events', () => {
  test('a registration the server refuses is told to the reader and to whoever waits for it', async () => {
    await using it = await start();
    it.server.intercept(register, (call) => call.fail(ErrorCode.ACCESS_DENIED, 'access denied'));
    const events = it.conn.lifecycleEvents();
    expect(await codeOf(events.ready)).toBe(ErrorCode.ACCESS_DENIED);
    expect(await codeOf(take(events, 1))).toBe(ErrorCode.ACCESS_DENIED);
  });

  test('a slow reader loses events, is told so, and holds up neither calls nor others', async () => {
    await using it = await start();
    const slow = it.conn.lifecycleEvents({ eventsMax: 3 });
    const quick = it.conn.lifecycleEvents();
    await Promise.all([slow.ready, quick.ready]);
    for (let at = 0; at < 10; at++) it.emit(`vm-${at}`);
    expect(await it.conn.getHostname()).toBe('host');
    expect(await take(quick, 10)).toHaveLength(10);
    expect(await take(slow, 4)).toEqual(['vm-0', 'vm-1', 'vm-2', { kind: 'gap', reason: 'overflow', dropped: 7 }]);
  });

  test('an event that cannot be read ends the connection instead of being missed in silence', async () => {
    await using it = await start();
    await using events = it.conn.lifecycleEvents();
    await events.ready;
    it.server.broadcast({ ...lifecycle, message: remote.connectGetHostname.ret }, { hostname: 'this is no event at all' });
    expect(await codeOf(take(events, 1))).toBe('protocol_error');
  });

  test('events nobody asked for are ignored', async () => {
    await using it = await start();
    it.emit('vm');
    expect(await it.conn.getHostname()).toBe('host');
  });

  test('two listeners share one registration, which ends with the last of them', async () => {
    await using it = await start();
    const abort = new AbortController();
    const first = it.conn.lifecycleEvents({ signal: abort.signal });
    const second = it.conn.lifecycleEvents();
    await Promise.all([first.ready, second.ready]);
    expect(it.registered).toEqual([0]);
    abort.abort();
    expect(await next(first)).toBeUndefined();
    it.emit('vm');
    expect(await take(second, 1)).toEqual(['vm']);
    await until(() => it.registered.length === 0);
    const third = it.conn.lifecycleEvents();
    await third.ready;
    it.emit('again');
    expect(await take(third, 1)).toEqual(['again']);
  });

  test('closing the connection ends the readers quietly, losing it ends them with the reason', async () => {
    for (const [end, result] of [
      ['close', 'fulfilled'],
      ['cut', 'connection_lost'],
    ] as const) {
      await using it = await start();
      const events = it.conn.lifecycleEvents();
      await events.ready;
      const reading = codeOf(take(events, 1));
      if (end === 'close') await it.conn.close();
      else it.server.cut();
      expect(await reading).toBe(result);
    }
  });
});

describe('reconnect', () => {
  const quick = { reconnect: true, reconnectDelayMsMax: 20 };

  test('a call under way when the connection breaks fails, it is not made again', async () => {
    await using it = await start(quick);
    it.server.intercept(remote.domainCreateXml, () => it.server.cut());
    expect(await codeOf(it.conn.domainCreateXML('<vm/>'))).toBe('connection_lost');
    expect(it.server.received.filter((header) => header.procedure === remote.domainCreateXml.number)).toHaveLength(1);
    expect(await it.conn.getHostname()).toBe('host');
  });

  test('events are registered again, and the gap is marked', async () => {
    await using it = await start(quick);
    const events = it.conn.lifecycleEvents();
    await events.ready;
    it.emit('before');
    await it.conn.getHostname();
    const states: string[] = [];
    it.conn.onStateChange((state) => states.push(state));
    it.server.cut();
    await until(() => states.length === 2);
    it.emit('after');
    expect(await take(events, 3)).toEqual(['before', { kind: 'gap', reason: 'reconnected', dropped: null }, 'after']);
    expect(it.registered).toEqual([0, 0]);
  });

  test('a listener that comes while there is no connection hears what happens afterwards', async () => {
    await using it = await start(quick);
    await it.server.stop();
    await until(() => it.conn.state === 'reconnecting');
    const events = it.conn.lifecycleEvents();
    await it.server.listen();
    await events.ready;
    it.emit('vm');
    const heard = (await take(events, 2).catch(() => [])) as (string | Gap)[];
    expect(heard).toContain('vm');
    expect(it.registered).toEqual([0]);
  });

  test('while the server is away calls fail soon and say so, and work when it is back', async () => {
    await using it = await start({ ...quick, reconnectWaitMs: 30 });
    const states: string[] = [];
    it.conn.onStateChange((state) => states.push(state));
    await it.server.stop();
    await until(() => it.conn.state === 'reconnecting');
    expect(await codeOf(it.conn.getHostname())).toBe('connection_lost');
    expect(await codeOf(it.conn.getHostname({ signal: AbortSignal.timeout(5) }))).toBe('aborted');
    await it.server.listen();
    await until(() => it.conn.state === 'connected');
    expect(await it.conn.getHostname()).toBe('host');
    expect(states).toEqual(['reconnecting', 'connected']);
  });

  test('a server that takes connections and drops them again is tried until it behaves', async () => {
    await using it = await start(quick);
    let drops = 3;
    it.server.intercept(remote.connectOpen, (call) => {
      if (drops-- > 0) call.socket.destroy();
      else call.reply(remote.connectOpen, undefined);
    });
    it.server.cut();
    await until(() => drops < 0);
    expect(await it.conn.getHostname()).toBe('host');
  });

  test('closing ends the attempts', async () => {
    await using it = await start(quick);
    const closed: string[] = [];
    it.conn.onClose((reason) => closed.push(reason.code));
    await it.server.stop();
    await until(() => it.conn.state === 'reconnecting');
    const waiting = codeOf(it.conn.getHostname());
    await it.conn.close();
    expect(await waiting).toBe('closed');
    expect(closed).toEqual(['closed']);
    await it.server.listen();
    await sleep(40);
    expect(it.server.sockets.size).toBe(0);
  });
});
