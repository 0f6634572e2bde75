import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const CODE = `
  const { parentPort } = require('node:worker_threads');
  const { getPriority } = require('node:os');
  const { readlinkSync } = require('node:fs');
  import('${new URL('../../../../plugins/analytics/forecast/step-back.ts', import.meta.url).href}').then(({ stepBack }) => {
    stepBack();
    parentPort.postMessage(getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1))));
  });
`;

it('a thread steps back alone: the main loop keeps its place', async () => {
  const before = getPriority(process.pid);
  const worker = new Worker(CODE, { eval: true });
  const priority = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await worker.terminate();
  expect(priority).toBe(15);
  expect(getPriority(process.pid)).toBe(before);
});
