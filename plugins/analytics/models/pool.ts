import { dayShape } from './day-shape.ts';
import { drift } from './drift.ts';
import { fadingLast } from './fading.ts';
import { medianFound, seasonalFound } from './found-season.ts';
import { holtDamped, holtWinters } from './holt-winters.ts';
import { lastValue } from './last-value.ts';
import { medianDay, medianHalfDay, medianSevenDays } from './median-recent.ts';
import { medianWeek } from './median-week.ts';
import type { Model } from './model.ts';
import { profileWeek } from './profile.ts';
import { seasonalDay, seasonalWeek } from './seasonal-naive.ts';

/** Models that need no training across series, the simplest first: of two equally good ones the earlier is used. */
export const BASELINES: readonly Model[] = [
  lastValue,
  medianHalfDay,
  medianDay,
  medianSevenDays,
  fadingLast,
  seasonalDay,
  seasonalWeek,
  seasonalFound,
  medianWeek,
  medianFound,
  profileWeek,
  dayShape,
  drift,
  holtWinters,
  holtDamped,
];
