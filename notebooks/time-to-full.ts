import { HubError } from 'novacron/plugin';
import { mayReach } from '../plugins/analytics/sizing/nearing.ts';
import { call } from './calls.ts';
import type { NovaActions } from './generated/actions.ts';
import type { MeasuredSeries, Measurements } from './measurements.ts';

type Full = Awaited<ReturnType<NovaActions['forecast']['full']>>;

type Stores = Pick<Measurements, 'metric' | 'series'>;

/** What the hub forecasts of one store: the chance that it is full within the horizon, when, and how it fills. */
export type Outlook = Full['outlooks'][number];

/** Something that fills: a file system, a pool. */
export interface Filling extends MeasuredSeries {
  /** Share that is used now, 0..1. */
  readonly usedRatio: number;
  /** Share that comes a day, by the days behind. */
  readonly perDay: number;
  /** Null: it is nowhere near, or cannot be forecast. */
  readonly outlook: Outlook | null;
  /** Days until it is most likely full, and as early and as late as 8 of 10 times; null: not within the horizon. */
  readonly days: number | null;
  readonly earliestDays: number | null;
  readonly latestDays: number | null;
}

const DAY_MS = 86_400_000;
/** Slopes over less than this say more about the time of day than about growth. */
const APART_DAYS_MIN = 3;
/** What is forecast at once: `forecast full` answers 12 parts at most. */
const AT_ONCE_MAX = 12;
/** The nearest: each forecast takes about a second. */
const FORECASTS_MAX = 24;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
}

/** One value a day, its median: what swings within the day is no growth. */
function dailyOf({ at, value }: Pick<MeasuredSeries, 'at' | 'value'>): { readonly day: number; readonly value: number }[] {
  const rows = at.map((instant, index) => ({ day: Math.floor(instant / DAY_MS), value: value[index] ?? Number.NaN }));
  return [...Map.groupBy(rows, ({ day }) => day)].map(([day, ofDay]) => ({ day, value: median(ofDay.map((row) => row.value)) }));
}

/** What comes a day: the middle of all slopes between two days (Theil and Sen), so that one odd day moves it little. 0 without three days. */
export function pacePerDay(series: Pick<MeasuredSeries, 'at' | 'value'>): number {
  const daily = dailyOf(series);
  const slopes = daily.flatMap((a, index) =>
    daily.slice(index + 1).flatMap((b) => (b.day - a.day < APART_DAYS_MIN ? [] : [(b.value - a.value) / (b.day - a.day)])),
  );
  return slopes.length === 0 ? 0 : median(slopes);
}

/** Names of things whose parts together are no more than one question may have. */
function* batches(near: readonly MeasuredSeries[], all: readonly MeasuredSeries[]): Generator<string[]> {
  let batch: string[] = [];
  let parts = 0;
  for (const entity of new Set(near.map((series) => series.entity))) {
    const own = all.filter((series) => series.entity === entity).length;
    if (batch.length > 0 && parts + own > AT_ONCE_MAX) {
      yield batch;
      [batch, parts] = [[], 0];
    }
    batch.push(entity);
    parts += own;
  }
  if (batch.length > 0) yield batch;
}

const keyOf = (entity: string, device: string | null | undefined): string => JSON.stringify([entity, device ?? null]);

async function outlooksOf({ metric, series }: Stores, horizonDays: number): Promise<ReadonlyMap<string, Outlook & { now: number }>> {
  const near = series
    .filter((each) => mayReach(each, { limit: 1, direction: 'above', withinSeconds: horizonDays * 86_400 }))
    .toSorted((a, b) => daysLeft(a) - daysLeft(b))
    .slice(0, FORECASTS_MAX);
  const found = new Map<string, Outlook & { now: number }>();
  for (const targets of batches(near, series)) {
    const { outlooks, now } = await ask({ metric, targets, horizon: `${horizonDays}d` });
    for (const outlook of outlooks) found.set(keyOf(outlook.target.id, outlook.target.device), { ...outlook, now });
  }
  return found;
}

/** What was measured for too short a time, or not lately, has no forecast: in a report that is no error. */
async function ask(question: { metric: string; targets: readonly string[]; horizon: string }): Promise<Pick<Full, 'outlooks' | 'now'>> {
  try {
    return (await call('forecast.full', question)) as Full;
  } catch (error) {
    if (HubError.is(error) && error.code.startsWith('forecast_history_')) return { outlooks: [], now: 0 };
    throw error;
  }
}

const daysLeft = (series: MeasuredSeries): number => (1 - (series.value.at(-1) ?? 0)) / Math.max(1e-9, pacePerDay(series));

/**
 * When shares reach 1, soonest first: the hub's own forecast (`nova.forecast.full`), so that a report says what the chat says. What is nowhere near is
 * not forecast. `horizonDays`: 1 to 14, as far as the hub looks ahead.
 */
export async function timeToFull(measured: Stores, { horizonDays = 14 }: { readonly horizonDays?: number } = {}): Promise<Filling[]> {
  const outlooks = await outlooksOf(measured, horizonDays);
  const fillings = measured.series.map((series): Filling => {
    const outlook = outlooks.get(keyOf(series.entity, series.device)) ?? null;
    const until = (at: number | null | undefined): number | null =>
      at === null || at === undefined || outlook === null ? null : Math.max(0, (at - outlook.now) / DAY_MS);
    return {
      ...series,
      usedRatio: series.value.at(-1) ?? 0,
      perDay: pacePerDay(series),
      outlook,
      days: until(outlook?.p50At),
      earliestDays: until(outlook?.p10At),
      latestDays: until(outlook?.p90At),
    };
  });
  return fillings.toSorted((a, b) => (a.days ?? Infinity) - (b.days ?? Infinity) || chanceOf(b) - chanceOf(a));
}

const chanceOf = ({ outlook }: Filling): number => outlook?.probability ?? 0;
