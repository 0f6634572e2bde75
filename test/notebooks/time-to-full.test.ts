import { afterEach, describe, expect, it } from 'vitest';
import type { MeasuredSeries } from '../../notebooks/measurements.ts';
import { pacePerDay, timeToFull } from '../../notebooks/time-to-full.ts';
import { CELL_HOST, type HubAnswer, type HubRequest } from '../../plugins/reports/session/protocol.ts';

const HOUR_MS = 3_600_000;
const hours = (count: number, valueOf: (hour: number) => number) => {
  const at = Array.from({ length: count }, (_, hour) => hour * HOUR_MS);
  return { at, value: at.map((_, hour) => valueOf(hour)) };
};

describe('what comes a day', () => {
  it('is the growth, whatever swings within the days and whatever one odd day did', () => {
    const swinging = hours(14 * 24, (hour) => 0.3 + 0.01 * (hour / 24) + 0.2 * Math.sin((2 * Math.PI * hour) / 24));
    expect(pacePerDay(swinging)).toBeCloseTo(0.01, 4);
    const odd = hours(14 * 24, (hour) => (Math.floor(hour / 24) === 12 ? 0.9 : 0.3 + 0.01 * (hour / 24)));
    expect(pacePerDay(odd)).toBeCloseTo(0.01, 3);
  });

  it('is nothing where too few days are known', () => {
    expect(pacePerDay(hours(3 * 24, (hour) => hour))).toBe(0);
    expect(pacePerDay({ at: [], value: [] })).toBe(0);
  });
});

describe('when things are full', () => {
  afterEach(() => void Reflect.deleteProperty(globalThis, CELL_HOST));

  const DAYS = 14;
  const NOW = DAYS * 24 * HOUR_MS;
  const series = (entity: string, device: string, perDay: number): MeasuredSeries => ({
    ...hours(DAYS * 24, (hour) => 0.9 - perDay * (DAYS - hour / 24)),
    name: `${entity} ${device}`,
    entity,
    device,
  });
  const measured = (all: readonly MeasuredSeries[]) => ({ metric: 'vm.filesystem.usedRatio', series: all });

  /** The hub answers that each part of what it is asked about is full in as many days as its name has letters. */
  function answering(answer: (targets: readonly string[]) => HubAnswer): (readonly string[])[] {
    const asked: (readonly string[])[] = [];
    const ask = async (request: HubRequest): Promise<HubAnswer> => {
      const { targets } = (request as unknown as { input: { targets: readonly string[] } }).input;
      asked.push(targets);
      return answer(targets);
    };
    Reflect.set(globalThis, CELL_HOST, { ask, display: () => undefined });
    return asked;
  }
  const outlook = (id: string) => ({
    target: { kind: 'vm', id, name: id, device: '/data' },
    limit: 1,
    probability: 0.8,
    p10At: NOW + 24 * HOUR_MS,
    p50At: NOW + id.length * 24 * HOUR_MS,
    p90At: null,
    horizonSeconds: 14 * 86_400,
    points: [],
  });
  const told = (targets: readonly string[]): HubAnswer => ({ is: 'output', output: { now: NOW, outlooks: targets.map(outlook) } });

  it('asks the hub about what may fill only, and has the soonest first', async () => {
    const asked = answering(told);
    const found = await timeToFull(measured([series('far', '/data', 0), series('longer', '/data', 0.01), series('near', '/data', 0.01)]));
    expect(asked.flat().toSorted()).toEqual(['longer', 'near']);
    expect(found.map(({ entity, days, earliestDays, latestDays }) => [entity, days, earliestDays, latestDays])).toEqual([
      ['near', 4, 1, null],
      ['longer', 6, 1, null],
      ['far', null, null, null],
    ]);
  });

  it('asks about no more parts at once than the hub answers', async () => {
    const asked = answering(told);
    const many = Array.from({ length: 9 }, (_, index) => [series(`vm-${index}`, '/', 0), series(`vm-${index}`, '/data', 0.01)]).flat();
    await timeToFull(measured(many));
    expect(asked.map((targets) => targets.length)).toEqual([6, 3]);
  });

  it('does without a forecast where too little is known, and fails where the hub fails', async () => {
    const failing = (code: string): HubAnswer => ({ is: 'error', code, message: 'no', status: 422, retryable: false });
    answering(() => failing('forecast_history_short'));
    expect(await timeToFull(measured([series('near', '/data', 0.01)]))).toMatchObject([{ outlook: null, days: null }]);
    answering(() => failing('forecast_failed'));
    await expect(timeToFull(measured([series('near', '/data', 0.01)]))).rejects.toMatchObject({ code: 'forecast_failed' });
  });
});
