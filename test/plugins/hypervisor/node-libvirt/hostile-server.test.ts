import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ConnectOptions } from 'node-libvirt';
import { connect, ConnectionError, ErrorCode, LibvirtError, remoteProcedures as remote } from 'node-libvirt';
import type { Incoming } from 'node-libvirt/testing';
import { FakeLibvirt } from 'node-libvirt/testing';
import { nothing } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import {
  keepaliveProcedure,
  keepaliveProgram,
  messageStatus,
  messageType,
  rawBytes,
} from '../../../../plugins/hypervisor/node-libvirt/src/wire/packet.ts';
import { collectGarbage } from './kit/collect-garbage.ts';

const hostname = remote.connectGetHostname;

/** A server that leaves some calls without an answer, and a connection to it; keepalive off unless asked for. */
async function start(options: ConnectOptions = {}) {
  const server = await FakeLibvirt.start();
  for (const silent of [hostname, remote.connectGetVersion, remote.connectGetUri]) server.intercept(silent, () => undefined);
  const conn = await connect(server.uri, { keepaliveIntervalMs: 0, ...options });
  return {
    server,
    conn,
    async [Symbol.asyncDispose]() {
      await conn.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function failure(promise: Promise<unknown>): Promise<ConnectionError | LibvirtError> {
  const error = await promise.then(
    (value) => new Error(`It was fulfilled with ${String(value)}.`),
    (reason: unknown) => reason,
  );
  if (error instanceof ConnectionError || error instanceof LibvirtError) return error;
  throw error;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

describe('opening', () => {
  test.each(['', 'qemu', 'http', 'qemu+unix://host/system', 'qemu+libssh2://host/system', 'qemu+carrier-pigeon://host/system'])(
    'the URI "%s" is refused',
    async (uri) => {
      expect((await failure(connect(uri))).code).toBe('bad_uri');
    },
  );

  test('a socket that is not there is a typed error that may be retried', async () => {
    const error = await failure(connect('qemu+unix:///system?socket=/nonexistent/sock'));
    expect(error).toMatchObject({ code: 'connect_failed', retryable: true });
    expect(error.message).toContain('/nonexistent/sock');
  });

  test('a server that accepts and says nothing runs into the time limit', async () => {
    await using server = await FakeLibvirt.start();
    server.intercept(remote.authList, () => undefined);
    expect((await failure(connect(server.uri, { timeoutMs: 30 }))).code).toBe('timeout');
    await until(() => server.sockets.size === 0);
  });

  test('a signal that fires while it opens leaves no connection behind', async () => {
    await using server = await FakeLibvirt.start();
    server.intercept(remote.connectOpen, () => undefined);
    const abort = new AbortController();
    const opening = failure(connect(server.uri, { signal: abort.signal }));
    await until(() => server.sockets.size === 1);
    abort.abort();
    expect((await opening).code).toBe('aborted');
    await until(() => server.sockets.size === 0);
  });

  test('a server that wants a password is told apart from one that is broken', async () => {
    await using server = await FakeLibvirt.start();
    server.intercept(remote.authList, (call) => call.reply(remote.authList, { types: [1] }));
    expect((await failure(connect(server.uri))).code).toBe('auth_failed');
  });

  test('a driver the server does not have is an error of libvirt', async () => {
    await using server = await FakeLibvirt.start();
    server.intercept(remote.connectOpen, (call) => call.fail(ErrorCode.NO_CONNECT, 'no connection driver available'));
    expect(await failure(connect(server.uri))).toMatchObject({ name: 'LibvirtError', code: ErrorCode.NO_CONNECT });
  });
});

describe('answers', () => {
  test("libvirt's error body becomes a LibvirtError, also without a message", async () => {
    await using it = await start();
    it.server.intercept(remote.domainLookupByName, (call) => call.fail(ErrorCode.NO_DOMAIN, 'Domain not found'));
    expect(await failure(it.conn.domainLookupByName('a'))).toMatchObject({
      code: ErrorCode.NO_DOMAIN,
      domain: 10,
      message: 'Domain not found',
    });
    it.server.intercept(remote.domainLookupByName, (call) => call.fail(ErrorCode.INTERNAL_ERROR, null));
    expect((await failure(it.conn.domainLookupByName('a'))).message).toContain('error 1');
  });

  test('a procedure the server does not know is an error, and the next call works', async () => {
    await using it = await start();
    it.server.intercept(hostname, (call) => call.fail(ErrorCode.RPC, 'unknown procedure: 59'));
    expect((await failure(it.conn.getHostname())).code).toBe(ErrorCode.RPC);
    it.server.intercept(hostname, (call) => call.reply(hostname, { hostname: 'back' }));
    expect(await it.conn.getHostname()).toBe('back');
  });

  test('packets in single bytes and several packets at once are the same', async () => {
    await using it = await start();
    const held: Incoming[] = [];
    it.server.intercept(hostname, (call) => {
      held.push(call);
      if (held.length < 3) return;
      const bytes = Buffer.concat(held.map((one, at) => one.packet({}, hostname.ret, { hostname: `host-${at}` })));
      for (const byte of bytes.subarray(0, 90)) call.socket.write(Buffer.of(byte));
      call.socket.write(bytes.subarray(90));
    });
    expect(await Promise.all([it.conn.getHostname(), it.conn.getHostname(), it.conn.getHostname()])).toEqual([
      'host-0',
      'host-1',
      'host-2',
    ]);
  });

  test('answers in another order reach their callers', async () => {
    await using it = await start();
    const held: (() => void)[] = [];
    it.server.intercept(remote.domainLookupByName, (call) => {
      const { name } = remote.domainLookupByName.args.decode(call.body);
      held.push(() => call.reply(remote.domainLookupByName, { dom: { name, uuid: uuid(1), id: -1 } }));
      if (held.length === 4) for (const reply of held.toReversed()) reply();
    });
    const names = ['a', 'b', 'c', 'd'];
    expect((await Promise.all(names.map((name) => it.conn.domainLookupByName(name)))).map((domain) => domain.name)).toEqual(names);
  });

  test.each([
    ['shorter than a header', 27],
    ['longer than libvirt allows', 33554437],
    ['absurdly long', 0xffffffff],
  ])('a packet that says it is %s ends the connection', async (_, length) => {
    await using it = await start();
    it.server.intercept(hostname, ({ socket }) => {
      const word = Buffer.alloc(4);
      word.writeUInt32BE(length);
      socket.write(word);
    });
    expect((await failure(it.conn.getHostname())).code).toBe('protocol_error');
    expect(it.conn.closed).toBe(true);
    expect((await failure(it.conn.getHostname())).code).toBe('protocol_error');
  });

  test('a long packet that never comes whole costs its bytes, not its announced length', async () => {
    await using it = await start({ timeoutMs: 100 });
    it.server.intercept(hostname, ({ socket }) => {
      const start = Buffer.alloc(100);
      start.writeUInt32BE(33554432);
      socket.write(start);
    });
    const before = process.memoryUsage().arrayBuffers;
    expect((await failure(it.conn.getHostname())).code).toBe('timeout');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('a body that cannot be read fails its call only', async () => {
    await using it = await start();
    it.server.intercept(hostname, (call) => call.socket.write(call.packet({}, rawBytes, Buffer.from([0xff, 0, 0, 0]))));
    expect((await failure(it.conn.getHostname())).code).toBe('protocol_error');
    it.server.intercept(hostname, (call) => call.reply(hostname, { hostname: 'fine' }));
    expect(await it.conn.getHostname()).toBe('fine');
  });

  test('the answer of another procedure fails the call', async () => {
    await using it = await start();
    it.server.intercept(hostname, (call) => call.socket.write(call.packet({ procedure: 4711 }, hostname.ret, { hostname: 'x' })));
    expect((await failure(it.conn.getHostname())).code).toBe('protocol_error');
  });

  test.each([
    ['an answer nobody asked for', { serial: 999 }],
    ['a packet of a type that does not exist', { type: 77 }],
    ['a call from the server', { type: messageType.call }],
  ])('%s ends the connection', async (_, changed) => {
    await using it = await start();
    it.server.intercept(hostname, (call) => call.socket.write(call.packet(changed, hostname.ret, { hostname: 'x' })));
    expect((await failure(it.conn.getHostname())).code).toBe('protocol_error');
    expect(it.conn.closed).toBe(true);
  });
});

describe('giving up', () => {
  test('a connection cut in the middle of an answer fails every call under way, and later ones at once', async () => {
    await using it = await start();
    const reasons: string[] = [];
    it.conn.onClose((reason) => reasons.push(reason.code));
    it.server.intercept(hostname, (call) => call.socket.end(call.packet({}, hostname.ret, { hostname: 'x' }).subarray(0, 30)));
    const errors = await Promise.all([failure(it.conn.getHostname()), failure(it.conn.getVersion())]);
    expect(errors.map((error) => error.code)).toEqual(['connection_lost', 'connection_lost']);
    expect((await failure(it.conn.getHostname())).code).toBe('connection_lost');
    expect(reasons).toEqual(['connection_lost']);
  });

  test('a late answer of a call that ran out of time is dropped and disturbs nobody', async () => {
    await using it = await start();
    let late: (() => void) | undefined;
    it.server.intercept(hostname, (call) => {
      if (late) call.reply(hostname, { hostname: 'second' });
      else late = () => call.reply(hostname, { hostname: 'first, too late' });
    });
    expect((await failure(it.conn.getHostname({ timeoutMs: 20 }))).code).toBe('timeout');
    const second = it.conn.getHostname();
    late!();
    expect(await second).toBe('second');
    expect(await it.conn.getHostname()).toBe('second');
  });

  test('an aborted call rejects with the reason of its signal as the cause', async () => {
    await using it = await start();
    const abort = new AbortController();
    const call = failure(it.conn.getHostname({ signal: abort.signal }));
    abort.abort(new Error('The user left.'));
    expect(await call).toMatchObject({ code: 'aborted', cause: { message: 'The user left.' } });
  });

  test('a signal that has fired already sends nothing', async () => {
    await using it = await start();
    expect((await failure(it.conn.getHostname({ signal: AbortSignal.abort() }))).code).toBe('aborted');
    await it.conn.getURI({ timeoutMs: 10 }).catch(() => undefined);
    expect(it.server.received.map((header) => header.procedure)).toEqual([remote.connectGetUri.number]);
  });

  test('a call that was given up while it waited for its turn is never sent', async () => {
    await using it = await start();
    const held: Incoming[] = [];
    it.server.intercept(remote.domainCreateXml, (call) => held.push(call));
    const slow = Array.from({ length: 4 }, () => failure(it.conn.domainCreateXML('<slow/>')));
    await until(() => held.length === 4);
    const abort = new AbortController();
    const waiting = failure(it.conn.domainCreateXML('<never/>', 0, { signal: abort.signal }));
    abort.abort();
    expect((await waiting).code).toBe('aborted');
    for (const call of held.splice(0)) call.fail(ErrorCode.INTERNAL_ERROR, 'no');
    await Promise.all(slow);
    it.server.intercept(hostname, (call) => call.reply(hostname, { hostname: 'x' }));
    await it.conn.getHostname();
    expect(held).toEqual([]);
  });

  test('four slow calls leave a place for those that never wait for a hypervisor, and no more are sent at once', async () => {
    await using it = await start();
    const held: Incoming[] = [];
    it.server.intercept(remote.domainCreateXml, (call) => held.push(call));
    it.server.intercept(hostname, (call) => call.reply(hostname, { hostname: 'quick' }));
    const slow = Array.from({ length: 20 }, () => failure(it.conn.domainCreateXML('<slow/>')));
    await until(() => held.length === 4);
    expect(await it.conn.getHostname()).toBe('quick');
    expect(held).toHaveLength(4);
    for (let answered = 0; answered < 20; answered++) {
      await until(() => held.length > 0);
      expect(held.length).toBeLessThanOrEqual(4);
      held.shift()!.fail(ErrorCode.INTERNAL_ERROR, 'no');
    }
    await Promise.all(slow);
  });

  test('more calls than may wait are refused', async () => {
    await using it = await start({ callsMax: 3 });
    const calls = Array.from({ length: 5 }, () => failure(it.conn.getHostname({ timeoutMs: 30 })));
    expect((await Promise.all(calls)).map((error) => error.code)).toEqual([
      'timeout',
      'timeout',
      'timeout',
      'limit_exceeded',
      'limit_exceeded',
    ]);
  });

  test('closing fails the calls under way with "closed", and closing twice is fine', async () => {
    await using it = await start();
    const call = failure(it.conn.getHostname());
    const also = failure(it.conn.getVersion());
    await it.conn.close();
    await it.conn.close();
    expect([(await call).code, (await also).code, (await failure(it.conn.getURI())).code]).toEqual(['closed', 'closed', 'closed']);
  });
});

describe('keepalive', () => {
  test('the pings of the server are answered', async () => {
    await using it = await start();
    let answered = 0;
    it.server.intercept({ program: keepaliveProgram, number: keepaliveProcedure.pong }, () => answered++);
    it.server.intercept(hostname, (call) => {
      const ping = { program: keepaliveProgram, procedure: keepaliveProcedure.ping, type: messageType.message, serial: 0 };
      call.socket.write(call.packet({ ...ping, status: messageStatus.ok }, nothing, undefined));
      call.reply(hostname, { hostname: 'x' });
    });
    await it.conn.getHostname();
    await until(() => answered > 0);
    expect(answered).toBe(1);
  });

  test('a server that falls silent is noticed without a call', async () => {
    await using it = await start({ keepaliveIntervalMs: 5 });
    const reason = await new Promise<ConnectionError>((resolve) => it.conn.onClose(resolve));
    expect(reason).toMatchObject({ code: 'connection_lost', retryable: true });
    expect(reason.message).toContain('silent');
  });

  test('a server that answers pings and nothing else is alive', async () => {
    await using it = await start({ keepaliveIntervalMs: 4 });
    let pings = 0;
    it.server.intercept({ program: keepaliveProgram, number: keepaliveProcedure.ping }, (call) => {
      pings++;
      call.socket.write(call.packet({ procedure: keepaliveProcedure.pong, type: messageType.message }, nothing, undefined));
    });
    await until(() => pings > 10);
    expect(it.conn.state).toBe('connected');
  });
});

test('a hundred thousand calls leave nothing behind', { timeout: 120_000 }, async () => {
  await using it = await start();
  it.server.intercept(hostname, (call) => call.reply(hostname, { hostname: 'host' }));
  const signal = new AbortController().signal;
  const round = async () => {
    for (let batch = 0; batch < 50; batch++) await Promise.all(Array.from({ length: 1000 }, () => it.conn.getHostname({ signal })));
    it.server.received.length = 0;
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await round();
  const after = await round();
  expect(after - before).toBeLessThan(2 * 1024 * 1024);
});

function uuid(last: number): string {
  return `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
}
