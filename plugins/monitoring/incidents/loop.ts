import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Log } from 'novacron/plugin';
import type { Courier } from './courier.ts';
import type { Desk } from './desk.ts';
import type { Store } from './store.ts';

export interface LoopOptions {
  readonly desk: Desk;
  readonly courier: Courier;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly keepMs: number;
  /** Told after each round that went well. */
  beat(): void;
}

const ROUND_MS = 1_000;
/** So often it is looked even when nothing seems due: after the clock was set back, what is due seems far away. */
const LOOK_MS = 30_000;
const FORGET_MS = 3_600_000;
/** After a failure the database is given time. */
const FAILED_MS = 5_000;

/** One round: does what is due, and brings what is to be told until nothing more is. */
async function round(
  { desk, courier, store, clock }: LoopOptions,
  { isTime, signal }: { isTime: boolean; signal: AbortSignal },
): Promise<void> {
  const due = await store.nextDue();
  if (!isTime && (due === null || due > clock.now())) return;
  await desk.look();
  while (!signal.aborted && (await courier.deliver(signal)) > 0);
}

/** Looks and tells until the signal fires. `wake` makes it look at once. */
export function createLoop(options: LoopOptions): { run(signal: AbortSignal): Promise<void>; wake(): void } {
  const { store, clock, log, keepMs, beat } = options;
  let woken = Promise.withResolvers<void>();
  let [lookedAt, forgotAt] = [-Infinity, -Infinity];
  const work = async (signal: AbortSignal): Promise<number> => {
    try {
      // Of the process, not of the hub's clock, which may be set.
      const isTime = performance.now() - lookedAt > LOOK_MS;
      await round(options, { isTime, signal });
      if (isTime) lookedAt = performance.now();
      if (performance.now() - forgotAt > FORGET_MS) {
        await store.forget(clock.now() - keepMs);
        forgotAt = performance.now();
      }
      beat();
      return ROUND_MS;
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'Incidents could not be looked after; it is tried again');
      return FAILED_MS;
    }
  };
  return {
    wake: () => woken.resolve(),
    async run(signal) {
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => stop(), { once: true });
      while (!signal.aborted) {
        woken = Promise.withResolvers();
        const pauseMs = await work(signal);
        await Promise.race([sleep(pauseMs, undefined, { ref: false }), woken.promise, stopped]);
      }
    },
  };
}
