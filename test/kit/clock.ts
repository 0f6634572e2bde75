import type { Clock } from '../../core/contract.ts';

export interface TestClock extends Clock {
  advance(ms: number): void;
}

/** A clock that stands still until it is moved; starts at 2026-01-05T12:00:00Z, a Monday. */
export function createTestClock(startAt = Date.UTC(2026, 0, 5, 12)): TestClock {
  let now = startAt;
  return { now: () => now, advance: (ms) => void (now += ms) };
}
