import { describe, expect, test } from 'vitest';
import { dueAt, nextAfter } from '../../../plugins/reports/schedules.ts';

const SEVEN = Date.parse('2026-03-02T07:00:00Z');
const DAY_MS = 86_400_000;
const daily = (lastDueAt: number) => ({ cron: '0 7 * * *', timeZone: 'UTC', lastDueAt }) as Parameters<typeof dueAt>[0];

describe('a schedule is due', () => {
  test('from its very instant on, and not a moment before', () => {
    const schedule = daily(SEVEN - DAY_MS);
    expect([-500, -1, 0, 1, 999, 3_600_000].map((later) => dueAt(schedule, SEVEN + later))).toEqual([
      null,
      null,
      SEVEN,
      SEVEN,
      SEVEN,
      SEVEN,
    ]);
  });

  test('once for all that was missed, and not again once it was answered', () => {
    expect(dueAt(daily(SEVEN - 1000 * DAY_MS), SEVEN + 5)).toBe(SEVEN);
    expect(dueAt(daily(SEVEN), SEVEN + DAY_MS - 1)).toBeNull();
    expect(dueAt(daily(SEVEN), SEVEN + DAY_MS)).toBe(SEVEN + DAY_MS);
  });

  test('by the clock of its place, when that changes', () => {
    const berlin = { cron: '0 7 * * *', timeZone: 'Europe/Berlin' };
    const saturday = Date.parse('2026-03-28T06:00:00Z');
    expect(nextAfter(berlin, saturday)).toBe(Date.parse('2026-03-29T05:00:00Z'));
  });
});
