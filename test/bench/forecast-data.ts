import { originsOf } from '../../plugins/analytics/forecast/backtest.ts';
import { trainSeasonLinear } from '../../plugins/analytics/models/season-linear.ts';
import { seasonTask } from '../../plugins/analytics/models/train-across.ts';
import { trainedModel } from '../../plugins/analytics/models/trained.ts';
import type { Model } from '../../plugins/analytics/models/model.ts';
import type { Series } from '../../plugins/analytics/port.ts';
import type { Aim } from './main.ts';

/** Shared by the benches of forecasts on public data. */

const HOUR_MS = 3_600_000;

export const atMost = (name: string, value: number, bound: number): Aim => ({ name, value, aim: `<= ${bound}`, met: value <= bound });

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export const round = (value: number, digits = 4): number => Number(value.toFixed(digits));

/** Hours from the epoch on: the protocols know no calendar. */
export const hourly = (values: ArrayLike<number>): Series => ({
  at: Array.from({ length: values.length }, (_, hour) => hour * HOUR_MS),
  value: Array.from({ length: values.length }, (_, hour) => values[hour] ?? null),
});

/** The seasonal models trained across series as the hub does it: `held` without what the backtest of each series looks at. */
export function trainAcross(histories: readonly Float64Array[], horizon: number): Model[] {
  const before = histories.map((history) => history.subarray(0, originsOf(history.length, { horizon, stepsPerDay: 24 })[0] ?? 0));
  return [true, false].flatMap((log) => {
    const task = seasonTask({ season: 24, horizon }, log);
    const final = trainSeasonLinear(histories, task);
    const held = trainSeasonLinear(before, task);
    return final === undefined || held === undefined ? [] : [trainedModel({ held, final })];
  });
}
