/** Resolves when `promise` does or after `timeoutMs`, whichever comes first; rejects with the signal's reason. */
export function waitFor(promise: Promise<unknown>, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const finish = (end: () => void) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      end();
    };
    const abort = finish(() => reject(signal.reason as Error));
    const timer = setTimeout(finish(resolve), timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(finish(resolve), finish(resolve));
  });
}

export const sleep = (ms: number, signal: AbortSignal): Promise<void> => waitFor(new Promise(() => {}), { timeoutMs: ms, signal });
