import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ConnectionError, Stream } from 'node-libvirt';
import { connect, ErrorCode, remoteProcedures as remote } from 'node-libvirt';
import type { Incoming } from 'node-libvirt/testing';
import { FakeLibvirt, messageStatus, messageType, rawBytes } from 'node-libvirt/testing';

const openConsole = remote.domainOpenConsole;

/** A server with a console: what is written to it goes through `onInput`. */
async function start(onInput: (call: Incoming) => void = () => undefined) {
  const server = await FakeLibvirt.start();
  const calls: Incoming[] = [];
  server.intercept(openConsole, (call) => {
    if (call.header.type !== messageType.call) return onInput(call);
    calls.push(call);
    call.reply(openConsole, undefined);
  });
  server.intercept(remote.connectGetHostname, (call) => call.reply(remote.connectGetHostname, { hostname: 'host' }));
  const conn = await connect(server.uri, { keepaliveIntervalMs: 0 });
  const domain = conn.domain({ uuid: '00000000-0000-4000-8000-000000000001' });
  return {
    server,
    conn,
    domain,
    calls,
    async [Symbol.asyncDispose]() {
      await conn.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const data = (call: Incoming, bytes: Uint8Array, status: number = messageStatus.continue) =>
  call.packet({ type: messageType.stream, status }, rawBytes, bytes);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fulfilled',
    (error: unknown) => (error as ConnectionError).code,
  );

async function readAll(stream: Stream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

test('a console that cannot be opened is an error and leaves no connection behind', async () => {
  await using it = await start();
  it.server.intercept(openConsole, (call) => call.fail(ErrorCode.OPERATION_INVALID, 'domain is not running'));
  expect(await codeOf(it.domain.openConsole())).toBe(ErrorCode.OPERATION_INVALID);
  await until(() => it.server.sockets.size === 1);
});

test('data sent together with the answer are not lost, and an error in the middle comes after them', async () => {
  await using it = await start();
  it.server.intercept(openConsole, (call) => {
    const failed = call.packet({ type: messageType.stream, status: messageStatus.error }, errorBody, Buffer.alloc(48));
    call.socket.write(Buffer.concat([call.packet({}, rawBytes, new Uint8Array()), data(call, Buffer.from('login: ')), failed]));
  });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const chunk of await it.domain.openConsole()) seen.push(Buffer.from(chunk).toString());
  })();
  expect(await codeOf(reading)).toBe(0);
  expect(seen).toEqual(['login: ']);
});

test('data that overtake the answer are not lost either', async () => {
  await using it = await start();
  it.server.intercept(openConsole, (call) => {
    if (call.header.type !== messageType.call) call.socket.write(data(call, new Uint8Array(), messageStatus.ok));
    else
      call.socket.write(
        Buffer.concat([data(call, Buffer.from('first')), data(call, new Uint8Array()), call.packet({}, rawBytes, new Uint8Array())]),
      );
  });
  expect(await readAll(await it.domain.openConsole())).toBe('first');
});

test('a large packet is read as it comes', async () => {
  await using it = await start();
  const stream = await it.domain.openConsole();
  const call = it.calls[0]!;
  const whole = data(call, Buffer.alloc(200_000, 'x'));
  const reading = readAll(stream);
  for (const end of [10, 28, 50, 100_000, 199_000]) {
    call.socket.write(
      whole.subarray(
        [0, 10, 28, 50, 100_000, 199_000].findLast((start) => start < end),
        end,
      ),
    );
    await sleep(5);
  }
  call.socket.end(Buffer.concat([whole.subarray(199_000), data(call, Buffer.from('y')), data(call, new Uint8Array(), messageStatus.ok)]));
  const text = await reading;
  expect([text.length, text.at(-2), text.at(-1)]).toEqual([200_001, 'x', 'y']);
});

