import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../contract/declare.ts';
import { HubError } from '../contract/errors.ts';
import type { WorkerOptions } from './protocol.ts';
import { startThread, type StoreThread } from './thread.ts';

const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 30_000;

export interface SuperviseOptions {
  readonly log: Log;
  /** A new thread runs: it knows nothing of what the old one was told. */
  onRestart(): void;
}

const restarting = (): HubError =>
  new HubError(
    'metrics_broken',
    'The metrics store is being opened again after a failure. Try again in a moment; see the log for the reason.',
    {
      status: 503,
      retryable: true,
    },
  );

const isBroken = (error: unknown): boolean => HubError.is(error) && (error.code === 'metrics_broken' || error.code === 'metrics_closed');

/**
 * A thread that is started anew when its database failed or it ended by itself. The old one is ended first, so that its DuckDB instance is gone
 * before the next one opens the file: two on one file would lose each other's writes.
 */
export async function superviseThread(options: WorkerOptions, { log, onRestart }: SuperviseOptions): Promise<StoreThread> {
  const stop = new AbortController();
  let thread: StoreThread | null = await startThread(options);
  let repair: Promise<void> = Promise.resolve();

  async function startAgain(old: StoreThread): Promise<void> {
    await old.end();
    for (let pauseMs = PAUSE_MS_MIN; !stop.signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      try {
        thread = await startThread(options);
        onRestart();
        log.info({}, 'the metrics store is open again');
        return;
      } catch (error) {
        log.warn({ error, pauseMs }, 'the metrics store cannot be opened yet');
        await sleep(pauseMs, null, { signal: stop.signal, ref: false }).catch(() => null);
      }
    }
  }
  function begin(failed: StoreThread, error: unknown): void {
    if (thread !== failed || stop.signal.aborted) return;
    log.error({ error }, 'the metrics store failed and is opened again');
    thread = null;
    repair = startAgain(failed);
  }
  return {
    async ask(is, ask, more) {
      const current = thread;
      if (current === null) throw restarting();
      try {
        return await current.ask(is, ask, more);
      } catch (error) {
        if (isBroken(error)) begin(current, error);
        throw error;
      }
    },
    async end() {
      stop.abort();
      await repair;
      await thread?.end();
    },
  };
}
