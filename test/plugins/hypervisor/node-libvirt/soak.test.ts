import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Connection } from 'node-libvirt';
import { connect, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';
import { collectGarbage } from './kit/collect-garbage.ts';
import { codeOf } from './kit/contract.ts';

/** How long; longer runs show slower leaks. */
const seconds = Number(process.env['NODE_LIBVIRT_SOAK_SECONDS'] ?? 20);
/** What may be left of caches and of the engine's own tables. */
const growthBytesMax = 3 * 1024 * 1024;

const dom = { name: 'web-1', uuid: '00000000-0000-4000-8000-000000000001', id: 1 };
const transfer = { vol: { pool: 'p', name: 'v', key: 'k' }, offset: 0n, length: 0n, flags: 0 };
const hostname = remote.connectGetHostname;

async function busyDaemon(): Promise<FakeLibvirt> {
  const fake = await FakeLibvirt.start();
  fake.answer(hostname, () => ({ hostname: 'h' }));
  fake.answer(remote.domainLookupByName, ({ name }) => ({ dom: { ...dom, name } }));
  // Later than anybody waits for it.
  fake.answer(remote.connectGetVersion, () => sleep(20, { hvVer: 1n }));
  fake.answerStream(remote.storageVolDownload, async (_, stream) => {
    for (let chunk = 0; chunk < 8; chunk++) await stream.write(new Uint8Array(200_000));
  });
  return fake;
}

/** A bit of everything on a connection that lives on, and on others that come and go. */
async function round(fake: FakeLibvirt, conn: Connection, events: AsyncIterator<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: 200 }, (_, at) => conn.domainLookupByName(`web-${at}`)));
  for (let event = 0; event < 50; event++) fake.emit('lifecycle', { msg: { dom, event: 2, detail: 0 } });
  for (let event = 0; event < 50; event++) await events.next();
  expect(await codeOf(conn.getVersion({ timeoutMs: 2 }))).toBe('timeout');
  let bytes = 0;
  for await (const chunk of await conn.openStream(remote.storageVolDownload, transfer)) bytes += chunk.length;
  expect(bytes).toBe(1_600_000);
  for await (const _ of await conn.openStream(remote.storageVolDownload, transfer)) break;
  fake.fail(hostname, { kind: 'cut', when: 'after' });
  await using other = await connect(fake.uri);
  expect(await codeOf(other.getHostname())).toBe('connection_lost');
  fake.received.length = 0;
  // The suite has other tests to run beside this one.
  await sleep(10);
}

async function used(): Promise<{ bytes: number; descriptors: number }> {
  await sleep(100);
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { bytes: heapUsed + arrayBuffers, descriptors: (await readdir('/proc/self/fd')).length };
}

test(
  `after ${seconds} seconds of everything at once no more memory and no more descriptors are held than after a fifth of that`,
  {
    timeout: seconds * 1000 + 60_000,
  },
  async () => {
    await using fake = await busyDaemon();
    await using conn = await connect(fake.uri);
    await using queue = conn.lifecycleEvents();
    await queue.ready;
    const events = queue[Symbol.asyncIterator]();
    const startedAt = performance.now();
    const until = async (ms: number) => {
      while (performance.now() - startedAt < ms) await round(fake, conn, events);
      return used();
    };
    const before = await until(seconds * 200);
    const after = await until(seconds * 1000);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect(after.bytes - before.bytes).toBeLessThan(growthBytesMax);
  },
);
