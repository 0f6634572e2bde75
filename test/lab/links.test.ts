import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEcho } from './echo.ts';
import { startLab, type Lab } from './lab.ts';
import { throughput } from './throughput.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hosts: 3 });
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Numbered packets from one host to another for so long. */
async function echo(from: string, to: string, ms: number) {
  await using echo = await startEcho(lab.host(from), lab.host(to).address);
  await sleep(ms);
  return echo.result();
}

test('a delayed link takes twice its delay there and back, and only that link', async () => {
  await lab.link('h1', 'h2', { delayMs: 20 });
  const [slow, quick] = await Promise.all([echo('h1', 'h2', 500), echo('h1', 'h3', 500)]);
  expect(slow.medianMs).toBeGreaterThanOrEqual(40);
  expect(slow.medianMs).toBeLessThan(80);
  expect(quick.medianMs).toBeLessThan(10);
});

test('two links have each their own quality, beside a third that has none', async () => {
  await lab.link('h1', 'h2', { delayMs: 20 });
  await lab.link('h1', 'h3', { delayMs: 5, jitterMs: 5 });
  const [first, second, third] = await Promise.all([echo('h1', 'h2', 500), echo('h1', 'h3', 500), echo('h2', 'h3', 500)]);
  expect(first.medianMs).toBeGreaterThanOrEqual(40);
  expect(second.medianMs).toBeLessThan(35);
  expect(third.medianMs).toBeLessThan(10);
  await lab.link('h1', 'h3', null);
});

test('a lossy link loses its share of the packets, and a plain one loses none', async () => {
  await lab.link('h1', 'h2', { lossRatio: 0.2 });
  const lossy = await echo('h1', 'h2', 2000);
  // Lost on the way there or back: 1 - 0.8 * 0.8.
  expect(1 - lossy.answered / lossy.sent).toBeGreaterThan(0.2);
  expect(1 - lossy.answered / lossy.sent).toBeLessThan(0.55);
  await lab.link('h1', 'h2', null);
  expect(lab.relayPid).toBeUndefined();
  const plain = await echo('h1', 'h2', 500);
  expect(plain.answered).toBe(plain.sent);
});

test('a link keeps its quality through a power failure of both ends at once', async () => {
  await lab.link('h1', 'h2', { delayMs: 20 });
  const ends = [lab.host('h1'), lab.host('h2')];
  await Promise.all(ends.map((host) => host.crash()));
  await Promise.all(ends.map((host) => host.up()));
  expect((await echo('h1', 'h2', 300)).medianMs).toBeGreaterThanOrEqual(40);
  await lab.link('h1', 'h2', null);
});

test('a cable with a rate carries that much each way, through a power failure, until it is taken away', async () => {
  const [h1, h3] = [lab.host('h1'), lab.host('h3')];
  await h1.shape({ rateMbit: 40 });
  expect((await throughput(h1, h3, 4 << 20)).mbitPerSecond).toBeLessThan(50);
  await h1.crash();
  await h1.up();
  const back = (await throughput(h3, h1, 4 << 20)).mbitPerSecond;
  expect(back).toBeLessThan(50);
  expect(back).toBeGreaterThan(20);
  await h1.shape({ rateMbit: null });
  expect((await throughput(h1, h3, 32 << 20)).mbitPerSecond).toBeGreaterThan(200);
});

test('what the relay costs is small: most of a gigabit, and less than a millisecond', async () => {
  await lab.link('h1', 'h2', {});
  const [rate, trip] = [await throughput(lab.host('h1'), lab.host('h2'), 16 << 20), await echo('h1', 'h2', 300)];
  console.log(`relay: ${rate.mbitPerSecond.toFixed(0)} Mbit/s, round trip ${trip.medianMs.toFixed(2)} ms`);
  expect(rate.mbitPerSecond).toBeGreaterThan(50);
  expect(trip.medianMs).toBeLessThan(10);
});
