import type { Clock } from '../contract.ts';

/** What was read from the database lately. Changes here and on other hubs empty it; it is believed for 5 s at most, should their news be lost. */
export interface Memory<T> {
  /** From memory, else from `read`; what is absent is not remembered. */
  get(key: string, read: () => Promise<T | undefined>): Promise<T | undefined>;
  forget(): void;
}

const ENTRIES_MAX = 1_000;
const KEPT_MS = 5_000;

export function createMemory<T>(clock: Clock): Memory<T> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  let generation = 0;
  return {
    async get(key, read) {
      const at = clock.now();
      const known = entries.get(key);
      if (known !== undefined && known.until > at && known.until <= at + KEPT_MS) return known.value;
      const before = generation;
      const value = await read();
      // What was read before a change that came meanwhile is not kept.
      if (before === generation && value !== undefined) {
        if (entries.size >= ENTRIES_MAX) entries.clear();
        entries.set(key, { value, until: at + KEPT_MS });
      }
      return value;
    },
    forget() {
      generation += 1;
      entries.clear();
    },
  };
}
