import { Worker } from 'node:worker_threads';

export interface ThreadJob {
  readonly file: URL;
  readonly name: string;
  readonly data: unknown;
  /** Moved, not copied: the sender cannot use them any more, and the main loop does not stand still for them. */
  readonly moved?: readonly ArrayBuffer[];
  readonly heapMaxMebibytes: number;
  readonly timeoutMs: number;
}

export interface ThreadErrors {
  readonly failed: (reason: string, cause?: Error) => Error;
  readonly timeout: () => Error;
}

/**
 * Runs a job in a thread of its own and answers its one message. The thread is gone when the promise settles: WebAssembly memory never shrinks, an
 * ended thread gives it back.
 */
export async function runThread<Reply>(job: ThreadJob, signal: AbortSignal, errors: ThreadErrors): Promise<Reply> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const worker = new Worker(job.file, {
    name: job.name,
    workerData: job.data,
    transferList: [...(job.moved ?? [])],
    resourceLimits: { maxOldGenerationSizeMb: job.heapMaxMebibytes },
  });
  const abort = (): void => reject(signal.reason);
  const timer = setTimeout(() => reject(errors.timeout()), job.timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  worker.on('message', resolve);
  worker.on('error', (error: Error) => reject(errors.failed(error.message, error)));
  worker.on('exit', (code) => reject(errors.failed(`exit code ${code}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
