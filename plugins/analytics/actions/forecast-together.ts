import { HubError, type Metrics } from 'novacron/plugin';
import { stepSecondsFor } from '../forecast/rules.ts';
import { capacityOf, fetchHistory, fullSteps, type ForecastMetric } from '../metric-history.ts';
import type { Forecast, Forecasts, LimitOutlook, Series } from '../port.ts';

/** The sum of several series from where all have begun; one that is silent for a while counts as it was last. */
export function sumOf(all: readonly Series[]): Series {
  const begin = Math.max(...all.map(({ at }) => at[0] ?? Infinity));
  const values = all.map(({ at, value }) => new Map(at.map((instant, i) => [instant, value[i] ?? null])));
  const instants = [...new Set(all.flatMap(({ at }) => at))].toSorted((a, b) => a - b);
  const last: (number | null)[] = all.map(() => null);
  const sum: { at: number[]; value: number[] } = { at: [], value: [] };
  for (const instant of instants) {
    for (const [i, of] of values.entries()) last[i] = of.get(instant) ?? last[i] ?? null;
    if (instant < begin) continue;
    sum.at.push(instant);
    sum.value.push(last.reduce<number>((total, value) => total + (value ?? 0), 0));
  }
  return sum;
}

export interface TogetherQuestion {
  readonly targets: readonly string[];
  readonly horizonSeconds: number;
  /** Default: the capacities, added. */
  readonly limit?: number;
  readonly now: number;
  readonly days: number;
  readonly signal: AbortSignal;
}

/** How several things fill as one, as a cluster does: amounts and capacities are added. HubErrors `input_invalid`, `forecast_limit_unknown`. */
export async function outlookTogether(
  metric: ForecastMetric,
  { metrics, forecasts }: { readonly metrics: Metrics; readonly forecasts: Forecasts },
  { targets, horizonSeconds, limit, now, days, signal }: TogetherQuestion,
): Promise<{ readonly outlook: LimitOutlook; readonly points: Forecast['points'] }> {
  if (metric.unit === 'ratio') {
    throw new HubError(
      'input_invalid',
      `Ratios cannot be added. Ask for an amount instead of ${metric.metric}, such as host.memoryUsedBytes.`,
      {
        status: 422,
      },
    );
  }
  const capacities = targets.map((target) => capacityOf(metric, metrics, { target }));
  const value = limit ?? capacities.reduce<number>((sum, one) => sum + (one ?? Number.NaN), 0);
  if (Number.isNaN(value)) {
    throw new HubError('forecast_limit_unknown', `It is not known when ${metric.metric} of all of these is full. Give a limit.`, {
      status: 422,
    });
  }
  const all: Series[] = [];
  for (const target of targets) all.push(await fetchHistory(metrics, metric, { target, now, days, signal }));
  const measured = all.filter(({ at }) => at.length > 0);
  const stepSeconds = stepSecondsFor(horizonSeconds);
  const series = fullSteps(sumOf(measured), now, stepSeconds);
  const { limit: outlook, points } = await forecasts.forecast(series, { horizonSeconds, stepSeconds, signal, limit: { value } });
  if (outlook === null) throw new HubError('forecast_failed', 'The forecast has no answer about its limit.');
  return { outlook, points };
}
