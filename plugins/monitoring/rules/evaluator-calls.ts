import { createEvaluator, type Change, type Evaluator, type Look } from './evaluator.ts';

/** How a look ended; what it found is fetched part by part, because a large answer at once would hold up the main loop. */
export interface LookEnd {
  readonly changes: number;
  readonly repeated: number;
  readonly active: number;
  readonly refused: number;
}

export interface LookPart {
  readonly changes: readonly Change[];
  readonly repeated: readonly Change[];
}

/** What the engine asks an evaluator, wherever that runs. */
export interface EvaluatorCalls extends Pick<Evaluator, 'setRules' | 'setTable' | 'load'> {
  look(look: Look): LookEnd;
  /** At most so many of what the last look found; nothing when all is fetched. */
  take(countMax: number): LookPart;
}

/** An evaluator that works: its calls are answered later. */
export type RunningEvaluator = {
  readonly [K in keyof EvaluatorCalls]: (...args: Parameters<EvaluatorCalls[K]>) => Promise<ReturnType<EvaluatorCalls[K]>>;
} & {
  end(): Promise<void>;
  /** Fires when it has ended; everything it knew is gone. */
  readonly ended: AbortSignal;
  /** In a thread of its own. */
  readonly isThread: boolean;
};

/** What a look found, until all is taken. */
class Findings {
  #changes: readonly Change[] = [];
  #repeated: readonly Change[] = [];
  #next = 0;

  put({ changes, repeated, active, refused }: ReturnType<Evaluator['look']>): LookEnd {
    this.#changes = changes;
    this.#repeated = repeated;
    this.#next = 0;
    return { changes: changes.length, repeated: repeated.length, active, refused };
  }

  take(countMax: number): LookPart {
    const next = this.#next;
    const end = (this.#next = next + countMax);
    const from = next - this.#changes.length;
    return {
      changes: this.#changes.slice(next, end),
      repeated: end <= this.#changes.length ? [] : this.#repeated.slice(Math.max(0, from), end - this.#changes.length),
    };
  }
}

/** The calls as they are answered at once, and a look in pieces. */
export function createCalls(
  limits: Parameters<typeof createEvaluator>[0],
): EvaluatorCalls & { lookInPieces(look: Look): Generator<undefined, LookEnd> } {
  const evaluator = createEvaluator(limits);
  const findings = new Findings();
  return {
    setRules: (change) => evaluator.setRules(change),
    setTable: (table, rows) => evaluator.setTable(table, rows),
    load: (kept, lastAt) => evaluator.load(kept, lastAt),
    look: (look) => findings.put(evaluator.look(look)),
    *lookInPieces(look) {
      return findings.put(yield* evaluator.lookInPieces(look));
    },
    take: (countMax) => findings.take(countMax),
  };
}
