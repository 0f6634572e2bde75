import { getEventListeners } from 'node:events';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connect, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';
import { codeOf } from './kit/contract.ts';

const volume = { pool: 'p', name: 'v', key: 'k' };
const download = { vol: volume, offset: 0n, length: 0n, flags: 0 };

/** What this process holds open: descriptors, and sockets, pipes and timers that would keep it alive. */
async function held(): Promise<Record<string, number>> {
  const counts: Record<string, number> = { descriptors: (await readdir('/proc/self/fd')).length };
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Waits until no more is held than before; the other end of a connection closes a little later than this one. */
async function noMoreThan(before: Record<string, number>): Promise<void> {
  const endsAt = Date.now() + 10_000;
  for (;;) {
    const now = await held();
    const more = Object.entries(now).filter(([name, count]) => count > (before[name] ?? 0));
    if (more.length === 0) return;
    if (Date.now() > endsAt) throw new Error(`More is held than before: ${JSON.stringify({ before, now })}`);
    await sleep(20);
  }
}

/** Everything a connection can do, the ways that go wrong included. */
async function useAll(fake: FakeLibvirt, signal: AbortSignal): Promise<void> {
  await using conn = await connect(fake.uri, { signal });
  const events = conn.lifecycleEvents({ signal });
  await events.ready;
  await conn.getHostname({ signal });
  expect(await codeOf(conn.getVersion({ signal, timeoutMs: 5 }))).toBe('timeout');
  for await (const _ of await conn.openStream(remote.storageVolDownload, download, { signal }));
  for await (const _ of await conn.openStream(remote.storageVolDownload, download, { signal })) break;
  const stream = await conn.openStream(remote.storageVolDownload, download, { signal });
  stream.abort();
  expect(await codeOf(connect(fake.uri, { signal: AbortSignal.abort() }))).toBe('aborted');
  expect(await codeOf(connect('test+unix:///default?socket=/nonexistent'))).toBe('connect_failed');
  fake.emit('lifecycle', { msg: { dom: { name: 'd', uuid: '00000000-0000-4000-8000-000000000001', id: 1 }, event: 2, detail: 0 } });
  for await (const _ of events) break;
  await conn.close();
}

test.each(['unix', 'tcp'] as const)('a hundred connections by %s leave no socket, timer or listener behind', async (transport) => {
  await using fake = await FakeLibvirt.start({ transport });
  fake.answer(remote.connectGetHostname, () => ({ hostname: 'h' }));
  fake.intercept(remote.connectGetVersion, () => undefined);
  fake.answerStream(remote.storageVolDownload, async (_, stream) => {
    for (let chunk = 0; chunk < 10; chunk++) await stream.write(new Uint8Array(100_000));
  });
  const { signal } = new AbortController();
  await useAll(fake, signal);
  await sleep(100);
  const before = await held();
  for (let round = 0; round < 100; round++) await useAll(fake, signal);
  await noMoreThan(before);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
