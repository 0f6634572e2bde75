import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ConnectionError } from 'node-libvirt';
import { connect, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';
import { collectGarbage } from './collect-garbage.ts';

/** What the process holds at one moment. */
export interface SoakSample {
  rounds: number;
  /** Live memory: the heap after a collection, and buffers. */
  bytes: number;
  descriptors: number;
  /** Sockets, pipes and timers that the engine knows of. */
  resources: number;
}

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

async function expectFailure(call: Promise<unknown>, code: string): Promise<void> {
  const seen = await call.then(
    () => 'fulfilled',
    (error: ConnectionError) => error.code,
  );
  if (seen !== code) throw new Error(`A call ended with ${seen} in place of ${code}.`);
}

/** A bit of everything on a connection that lives on, and on others that come and go. */
async function round(fake: FakeLibvirt, conn: Connection, events: AsyncIterator<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: 200 }, (_, at) => conn.domainLookupByName(`web-${at}`)));
  for (let event = 0; event < 50; event++) fake.emit('lifecycle', { msg: { dom, event: 2, detail: 0 } });
  for (let event = 0; event < 50; event++) await events.next();
  await expectFailure(conn.getVersion({ timeoutMs: 2 }), 'timeout');
  let bytes = 0;
  for await (const chunk of await conn.openStream(remote.storageVolDownload, transfer)) bytes += chunk.length;
  if (bytes !== 1_600_000) throw new Error(`A stream of 1,600,000 bytes had ${bytes}.`);
  for await (const _ of await conn.openStream(remote.storageVolDownload, transfer)) break;
  fake.fail(hostname, { kind: 'cut', when: 'after' });
  await using other = await connect(fake.uri);
  await using listener = other.networkEvents('lifecycle');
  await listener.ready;
  await expectFailure(other.getHostname(), 'connection_lost');
  fake.received.length = 0;
  // Other tests run beside this.
  await sleep(10);
}

async function sample(rounds: number): Promise<SoakSample> {
  await sleep(100);
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const descriptors = (await readdir('/proc/self/fd')).length;
  return { rounds, bytes: heapUsed + arrayBuffers, descriptors, resources: process.getActiveResourcesInfo().length };
}

const [seconds, count] = process.argv.slice(2).map(Number) as [number, number];
await using fake = await busyDaemon();
await using conn = await connect(fake.uri);
await using queue = conn.lifecycleEvents();
await queue.ready;
const events = queue[Symbol.asyncIterator]();
const startedAt = performance.now();
const samples: SoakSample[] = [];
for (let rounds = 0; samples.length < count; rounds++) {
  await round(fake, conn, events);
  if (performance.now() - startedAt >= ((samples.length + 1) / count) * seconds * 1000) samples.push(await sample(rounds + 1));
}
process.stdout.write(JSON.stringify(samples));
