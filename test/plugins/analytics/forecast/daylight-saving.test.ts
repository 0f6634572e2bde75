import { describe, expect, it } from 'vitest';
import { runPipeline } from '../../../../plugins/analytics/forecast/pipeline.ts';
import { BASELINES } from '../../../../plugins/analytics/models/pool.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';
import type { Forecast } from '../../../../plugins/analytics/port.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HISTORY_DAYS = 28;
const WEEKEND = ['Sat', 'Sun'];

/** In Berlin clocks went back on 25 October 2026 and forward on 29 March, both at 01:00 UTC. */
const CHANGES = [
  { name: 'back in autumn', at: Date.UTC(2026, 9, 25, 1), jobBefore: 4, jobAfter: 5 },
  { name: 'forward in spring', at: Date.UTC(2026, 2, 29, 1), jobBefore: 5, jobAfter: 4 },
] as const;

const berlin = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: 'numeric', weekday: 'short', hourCycle: 'h23' });

function localTime(at: number): { hour: number; weekend: boolean } {
  const parts = new Map(berlin.formatToParts(at).map(({ type, value }) => [type, value]));
  return { hour: Number(parts.get('hour')), weekend: WEEKEND.includes(parts.get('weekday') ?? '') };
}

/** A job at 6 o'clock of Berlin every day, and office hours from Monday to Friday. */
function load(at: number): number {
  const { hour, weekend } = localTime(at);
  return 10 + (hour === 6 ? 60 : 0) + (!weekend && hour >= 9 && hour < 17 ? 20 : 0);
}

/** What is forecast for the next day at the instant `now` from four weeks of hours. */
async function forecastAt(now: number): Promise<Forecast> {
  const random = randomOf(5);
  const at = Array.from({ length: HISTORY_DAYS * 24 }, (_, hour) => now - HISTORY_DAYS * DAY_MS + hour * HOUR_MS);
  const value = at.map((instant) => load(instant) + normalOf(random));
  return runPipeline({ at, value }, { horizonSeconds: 86_400, stepSeconds: 3_600 }, BASELINES);
}

const utcHour = (at: number): number => new Date(at).getUTCHours();
const errorOf = ({ points }: Forecast): number => points.reduce((sum, { at, p50 }) => sum + Math.abs(p50 - load(at)), 0) / points.length;

describe.each(CHANGES)('clocks of Berlin going $name', ({ at: change, jobBefore, jobAfter }) => {
  it('move a job of 6 o’clock by an hour of UTC', () => {
    const hours = (day: number): number[] =>
      Array.from({ length: 24 }, (_, hour) => change + day * DAY_MS + hour * HOUR_MS)
        .filter((at) => localTime(at).hour === 6)
        .map(utcHour);
    expect(hours(-3)).toEqual([jobBefore]);
    expect(hours(3)).toEqual([jobAfter]);
  });

  it('are nothing to a forecast made before them', async () => {
    const made = await forecastAt(change - 4 * DAY_MS - HOUR_MS);
    expect(errorOf(made)).toBeLessThan(2);
  });

  it.each([1, 2])('cost no more than the hours that moved, %i days later', async (days) => {
    const made = await forecastAt(change + days * DAY_MS - HOUR_MS);
    // At worst the job is missed once and expected in vain once, and so are the ends of the office hours.
    expect(errorOf(made)).toBeLessThan((2 * 60 + 2 * 20) / 24 + 1);
  });

  it.each([5, 8, 12, 19])('are followed %i days later: the job is where it is now, not where it was', async (days) => {
    const made = await forecastAt(change + days * DAY_MS - HOUR_MS);
    const at = (hour: number): number => made.points.find((point) => utcHour(point.at) === hour)?.p50 ?? Number.NaN;
    expect(at(jobAfter)).toBeGreaterThan(50);
    expect(at(jobBefore)).toBeLessThan(30);
    expect(errorOf(made)).toBeLessThan(4);
  });
});
