import { parentPort, workerData } from 'node:worker_threads';
import { createEvaluator, type Evaluator } from './evaluator.ts';

/** What the thread is asked: a call of the evaluator by name. */
export interface EvaluatorRequest<K extends keyof Evaluator = keyof Evaluator> {
  readonly id: number;
  readonly call: K;
  readonly args: Parameters<Evaluator[K]>;
}

export type EvaluatorReply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

const evaluator = createEvaluator(workerData as Parameters<typeof createEvaluator>[0]);

function reply({ id, call, args }: EvaluatorRequest): EvaluatorReply {
  try {
    const method = evaluator[call].bind(evaluator) as (...given: unknown[]) => unknown;
    return { id, answer: method(...args) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: EvaluatorRequest) => parentPort?.postMessage(reply(request), []));
