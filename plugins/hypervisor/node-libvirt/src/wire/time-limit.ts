import { ConnectionError } from '../errors.ts';
import type { CallOptions } from '../caller.ts';

/** Longer than this, Node's timers fire at once; such a limit is none. */
const timerMsMax = 2147483647;

/** Calls `giveUp` once when the signal fires or the time is over. Returns what takes both away again. */
export function watchLimits(options: CallOptions, timeoutMs: number, giveUp: (reason: ConnectionError) => void): () => void {
  const { signal } = options;
  const onAbort = () => giveUp(abortedError(signal));
  const timer =
    timeoutMs <= timerMsMax
      ? setTimeout(
          () => giveUp(new ConnectionError('timeout', `libvirt did not answer within ${timeoutMs} ms. The call may still be carried out.`)),
          timeoutMs,
        )
      : undefined;
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
}

/** The error of a call whose signal fired; the signal's own reason is its cause. */
export function abortedError(signal: AbortSignal | undefined): ConnectionError {
  return new ConnectionError('aborted', 'The call was given up. If it was already sent, libvirt may still carry it out.', {
    cause: signal?.reason,
  });
}
