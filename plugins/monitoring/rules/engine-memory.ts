import type { Log } from 'novacron/plugin';
import type { Signal, Subject } from '../port.ts';
import type { ActiveAlert } from './engine.ts';
import type { Change, Kept } from './evaluator.ts';
import type { KeptState, StateStore } from './state-store.ts';

export interface MemoryOptions {
  readonly store: StateStore;
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
  readonly log: Log;
}

const SIGNALS_AT_ONCE_MAX = 500;

/**
 * What is not well, beside the thread that finds it: kept in the database, and told. First it is told, then kept: a crash between the two tells it twice, which changes
 * nothing, instead of never.
 */
export function createMemory({ store, raise, log }: MemoryOptions) {
  const states = new Map<string, Map<string, KeptState>>();
  /** Not told or not kept yet, because that failed: at most one entry a pair of rule and thing. */
  const dueSignals = new Map<string, Signal>();
  const dueRows = new Map<string, KeptState | Pick<KeptState, 'rule' | 'subject'>>();
  let lookedAt: number | null = null;

  function put(kept: KeptState): void {
    const ofRule = states.get(kept.rule) ?? new Map<string, KeptState>();
    states.set(kept.rule, ofRule.set(kept.subject, kept));
  }
  function drop({ rule, subject }: Pick<KeptState, 'rule' | 'subject'>): void {
    const ofRule = states.get(rule);
    ofRule?.delete(subject);
    if (ofRule?.size === 0) states.delete(rule);
  }
  function take({ rule, subject, state }: Change, thing: Subject | undefined): void {
    const key = `${rule} ${subject}`;
    if (state === null) {
      drop({ rule, subject });
      dueRows.set(key, { rule, subject });
    } else if (thing !== undefined) {
      const kept = { rule, subject, state, thing };
      put(kept);
      dueRows.set(key, kept);
    }
  }
  async function tell(): Promise<void> {
    const signals = [...dueSignals.values()];
    for (let from = 0; from < signals.length; from += SIGNALS_AT_ONCE_MAX) {
      const some = signals.slice(from, from + SIGNALS_AT_ONCE_MAX);
      await raise(some);
      for (const one of some) if (dueSignals.get(one.key) === one) dueSignals.delete(one.key);
    }
  }
  return {
    async load(): Promise<void> {
      const loaded = await store.load();
      for (const kept of loaded.kept) put(kept);
      lookedAt = loaded.lookedAt;
    },
    kept: (): { kept: Kept[]; lookedAt: number | null } => ({
      kept: [...states.values()].flatMap((ofRule) => [...ofRule.values()].map(({ rule, subject, state }) => ({ rule, subject, state }))),
      lookedAt,
    }),
    subject: (rule: string, subject: string): Subject | undefined => states.get(rule)?.get(subject)?.thing,
    active(rule?: string): readonly ActiveAlert[] {
      const wanted = rule === undefined ? [...states.values()] : [states.get(rule) ?? new Map<string, KeptState>()];
      return wanted.flatMap((ofRule) => [...ofRule.values()].map(({ rule, thing, state }) => ({ rule, subject: thing, state })));
    },
    /** Takes what a look found. A failure of the database or of the incidents leaves it due for the next look. */
    async settle(found: {
      readonly changes: readonly Change[];
      readonly signals: readonly Signal[];
      readonly subjectOf: (change: Change) => Subject | undefined;
      readonly at: number;
    }): Promise<void> {
      for (const change of found.changes) take(change, found.subjectOf(change));
      for (const signal of found.signals) dueSignals.set(signal.key, signal);
      lookedAt = found.at;
      const rows = new Map(dueRows);
      try {
        await tell();
        const all = [...rows.values()];
        const [puts, drops] = [all.filter((row): row is KeptState => 'state' in row), all.filter((row) => !('state' in row))];
        await store.save({ put: puts, drop: drops, lookedAt: found.at });
        for (const [key, row] of rows) if (dueRows.get(key) === row) dueRows.delete(key);
      } catch (error) {
        log.error({ err: error, due: dueRows.size }, 'what the alert rules found could not be told or kept; it is tried again at the next look');
      }
    },
  };
}
