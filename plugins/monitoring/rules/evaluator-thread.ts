import { Worker } from 'node:worker_threads';
import { HubError } from 'novacron/plugin';
import type { EvaluatorCalls, RunningEvaluator } from './evaluator-calls.ts';
import type { EvaluatorReply } from './evaluator-worker.ts';
import type { createEvaluator } from './evaluator.ts';

const MEMORY_MAX_MEBIBYTES = 1024;

const endedError = (reason: string): HubError =>
  new HubError('alert_rules_ended', `The thread of the alert rules has ended: ${reason}. It is started again.`, {
    status: 503,
    retryable: true,
  });

/** The evaluator in a thread of its own: a scan of a hundred million pairs holds up nobody. */
export function startEvaluatorThread(limits: Parameters<typeof createEvaluator>[0]): RunningEvaluator {
  const worker = new Worker(new URL('./evaluator-worker.ts', import.meta.url), {
    name: 'alert rules',
    workerData: limits,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MAX_MEBIBYTES },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const gone = new AbortController();
  let ids = 0;

  function fail(reason: string): void {
    if (gone.signal.aborted) return;
    const error = endedError(reason);
    gone.abort(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  worker.on('message', (reply: EvaluatorReply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) asked?.reject(new HubError('alert_rules_failed', `The alert rules could not be judged: ${reply.error}`));
    else asked?.resolve(reply.answer);
  });
  worker.on('error', (error: Error) => fail(error.message));
  worker.on('exit', (code) => fail(`exit code ${code}`));
  worker.unref();

  function ask<K extends keyof EvaluatorCalls>(call: K, args: Parameters<EvaluatorCalls[K]>): Promise<ReturnType<EvaluatorCalls[K]>> {
    gone.signal.throwIfAborted();
    const asked = Promise.withResolvers<unknown>();
    waiting.set(++ids, asked);
    worker.postMessage({ id: ids, call, args }, []);
    return asked.promise as Promise<ReturnType<EvaluatorCalls[K]>>;
  }
  return {
    setRules: (...args) => ask('setRules', args),
    setTable: (...args) => ask('setTable', args),
    load: (...args) => ask('load', args),
    look: (...args) => ask('look', args),
    take: (...args) => ask('take', args),
    ended: gone.signal,
    isThread: true,
    async end() {
      fail('it was stopped');
      await worker.terminate();
    },
  };
}
