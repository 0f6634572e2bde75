import { Worker } from 'node:worker_threads';
import { HubError } from '../contract/errors.ts';
import type { ErrorData, Operation, Operations, Reply, WorkerOptions } from './protocol.ts';

/** The main thread's end of the store's thread. */
export interface StoreThread {
  ask<K extends Operation>(is: K, ask: Operations[K]['ask'], options?: AskOptions): Promise<Operations[K]['answer']>;
  /** Ends the thread; what still waits is refused with `metrics_closed`. */
  end(): Promise<void>;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Buffers that move to the thread instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[];
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

function errorOf({ code, message, status, retryable }: ErrorData): HubError {
  if (code !== null) return new HubError(code, message, { status, retryable });
  return new HubError('metrics_failed', `The metrics store failed: ${message}`);
}

const closed = (reason: string): HubError =>
  new HubError('metrics_closed', `The metrics store is closed: ${reason}. Restart the hub if it should be open.`, { status: 503 });

/** Starts the thread and waits until the database is open. Errors: those of `openStore`. */
export async function startThread(options: WorkerOptions): Promise<StoreThread> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options, name: 'metrics' });
  const waiting = new Map<number, Waiting>();
  let gone: HubError | null = null;
  let lastId = 0;

  function fail(error: HubError): void {
    gone ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  worker.on('message', (reply: Reply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) asked?.reject(errorOf(reply.error));
    else asked?.resolve(reply.answer);
  });
  worker.on('error', (error) => fail(closed(`its thread failed, ${error instanceof Error ? error.message : String(error)}`)));
  worker.on('exit', () => fail(closed('its thread has ended')));

  function abortable(id: number, signal: AbortSignal | undefined, asked: Waiting): Waiting {
    if (!signal) return asked;
    const abort = (): void => {
      worker.postMessage({ id, is: 'cancel' }, []);
      waiting.delete(id);
      asked.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    const done = (): void => signal.removeEventListener('abort', abort);
    return {
      resolve: (answer) => (done(), asked.resolve(answer)),
      reject: (error) => (done(), asked.reject(error)),
    };
  }
  const opened = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  const end = async (): Promise<void> => {
    fail(closed('it was stopped'));
    await worker.terminate();
  };
  try {
    await opened;
  } catch (error) {
    await end();
    throw error;
  }
  return {
    end,
    async ask(is, ask, options = {}) {
      options.signal?.throwIfAborted();
      if (gone !== null) throw gone;
      const id = ++lastId;
      return new Promise<never>((resolve, reject) => {
        waiting.set(id, abortable(id, options.signal, { resolve, reject }));
        worker.postMessage({ ...ask, id, is }, [...(options.transfer ?? [])]);
      });
    },
  };
}