test('a connection that breaks under a stream is an error for its reader, its writer and its end', async () => {
  await using it = await start();
  const stream = await it.domain.openConsole();
  it.calls[0]!.socket.destroy();
  expect(await codeOf(readAll(stream))).toBe('connection_lost');
  expect(await codeOf(stream.write('x'))).toBe('connection_lost');
  expect(await codeOf(stream.finish())).toBe('connection_lost');
  expect(await it.conn.getHostname()).toBe('host');
});

test('leaving the loop, aborting and the signal give the stream up at the server too', async () => {
  await using it = await start();
  const abort = new AbortController();
  const byLoop = await it.domain.openConsole();
  const byAbort = await it.domain.openConsole();
  const bySignal = await it.domain.openConsole(null, 0, { signal: abort.signal });
  expect(it.server.sockets.size).toBe(4);
  it.calls[0]!.socket.write(data(it.calls[0]!, Buffer.from('x')));
  for await (const _ of byLoop) break;
  byAbort.abort();
  const reading = codeOf(readAll(bySignal));
  abort.abort();
  expect(await reading).toBe('aborted');
  expect(await codeOf(byAbort.write('x'))).toBe('aborted');
  await until(() => it.server.sockets.size === 1);
});

test('what is typed goes to the server in order and comes back, up to the end of both', async () => {
  await using it = await start((call) => {
    if (call.header.status === messageStatus.continue) call.socket.write(data(call, call.body.rest()));
    else call.socket.write(data(call, new Uint8Array(), messageStatus.ok));
  });
  const stream = await it.domain.openConsole();
  await stream.write('echo ');
  await stream.write(new Uint8Array([0x68, 0x69]));
  let seen = '';
  for await (const chunk of stream) {
    seen += Buffer.from(chunk).toString();
    if (seen === 'echo hi') break;
  }
  const second = await it.domain.openConsole();
  await second.finish();
  await second.finish();
  expect(await codeOf(second.write('x'))).toBe('closed');
});

test('data that end are read to their end, which is confirmed to the server', async () => {
  let confirmed = 0;
  await using it = await start((call) => {
    if (call.header.status === messageStatus.ok) confirmed++;
    call.socket.write(data(call, new Uint8Array(), messageStatus.ok));
  });
  const stream = await it.domain.openConsole();
  const call = it.calls[0]!;
  call.socket.write(Buffer.concat([data(call, Buffer.from('all ')), data(call, Buffer.from('of it')), data(call, new Uint8Array())]));
  expect(await readAll(stream)).toBe('all of it');
  expect(confirmed).toBe(1);
});

test('a large write is cut into packets every libvirt takes', async () => {
  const sizes: number[] = [];
  await using it = await start((call) => {
    if (call.header.status === messageStatus.continue) sizes.push(call.body.remaining);
    else call.socket.write(data(call, new Uint8Array(), messageStatus.ok));
  });
  const stream = await it.domain.openConsole();
  await stream.write(new Uint8Array(600_000));
  await stream.finish();
  expect(sizes).toEqual([262_120, 262_120, 75_760]);
});

test('a server that sends more than is read is held up, while calls go on', async () => {
  await using it = await start();
  const stream = await it.domain.openConsole();
  const call = it.calls[0]!;
  const chunk = data(call, new Uint8Array(256 * 1024));
  let sent = 0;
  const total = 64;
  const sending = (async () => {
    for (; sent < total; sent++) if (!call.socket.write(chunk)) await new Promise((resolve) => call.socket.once('drain', resolve));
    call.socket.write(data(call, new Uint8Array(), messageStatus.ok));
  })();
  await sleep(50);
  expect(await it.conn.getHostname()).toBe('host');
  expect(sent).toBeLessThan(total / 2);
  let received = 0;
  for await (const bytes of stream) received += bytes.length;
  await sending;
  expect(received).toBe(total * 256 * 1024);
});

/** Twelve zero words are an error body with nothing in it. */
const errorBody = rawBytes;
