import { setImmediate as breathe } from 'node:timers/promises';
import { createCalls, type RunningEvaluator } from './evaluator-calls.ts';
import type { createEvaluator, FlatRule } from './evaluator.ts';
import type { Row } from './scopes.ts';

/** So long the main loop is held at a time. */
const PIECE_MS = 2;
/** A fleet is small up to so many pairs of a rule and a thing, and so many things: a thread costs 20 MB, which is worth more than the little that it saves. */
const PAIRS_MAX = 20_000;
const ROWS_MAX = 2_000;

/** Whether it is little enough to be judged in the main thread. */
export function isSmall(rules: readonly { readonly flat: FlatRule }[], rows: ReadonlyMap<string, readonly Row[]>): boolean {
  let [pairs, things] = [0, 0];
  for (const { length } of rows.values()) things += length;
  for (const { flat } of rules) pairs += rows.get(flat.table)?.length ?? 0;
  return things <= ROWS_MAX && pairs <= PAIRS_MAX;
}

async function inTurns<T>(pieces: Generator<undefined, T>): Promise<T> {
  for (let beganAt = performance.now(); ;) {
    const next = pieces.next();
    if (next.done) return next.value;
    if (performance.now() - beganAt < PIECE_MS) continue;
    await breathe();
    beganAt = performance.now();
  }
}

/** The evaluator in the main thread, a few milliseconds at a time. */
export function startEvaluatorHere(limits: Parameters<typeof createEvaluator>[0]): RunningEvaluator {
  const calls = createCalls(limits);
  const gone = new AbortController();
  return {
    setRules: async (change) => calls.setRules(change),
    setTable: async (table, rows) => calls.setTable(table, rows),
    load: async (kept, lastAt) => calls.load(kept, lastAt),
    look: (look) => inTurns(calls.lookInPieces(look)),
    take: async (countMax) => calls.take(countMax),
    end: async () => gone.abort(),
    ended: gone.signal,
    isThread: false,
  };
}
