import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 10;
const LOOK_MS_MAX = 200;

/** Waits until `look` says yes; fails with what was awaited after `timeoutMs` (default 10 s). It looks less often the longer it takes. */
export async function until(what: string, look: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const beganAt = performance.now();
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs = performance.now() - beganAt) {
    if (await look()) return;
    await sleep(Math.min(LOOK_MS_MAX, LOOK_MS + waitedMs / 50));
  }
  throw new Error(`Waited ${timeoutMs / 1000} s in vain until ${what}.`);
}

/** The first `count` things of an endless stream. */
export async function take<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count === 0) return taken;
  for await (const item of stream) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}

/** The code of the HubError that the promise rejects with; fails when it does not reject. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  throw new Error('It was expected to be refused, but it was done.');
}
