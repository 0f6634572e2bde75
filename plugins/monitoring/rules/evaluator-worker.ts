import { parentPort, workerData } from 'node:worker_threads';
import { createEvaluator, type Change, type Evaluator, type Look } from './evaluator.ts';

/** How a look ended; what it found is fetched part by part, because a large answer at once would hold up the main loop. */
export interface LookedInThread {
  readonly changes: number;
  readonly repeated: number;
  readonly active: number;
  readonly refused: number;
}

export interface LookPart {
  readonly changes: readonly Change[];
  readonly repeated: readonly Change[];
}

/** What the thread is asked, by name. */
export interface ThreadCalls extends Pick<Evaluator, 'setRules' | 'setTable' | 'load'> {
  look(look: Look): LookedInThread;
  /** At most so many of what the last look found; nothing when all is fetched. */
  take(countMax: number): LookPart;
}

export interface EvaluatorRequest<K extends keyof ThreadCalls = keyof ThreadCalls> {
  readonly id: number;
  readonly call: K;
  readonly args: Parameters<ThreadCalls[K]>;
}

export type EvaluatorReply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

const evaluator = createEvaluator(workerData as Parameters<typeof createEvaluator>[0]);
const found = { changes: [] as readonly Change[], repeated: [] as readonly Change[], next: 0 };

const calls: ThreadCalls = {
  setRules: (change) => evaluator.setRules(change),
  setTable: (table, rows) => evaluator.setTable(table, rows),
  load: (kept, lastAt) => evaluator.load(kept, lastAt),
  look(look) {
    const { changes, repeated, active, refused } = evaluator.look(look);
    Object.assign(found, { changes, repeated, next: 0 });
    return { changes: changes.length, repeated: repeated.length, active, refused };
  },
  take(countMax) {
    const { changes, repeated, next } = found;
    const end = (found.next = next + countMax);
    const from = next - changes.length;
    return {
      changes: changes.slice(next, end),
      repeated: end <= changes.length ? [] : repeated.slice(Math.max(0, from), end - changes.length),
    };
  },
};

function reply({ id, call, args }: EvaluatorRequest): EvaluatorReply {
  try {
    const run = calls[call] as (...given: unknown[]) => unknown;
    return { id, answer: run(...args) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: EvaluatorRequest) => parentPort?.postMessage(reply(request), []));
