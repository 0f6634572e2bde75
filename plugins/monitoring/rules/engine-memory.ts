import { HubError, type Duty, type Log } from 'novacron/plugin';
import type { Signal, Subject } from '../port.ts';
import type { ActiveAlert } from './engine.ts';
import type { Change, Kept } from './evaluator.ts';
import type { KeptState, StateStore } from './state-store.ts';

export interface MemoryOptions {
  readonly store: StateStore;
  readonly raise: (signals: readonly Signal[], fence: Duty['fence']) => Promise<void>;
  readonly log: Log;
}

/** A part of what a look found. */
export interface Found {
  readonly changes: readonly { readonly change: Change; readonly subject: Subject | undefined }[];
  readonly signals: readonly Signal[];
}

type Key = Pick<KeptState, 'rule' | 'subject'>;

const SIGNALS_AT_ONCE_MAX = 500;

/**
 * What is not well, beside the evaluator that finds it: told, and kept in the database. First it is told, then kept: a crash between the two tells it twice,
 * which changes nothing, instead of never.
 */
export class EngineMemory {
  readonly #options: MemoryOptions;
  #states = new Map<string, Map<string, KeptState>>();
  /** Not told or not kept yet, because that failed: at most one entry a pair of rule and thing. */
  readonly #dueSignals = new Map<string, Signal>();
  readonly #dueRows = new Map<string, KeptState | Key>();
  #lookedAt: number | null = null;
  #version: number | null = null;

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  /** False: no other hub has written since, so all is known. What was due is that hub's to tell now, if it still is so. */
  async load(): Promise<boolean> {
    const { store } = this.#options;
    const clock = await store.clock();
    if (this.#version !== null && clock.version === this.#version) {
      this.#lookedAt = clock.lookedAt;
      return false;
    }
    const { kept, lookedAt, version } = await store.load();
    this.#states = new Map();
    this.#dueSignals.clear();
    this.#dueRows.clear();
    for (const one of kept) this.#put(one);
    this.#lookedAt = lookedAt;
    this.#version = version;
    return true;
  }

  kept(): { readonly kept: Kept[]; readonly lookedAt: number | null } {
    const all = [...this.#states.values()].flatMap((ofRule) => [...ofRule.values()]);
    return { kept: all.map(({ rule, subject, state }) => ({ rule, subject, state })), lookedAt: this.#lookedAt };
  }

  subject(rule: string, subject: string): Subject | undefined {
    return this.#states.get(rule)?.get(subject)?.thing;
  }

  active(rule?: string): readonly ActiveAlert[] {
    const wanted = rule === undefined ? [...this.#states.values()] : [this.#states.get(rule) ?? new Map<string, KeptState>()];
    return wanted.flatMap((ofRule) => [...ofRule.values()].map(({ rule, thing, state }) => ({ rule, subject: thing, state })));
  }

  take({ changes, signals }: Found): void {
    for (const { change, subject } of changes) this.#take(change, subject);
    for (const signal of signals) this.#dueSignals.set(signal.key, signal);
  }

  /**
   * At the end of a look. A failure of the database or of the incidents leaves what is due for the next one. HubError `duty_lost` when all this is another
   * hub's business by now.
   */
  async settle(at: number, fence: Duty['fence']): Promise<void> {
    this.#lookedAt = at;
    try {
      await this.#tell(fence);
      await this.#keep(at, fence);
    } catch (error) {
      if (HubError.is(error) && error.code === 'duty_lost') throw error;
      this.#options.log.error(
        { err: error, due: this.#dueRows.size },
        'what the alert rules found was not told or kept; the next look tries again',
      );
    }
  }

  async #tell(fence: Duty['fence']): Promise<void> {
    const due = [...this.#dueSignals.values()];
    for (let from = 0; from < due.length; from += SIGNALS_AT_ONCE_MAX) {
      const some = due.slice(from, from + SIGNALS_AT_ONCE_MAX);
      await this.#options.raise(some, fence);
      for (const one of some) this.#dueSignals.delete(one.key);
    }
  }

  async #keep(lookedAt: number, fence: Duty['fence']): Promise<void> {
    const rows = [...this.#dueRows.values()];
    const put = rows.filter((row): row is KeptState => 'state' in row);
    const drop = rows.filter((row) => !('state' in row));
    this.#version = await this.#options.store.save({ put, drop, lookedAt }, fence);
    this.#dueRows.clear();
  }

  #take({ rule, subject, state }: Change, thing: Subject | undefined): void {
    if (state !== null && thing !== undefined) this.#put({ rule, subject, state, thing });
    else this.#drop({ rule, subject });
    this.#dueRows.set(`${rule} ${subject}`, this.#states.get(rule)?.get(subject) ?? { rule, subject });
  }

  #put(kept: KeptState): void {
    const ofRule = this.#states.get(kept.rule) ?? new Map<string, KeptState>();
    this.#states.set(kept.rule, ofRule.set(kept.subject, kept));
  }

  #drop({ rule, subject }: Key): void {
    const ofRule = this.#states.get(rule);
    ofRule?.delete(subject);
    if (ofRule?.size === 0) this.#states.delete(rule);
  }
}
