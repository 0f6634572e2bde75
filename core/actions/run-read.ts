import { randomUUID } from 'node:crypto';
import { HubError, type Action, type Base, type Call, type Json } from '../contract.ts';
import { checkOutput } from '../jobs/run-job.ts';
import type { Target } from './find-target.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

export interface Read {
  readonly id: string;
  readonly action: Action;
  readonly base: Base<unknown, never>;
  readonly input: Json;
  readonly target: Target;
  readonly call: Call;
}

/** Stage 8 for reads: they run at once and answer; nothing is recorded, since nothing has to be undone. */
export async function runRead({ id, action, base, input, target, call }: Read): Promise<Json> {
  const timeoutMs = action.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = new HubError('action_timeout', `'${id}' did not answer within ${timeoutMs / 1000} s.`, { status: 504, retryable: true });
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(timeout), timeoutMs);
  const signal = AbortSignal.any([base.signal, limit.signal, ...(call.signal ? [call.signal] : [])]);
  const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  try {
    signal.throwIfAborted();
    const context = {
      ...base,
      signal,
      actor: call.actor,
      via: call.via,
      target,
      jobId: randomUUID(),
      id: () => randomUUID(),
      step: runStep(signal),
      progress: () => {},
    };
    const output: unknown = await Promise.race([action.run(context, input), aborted]);
    return await checkOutput(action, { id, output });
  } finally {
    clearTimeout(timer);
  }
}

const runStep =
  (signal: AbortSignal) =>
  <T>(_name: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    run(signal);
