import { describe, expect, test } from 'vitest';
import type { Hole } from 'node-libvirt';
import { connect, ErrorCode, remoteProcedures as remote } from 'node-libvirt';
import { libvirtError } from 'node-libvirt/testing';
import { startFake } from './kit/connected-fake.ts';
import { codeOf } from './kit/contract.ts';

const uuid = '00000000-0000-4000-8000-000000000001';
const volume = { pool: 'images', name: 'a.img', key: '/a.img' };
const range = { offset: 0n, length: 0n, flags: 1 };

async function allOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

describe('calls', () => {
  test.each(['unix', 'tcp'] as const)('by %s, handlers get arguments and give answers, at once or later', async (transport) => {
    await using it = await startFake(transport);
    it.fake.answer(remote.domainLookupByName, ({ name }) => ({ dom: { name, uuid, id: 7 } }));
    it.fake.answer(remote.connectGetHostname, () => Promise.resolve({ hostname: 'fake' }));
    expect(await it.conn.domainLookupByName('web-1')).toMatchObject({ name: 'web-1', id: 7 });
    expect(await it.conn.getHostname()).toBe('fake');
    expect(it.fake.received.map((header) => header.procedure)).toEqual([
      remote.domainLookupByName.number,
      remote.connectGetHostname.number,
    ]);
  });

  test('what a handler throws is what the client gets', async () => {
    await using it = await startFake();
    it.fake.answer(remote.connectGetHostname, () => {
      throw libvirtError(ErrorCode.ACCESS_DENIED, 'not for you');
    });
    it.fake.answer(remote.connectGetVersion, () => Promise.reject(new Error('a mistake in the test')));
    await expect(it.conn.getHostname()).rejects.toMatchObject({ code: ErrorCode.ACCESS_DENIED, message: 'not for you' });
    await expect(it.conn.getVersion()).rejects.toMatchObject({ code: ErrorCode.INTERNAL_ERROR, message: 'a mistake in the test' });
  });

  test('a procedure without a handler is one that the driver does not have', async () => {
    await using it = await startFake();
    expect(await codeOf(it.conn.getHostname())).toBe(ErrorCode.NO_SUPPORT);
  });
});

describe('faults', () => {
  test('each is for one call', async () => {
    await using it = await startFake();
    let carriedOut = 0;
    it.fake.answer(remote.connectGetHostname, () => ({ hostname: `call ${++carriedOut}` }));
    it.fake.fail(remote.connectGetHostname, { kind: 'lost-answer' }, { kind: 'garbled' }, { kind: 'late', delayMs: 20 });
    expect(await codeOf(it.conn.getHostname({ timeoutMs: 30 }))).toBe('timeout');
    expect(await codeOf(it.conn.getHostname())).toBe('protocol_error');
    expect(await it.conn.getHostname()).toBe('call 3');
    expect(await it.conn.getHostname()).toBe('call 4');
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('a connection cut %s a call is carried out', async (when, expected) => {
    await using it = await startFake();
    let carriedOut = 0;
    it.fake.answer(remote.connectGetHostname, () => ({ hostname: `call ${++carriedOut}` }));
    it.fake.fail(remote.connectGetHostname, { kind: 'cut', when });
    expect(await codeOf(it.conn.getHostname())).toBe('connection_lost');
    expect(carriedOut).toBe(expected);
  });
});

test('events reach those who have registered for them, and nobody else', async () => {
  await using it = await startFake();
  await using other = await connect(it.fake.uri, { keepaliveIntervalMs: 0 });
  await using events = it.conn.lifecycleEvents();
  await using reboots = other.domainEvents('reboot');
  await Promise.all([events.ready, reboots.ready]);
  const dom = { name: 'web-1', uuid, id: 1 };
  it.fake.emit('lifecycle', { msg: { dom, event: 2, detail: 0 } });
  it.fake.emit('reboot', { msg: { dom } });
  const first = await events[Symbol.asyncIterator]().next();
  expect(first.value).toMatchObject({ kind: 'event', event: 2, domain: { name: 'web-1' } });
  const reboot = await reboots[Symbol.asyncIterator]().next();
  expect(reboot.value).toMatchObject({ message: { msg: { dom: { name: 'web-1' } } } });
});

describe('streams', () => {
  test('what the handler writes is read, holes as holes or as zeros', async () => {
    await using it = await startFake();
    it.fake.answerStream(remote.storageVolDownload, async (_, stream) => {
      await stream.write('begin');
      await stream.write({ holeBytes: 600_000 });
      await stream.write('end');
    });
    const open = () => it.conn.openStream(remote.storageVolDownload, { vol: volume, ...range });
    const sections = await allOf((await open()).sections());
    expect(sections.map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString() : one))).toEqual([
      'begin',
      { holeBytes: 600_000 },
      'end',
    ]);
    const bytes = Buffer.concat(await allOf(await open()));
    expect(bytes.equals(Buffer.concat([Buffer.from('begin'), Buffer.alloc(600_000), Buffer.from('end')]))).toBe(true);
  });

  test('what the client writes is what the handler reads, and the end is confirmed when it is done', async () => {
    await using it = await startFake();
    const seen: (string | Hole)[] = [];
    it.fake.answerStream(remote.storageVolUpload, async (_, stream) => {
      for await (const one of stream.sections()) seen.push(one instanceof Uint8Array ? Buffer.from(one).toString() : one);
    });
    const stream = await it.conn.openStream(remote.storageVolUpload, { vol: volume, ...range });
    await stream.write('abc');
    await stream.write({ holeBytes: 2 ** 40 });
    await stream.finish();
    expect(seen).toEqual(['abc', { holeBytes: 2 ** 40 }]);
    await expect(stream.write({ holeBytes: 1 })).rejects.toMatchObject({ code: 'closed' });
  });

  test('a handler that refuses the data at their end fails the upload', async () => {
    await using it = await startFake();
    it.fake.answerStream(remote.storageVolUpload, async (_, stream) => {
      await allOf(stream);
      throw libvirtError(ErrorCode.OPERATION_FAILED, 'no space left on device');
    });
    const stream = await it.conn.openStream(remote.storageVolUpload, { vol: volume, ...range });
    await stream.write('abc');
    await expect(stream.finish()).rejects.toMatchObject({ message: 'no space left on device' });
  });

  test('a hole of no possible length is refused on both sides', async () => {
    await using it = await startFake();
    it.fake.answerStream(remote.storageVolUpload, async (_, stream) => void (await allOf(stream)));
    const stream = await it.conn.openStream(remote.storageVolUpload, { vol: volume, ...range });
    for (const holeBytes of [-1, 0.5, 2 ** 60]) await expect(stream.write({ holeBytes })).rejects.toMatchObject({ code: 'bad_argument' });
    stream.abort();
  });
});
