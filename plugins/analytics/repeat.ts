import { setTimeout as sleep } from 'node:timers/promises';

export interface Repetition {
  /** Pause before the first time; default: as between the others. */
  readonly firstMs?: number;
  readonly everyMs: number;
  /** Hears of a time that failed; the next one comes all the same. */
  onFailure(error: unknown): void;
}

/** Does it again and again until the signal fires. */
export async function repeat(work: () => Promise<void>, { firstMs, everyMs, onFailure }: Repetition, signal: AbortSignal): Promise<void> {
  for (let pauseMs = firstMs ?? everyMs; ; pauseMs = everyMs)
    try {
      await sleep(pauseMs, undefined, { signal, ref: false });
      await work();
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error);
    }
}
