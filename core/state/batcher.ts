import type { HubError } from '../contract.ts';

export interface BatcherOptions<T, R> {
  /** Writes the items in their order and answers in the same order; when it rejects, every item of the batch is rejected. */
  write(items: readonly T[]): Promise<readonly R[]>;
  readonly batchMax: number;
  readonly queueMax: number;
  overloaded(): HubError;
}

export interface Batcher<T, R> {
  add(item: T): Promise<R>;
  /** Resolves when all that was added before has been written or refused. */
  idle(): Promise<void>;
}

interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Group commit: while one write is under way the next ones gather, so the cost of a commit is shared. One caller alone waits for nobody. */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): Batcher<T, R> {
  let queue: Waiting<T, R>[] = [];
  let writing: Promise<void> | undefined;

  const writeBatch = async (batch: readonly Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await options.write(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const drain = async (): Promise<void> => {
    // One turn of the event loop's microtasks lets everything that was called together go together.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.slice(0, options.batchMax);
      queue = queue.slice(options.batchMax);
      await writeBatch(batch);
    }
    writing = undefined;
  };

  return {
    add(item) {
      if (queue.length >= options.queueMax) return Promise.reject(options.overloaded());
      return new Promise<R>((resolve, reject) => {
        queue.push({ item, resolve, reject });
        writing ??= drain();
      });
    },
    idle: () => writing ?? Promise.resolve(),
  };
}
