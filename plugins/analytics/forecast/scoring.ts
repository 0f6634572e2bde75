import type { Clock, Log, Metrics } from 'novacron/plugin';
import { findMetric, seriesOf } from '../metric-history.ts';
import type { Archive, DueForecast, Score } from './archive.ts';

const DUE_MAX = 200;

export interface ScoringParts {
  readonly archive: Archive;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Held against what came; `null` where nothing was measured, so that an outage is no error of a forecast. */
export function scoreOf({ points, scale }: Pick<DueForecast, 'points' | 'scale'>, came: ReadonlyMap<number, number>): Score {
  const known = points.flatMap((point) => {
    const value = came.get(point.at);
    return value === undefined ? [] : [{ ...point, value }];
  });
  if (known.length === 0) return { mase: null, coverage: null };
  const error = known.reduce((sum, { value, p50 }) => sum + Math.abs(value - p50), 0) / known.length;
  const inside = known.filter(({ value, p10, p90 }) => value >= p10 && value <= p90).length;
  return { mase: error / scale, coverage: inside / known.length };
}

async function whatCame(due: DueForecast, { metrics }: ScoringParts, signal: AbortSignal): Promise<Map<number, number>> {
  const metric = findMetric(metrics.declared(), due.metric);
  const from = due.points[0]?.at ?? 0;
  const to = (due.points.at(-1)?.at ?? 0) + due.stepSeconds * 1000;
  const query = { metric: due.metric, targets: [due.target], from, to, stepSeconds: due.stepSeconds, aggregate: metric.aggregate };
  const series = seriesOf(await metrics.query(query, signal), metric, due.device ?? undefined).get(due.target);
  return new Map(series?.at.map((at, i) => [at, series.value[i] ?? Number.NaN]) ?? []);
}

/** Scores the forecasts whose time is over; answers how many. One that cannot be scored (its metric is gone) counts as scored without a value. */
export async function scoreDue(parts: ScoringParts, signal: AbortSignal): Promise<number> {
  const { archive, clock, log } = parts;
  const due = await archive.due(clock.now(), DUE_MAX);
  for (const forecast of due) {
    signal.throwIfAborted();
    let score: Score = { mase: null, coverage: null };
    try {
      score = scoreOf(forecast, await whatCame(forecast, parts, signal));
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error, forecast: forecast.id, metric: forecast.metric }, 'a forecast could not be held against what came');
    }
    await archive.score(forecast.id, score, clock.now());
  }
  return due.length;
}
