import { holtWinters } from './holt-winters.ts';
import { lastValue } from './last-value.ts';
import { medianDay } from './median-day.ts';
import { medianWeek } from './median-week.ts';
import type { Model } from './model.ts';
import { seasonalDay, seasonalWeek } from './seasonal-naive.ts';

/** Plain models, the simplest first: of two equally good ones the earlier is used. */
export const BASELINES: readonly Model[] = [lastValue, medianDay, seasonalDay, seasonalWeek, medianWeek, holtWinters];
