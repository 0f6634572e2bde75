import { setTimeout as timer } from 'node:timers/promises';

/** Rejects with the signal's reason when it fires. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timer(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}

/** Asks again until the answer is not undefined, or the time is over: then undefined. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { everyMs, forMs, signal }: { readonly everyMs: number; readonly forMs: number; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const endsAt = performance.now() + forMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() >= endsAt) return answer;
    await sleep(everyMs, signal);
  }
}
