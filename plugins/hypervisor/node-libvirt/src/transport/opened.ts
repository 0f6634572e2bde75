import type { Duplex } from 'node:stream';
import type { CallOptions } from '../caller.ts';
import { ConnectionError } from '../errors.ts';
import { abortedError, watchLimits } from '../wire/time-limit.ts';

/** How long something may take, and what gives it up. */
export interface Limits {
  signal?: AbortSignal;
  timeoutMs: number;
}

export function limitsOf(call: CallOptions, timeoutMs: number): Limits {
  return { ...(call.signal && { signal: call.signal }), timeoutMs: call.timeoutMs ?? timeoutMs };
}

/** Waits for an event of a connection that is being made, and destroys the connection when that does not come. */
export function opened<T extends Duplex>(wire: T, event: string, options: Limits & { toError(cause: Error): ConnectionError }): Promise<T> {
  return new Promise((resolve, reject) => {
    const unwatch = watchLimits(options, options.timeoutMs, (reason) => wire.destroy(reason));
    const done = () => {
      unwatch();
      wire.off('error', onError);
      wire.off('close', onClose);
      wire.off(event, onEvent);
    };
    const onError = (cause: Error) => {
      done();
      reject(cause instanceof ConnectionError ? cause : options.toError(cause));
    };
    const onClose = () => onError(new Error('the other side hung up'));
    const onEvent = () => {
      done();
      resolve(wire);
    };
    wire.once('error', onError);
    wire.once('close', onClose);
    wire.once(event, onEvent);
    if (options.signal?.aborted) wire.destroy(abortedError(options.signal));
  });
}
