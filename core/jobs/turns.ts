import type { JobRecord, JobStore } from './store.ts';
import { waitFor } from './wait.ts';

/** How often a waiting job asks whether another hub's job has let it through. */
const POLL_MS = 1_000;

/** The order of jobs on one target: first reserved, first run; also across hubs, since the order is that of the rows. */
export class Turns {
  readonly #store: Pick<JobStore, 'mustWait'>;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(store: Pick<JobStore, 'mustWait'>) {
    this.#store = store;
  }

  /** Resolves when no earlier job of the queue is open. */
  async wait(job: Pick<JobRecord, 'queueKey' | 'seq'>, signal: AbortSignal): Promise<void> {
    const { queueKey } = job;
    if (queueKey === null) return;
    for (;;) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#listeners(queueKey).add(resolve);
      try {
        if (!(await this.#store.mustWait(job))) return;
        await waitFor(promise, { timeoutMs: POLL_MS, signal });
      } finally {
        this.#forget(queueKey, resolve);
      }
    }
  }

  /** A job of the queue has ended: those that wait look again. */
  ended(queueKey: string | null): void {
    if (queueKey !== null) for (const wake of this.#waiting.get(queueKey) ?? []) wake();
  }

  #listeners(queueKey: string): Set<() => void> {
    const listeners = this.#waiting.get(queueKey) ?? new Set();
    this.#waiting.set(queueKey, listeners);
    return listeners;
  }

  #forget(queueKey: string, listener: () => void): void {
    const listeners = this.#waiting.get(queueKey);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#waiting.delete(queueKey);
  }
}
