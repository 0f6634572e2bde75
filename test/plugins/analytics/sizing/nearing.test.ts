import { describe, expect, it } from 'vitest';
import { mayReach } from '../../../../plugins/analytics/sizing/nearing.ts';

const HOUR_MS = 3_600_000;
const hourly = (count: number, valueOf: (hour: number) => number | null) => ({
  at: Array.from({ length: count }, (_, hour) => hour * HOUR_MS),
  value: Array.from({ length: count }, (_, hour) => valueOf(hour)),
});
const full = { limit: 0.9, direction: 'above', withinSeconds: 12 * 3600 } as const;

describe('what may reach a limit', () => {
  it('is what grows towards it, also if it began only hours ago, and not what stands still', () => {
    expect(
      mayReach(
        hourly(48, (hour) => 0.5 + hour * 0.007),
        full,
      ),
    ).toBe(true);
    expect(
      mayReach(
        hourly(48, (hour) => (hour < 45 ? 0.5 : 0.5 + (hour - 44) * 0.05)),
        full,
      ),
    ).toBe(true);
    expect(
      mayReach(
        hourly(48, () => 0.8),
        full,
      ),
    ).toBe(false);
    expect(
      mayReach(
        hourly(48, (hour) => 0.3 + hour * 0.001),
        full,
      ),
    ).toBe(false);
  });

  it('is what came there before, as a daily peak does', () => {
    expect(
      mayReach(
        hourly(72, (hour) => (hour % 24 === 3 ? 0.92 : 0.2)),
        full,
      ),
    ).toBe(true);
  });

  it('may lie below as well', () => {
    const empty = { limit: 10, direction: 'below', withinSeconds: 6 * 3600 } as const;
    expect(
      mayReach(
        hourly(24, (hour) => 100 - 3 * hour),
        empty,
      ),
    ).toBe(true);
    expect(
      mayReach(
        hourly(24, () => 100),
        empty,
      ),
    ).toBe(false);
  });

  it('is nothing of which nothing is known', () => {
    expect(mayReach({ at: [], value: [] }, full)).toBe(false);
    expect(
      mayReach(
        hourly(5, () => null),
        full,
      ),
    ).toBe(false);
  });
});
