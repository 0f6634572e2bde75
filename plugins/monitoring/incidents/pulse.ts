import type { Clock } from 'novacron/plugin';

/** Whether the parts that must go on do: the dead man's switch asks. */
export interface Pulse {
  /** Adds a part that has to say `beat` at least every `everyMs`; returns how it says so. */
  watch(name: string, everyMs: number): () => void;
  /** The parts that have been silent for too long. */
  silent(): readonly string[];
}

/** So many beats may be missed. */
const MISSED_MAX = 3;
/** Where beats follow each other quickly, one that waits for a forecast is no silence yet. */
const SILENT_MS_MIN = 30_000;

export function createPulse(clock: Clock): Pulse {
  const parts = new Map<string, { readonly everyMs: number; at: number }>();
  return {
    watch(name, everyMs) {
      const part = { everyMs, at: clock.now() };
      parts.set(name, part);
      return () => void (part.at = clock.now());
    },
    silent: () =>
      [...parts].flatMap(([name, { at, everyMs }]) => {
        const ago = clock.now() - at;
        // After the clock was set back nothing is known until the next beat.
        return ago > Math.max(SILENT_MS_MIN, everyMs * MISSED_MAX) ? [name] : [];
      }),
  };
}
