import { HubError } from 'novacron/plugin';
import type { Series } from '../port.ts';

/** Values on a grid of equal steps; NaN where nothing was measured. */
export interface Grid {
  /** Epoch milliseconds: begin of the first step. */
  readonly from: number;
  readonly stepMs: number;
  readonly values: Float64Array;
}

/** What is further back is not looked at: 5 days of 5 min, 15 of 15 min, 60 of 1 h. */
export const STEPS_MAX = 1_440;
const SAMPLES_MAX = 1_000_000;
const STEP_SECONDS = { min: 60, max: 86_400 } as const;
/** No measurement is that large; squares of larger numbers would overflow. */
const MAGNITUDE_MAX = 1e100;

function invalid(message: string): HubError {
  return new HubError('forecast_input_invalid', message, { status: 422 });
}

function checkSeries({ at, value }: Series, stepSeconds: number): void {
  if (at.length !== value.length) throw invalid(`The series has ${at.length} instants and ${value.length} values. Give as many of each.`);
  if (at.length > SAMPLES_MAX)
    throw invalid(`The series has ${at.length} values; at most ${SAMPLES_MAX} are taken. Give means of a wider step.`);
  if (!Number.isInteger(stepSeconds) || stepSeconds < STEP_SECONDS.min || stepSeconds > STEP_SECONDS.max) {
    throw invalid(`A step of ${stepSeconds} s is not possible; give whole seconds between ${STEP_SECONDS.min} and ${STEP_SECONDS.max}.`);
  }
}

const isMeasured = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= MAGNITUDE_MAX;

/** Means per step, from the first to the last step with a value (the last STEPS_MAX of them). HubError `forecast_input_invalid`. */
export function toSteps(series: Series, stepSeconds: number): Grid {
  checkSeries(series, stepSeconds);
  const stepMs = stepSeconds * 1000;
  const sums = new Map<number, { sum: number; count: number }>();
  let first = Infinity;
  let last = -Infinity;
  for (const [i, at] of series.at.entries()) {
    if (!Number.isFinite(at)) throw invalid(`Instant ${i} of the series is no number. Give epoch milliseconds.`);
    const value = series.value[i];
    if (!isMeasured(value)) continue;
    const step = Math.floor(at / stepMs);
    const cell = sums.get(step) ?? { sum: 0, count: 0 };
    sums.set(step, { sum: cell.sum + value, count: cell.count + 1 });
    first = Math.min(first, step);
    last = Math.max(last, step);
  }
  if (sums.size === 0) return { from: 0, stepMs, values: new Float64Array(0) };
  first = Math.max(first, last - STEPS_MAX + 1);
  while (!sums.has(first)) first++;
  const values = Float64Array.from({ length: last - first + 1 }, (_, i) => {
    const cell = sums.get(first + i);
    return cell === undefined ? Number.NaN : cell.sum / cell.count;
  });
  return { from: first * stepMs, stepMs, values };
}

/** Every gap filled from the past only: with the value of a day before where there is one, else with the last one. */
export function fillGaps(values: Float64Array, stepsPerDay: number): Float64Array {
  const filled = Float64Array.from(values);
  for (const [i, value] of filled.entries()) {
    if (Number.isNaN(value)) filled[i] = filled[i - stepsPerDay] ?? filled[i - 1] ?? 0;
  }
  return filled;
}

export const countMeasured = (values: Float64Array): number => values.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
