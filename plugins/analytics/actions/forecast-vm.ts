import { HubError, ref, type Metrics, type Resource } from 'novacron/plugin';
import { z } from 'zod';
import type { ForecastChart } from '../../charts/port.ts';
import type { AnalyticsTools } from '../config.ts';
import { forecastsOf } from '../forecasts-of.ts';
import { durationText, historyShort, horizonCarriedSeconds, stepSecondsFor } from '../forecast/rules.ts';
import type { Forecast, Series } from '../port.ts';
import { FETCH_STEP_SECONDS, fetchHistory, findVmMetric, fullSteps, type VmMetric } from '../vm-history.ts';
import { metricWords, parseHorizon } from '../words.ts';
import { forecastOutput, showForecast } from './forecast-output.ts';

const DEMO_TAG = 'demo';
const SHOWN_HORIZONS = 4;

const input = z.object({
  vm: z.string().min(1).max(200).meta({ title: 'VM', picker: 'vm' }),
  metric: z
    .string()
    .min(1)
    .max(100)
    .default('vm.cpuRatio')
    .meta({ title: 'Metric', description: 'vm.cpuRatio, vm.memoryUsedBytes, vm.disk.writeBytes …' }),
  horizon: z.string().max(10).default('24h').meta({ title: 'Horizon', description: 'How far ahead: 6h, 24h, 7d' }),
});

/** The step fits the horizon that the history carries, so that a short history is not washed out by wide means. */
function stepFor(series: Series, horizonSeconds: number): number {
  const historySeconds = series.at.length * FETCH_STEP_SECONDS;
  const carried = horizonCarriedSeconds(historySeconds);
  if (carried === 0) throw historyShort(historySeconds, { horizonSeconds });
  return stepSecondsFor(Math.min(horizonSeconds, carried));
}

/** Ratios end at 1, used memory at what the VM has. */
function boundOf({ metric, maximum }: VmMetric, metrics: Metrics, vmId: string): { maximum?: number } {
  if (maximum !== undefined) return { maximum };
  const memoryBytes = metric === 'vm.memoryUsedBytes' ? metrics.latest('vm', [vmId])[0]?.values['memoryBytes'] : null;
  return typeof memoryBytes === 'number' ? { maximum: memoryBytes } : {};
}

function checkAge(ageSeconds: number, horizonSeconds: number, vm: Resource): void {
  if (ageSeconds <= horizonSeconds) return;
  const message = `The newest value of '${vm.name}' is ${durationText(ageSeconds)} old, so there is nothing to go on from. Start the VM, or ask further ahead.`;
  throw new HubError('forecast_history_old', message, { status: 422, details: { ageSeconds } });
}

/** The latest part of the history, so that what is forecast is not squeezed to the edge. */
function chartOf(forecast: Forecast, { metric, unit }: VmMetric, view: { vm: Resource; now: number; generated: boolean }): ForecastChart {
  const { observed, points } = forecast;
  const shown = Math.max(48, Math.ceil((SHOWN_HORIZONS * forecast.horizonSeconds) / forecast.stepSeconds));
  const notes = [
    `next ${durationText(forecast.horizonSeconds)}`,
    `model ${forecast.model}`,
    ...(view.generated ? ['generated history'] : []),
  ];
  return {
    title: `${view.vm.name}: ${metricWords(metric)}`,
    subtitle: notes.join('  ·  '),
    unit,
    now: view.now,
    ...(view.generated && { historyLabel: 'generated' }),
    history: { at: observed.at.slice(-shown), value: observed.value.slice(-shown) },
    forecast: {
      at: points.map(({ at }) => at),
      p10: points.map(({ p10 }) => p10),
      p50: points.map(({ p50 }) => p50),
      p90: points.map(({ p90 }) => p90),
    },
  };
}

export const forecastActions = ({ action }: AnalyticsTools) => ({
  'forecast.vm': action({
    title: 'Forecast a metric of a VM',
    label: 'Forecast',
    help: 'The best of seven models, chosen by a backtest on the history of this very VM, with a band that holds 8 of 10 values.',
    risk: 'read',
    input,
    output: forecastOutput,
    positional: ['vm', 'metric'],
    examples: ['forecast vm web-1', 'forecast vm web-1 --metric vm.memoryUsedBytes --horizon 7d'],
    target: ({ vm }) => ref('vm', vm),
    show: showForecast,
    async run({ services: { metrics, charts }, config, clock, signal, target: vm }, { metric: name, horizon }) {
      if (vm === null) throw new HubError('vm_unknown', 'There is no such VM.', { status: 404 });
      const metric = findVmMetric(metrics.declared(), name);
      const horizonSeconds = parseHorizon(horizon);
      const now = clock.now();
      const fetched = await fetchHistory(metrics, metric, { vmId: vm.id, now, days: config.historyDays, signal });
      const stepSeconds = stepFor(fetched, horizonSeconds);
      charts.prepare();
      const bound = boundOf(metric, metrics, vm.id);
      const forecast = await forecastsOf(config).forecast(fullSteps(fetched, now, stepSeconds), {
        horizonSeconds,
        stepSeconds,
        signal,
        ...bound,
      });
      const ageSeconds = (now - forecast.history.to) / 1000;
      checkAge(ageSeconds, forecast.horizonSeconds, vm);
      const generated = vm.tags.includes(DEMO_TAG);
      const { observed: _, ...rest } = forecast;
      return {
        ...rest,
        vm: { id: vm.id, name: vm.name },
        metric: metric.metric,
        unit: metric.unit,
        backtest: [...forecast.backtest],
        points: [...forecast.points],
        history: { ...forecast.history, generated, ageSeconds },
        picture: await charts.forecast(chartOf(forecast, metric, { vm, now, generated }), { signal }),
      };
    },
  }),
});
