import { parentPort, workerData } from 'node:worker_threads';
import { createCalls, type EvaluatorCalls } from './evaluator-calls.ts';
import type { createEvaluator } from './evaluator.ts';

export interface EvaluatorRequest<K extends keyof EvaluatorCalls = keyof EvaluatorCalls> {
  readonly id: number;
  readonly call: K;
  readonly args: Parameters<EvaluatorCalls[K]>;
}

export type EvaluatorReply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

const calls: EvaluatorCalls = createCalls(workerData as Parameters<typeof createEvaluator>[0]);

function reply({ id, call, args }: EvaluatorRequest): EvaluatorReply {
  try {
    const run = calls[call] as (...given: unknown[]) => unknown;
    return { id, answer: run(...args) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: EvaluatorRequest) => parentPort?.postMessage(reply(request), []));
