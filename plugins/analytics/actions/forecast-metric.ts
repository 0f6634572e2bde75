import { z } from 'zod';
import type { View } from 'novacron/plugin';
import { formatValue } from '../../charts/port.ts';
import type { AnalyticsTools } from '../config.ts';
import { durationText } from '../forecast/rules.ts';
import { findMetric } from '../metric-history.ts';
import { runtimeOf } from '../runtime.ts';
import { metricWords, parseHorizon } from '../words.ts';
import { chartOf, DEMO_TAG, fieldsOf } from './forecast-chart.ts';
import { forecastFields, picture } from './forecast-output.ts';
import { failureOutput, failuresText, findTargets, forEachTarget, measuredFirst, targetsInput } from './forecast-targets.ts';

const PICTURES_MAX = 4;

const input = z.strictObject({
  metric: z.string().min(1).max(120).meta({ title: 'Metric', description: 'vm.cpuRatio, host.memoryUsedRatio, vm.disk.writeBytes …' }),
  targets: targetsInput,
  horizon: z.string().max(10).default('24h').meta({ title: 'Horizon', description: 'How far ahead: 6h, 24h, 7d' }),
});

const output = z.object({
  metric: z.string(),
  forecasts: z.array(z.object({ ...forecastFields, target: z.object({ kind: z.string(), id: z.string(), name: z.string() }) })),
  failures: z.array(failureOutput),
  pictures: z.array(picture),
  /** How many there are; no more than the config says were forecast. */
  things: z.int(),
});
type Output = z.output<typeof output>;

const restText = (looked: number, things: number): string[] =>
  looked < things ? [`There are ${things}; name those that you want (${looked} at once).`] : [];

function show({ metric, forecasts, failures, pictures, things }: Output): View {
  const [first] = forecasts;
  const what = metricWords(metric);
  const head =
    first === undefined
      ? `There is nothing to forecast ${what} of.`
      : `Forecasts of ${what} over the next ${durationText(first.horizonSeconds)}, of ${forecasts.length}.`;
  const rows = forecasts.map(({ target, points, unit, model, backtest, record }) => [
    target.name,
    formatValue(points.at(-1)?.p50 ?? 0, unit),
    formatValue(Math.max(...points.map(({ p90 }) => p90)), unit),
    (backtest.find((score) => score.model === model)?.mase ?? 0).toFixed(2),
    record.mase === null ? '' : `${record.mase.toFixed(2)} (${record.forecasts})`,
  ]);
  return {
    text: [head, ...restText(forecasts.length + failures.length, things), ...failuresText(failures)].join(' '),
    table: { columns: ['Name', 'At the end', 'At most (9 of 10)', 'MASE', 'MASE of earlier'], rows },
    pictures,
  };
}

export const forecastMetricActions = ({ action }: AnalyticsTools) => ({
  'forecast.metric': action({
    title: 'Forecast a metric of any things',
    label: 'Forecast a metric',
    help: 'Any declared metric, of any number of VMs, hosts or what else is measured.',
    risk: 'read',
    input,
    output,
    positional: ['metric', 'targets'],
    examples: ['forecast metric host.memoryUsedRatio', 'forecast metric vm.cpuRatio web-1 web-2 --horizon 6h'],
    timeoutMs: 300_000,
    show,
    async run(ctx, { metric: name, targets, horizon }) {
      const { services, clock, signal, config, actor, progress } = ctx;
      const { metric, kind } = findMetric(services.metrics.declared(), name);
      const horizonSeconds = parseHorizon(horizon);
      const all = await findTargets(services.resources, { kind, targets, targetsMax: config.targetsMax }, actor);
      const table = metric.slice(0, metric.lastIndexOf('.'));
      const found = measuredFirst(all, services.metrics, table).slice(0, config.targetsMax);
      services.charts.prepare();
      const pictures: z.output<typeof picture>[] = [];
      const { answers, failures } = await forEachTarget(found, async (target) => {
        progress(pictures.length / found.length, target.name);
        const forecast = await runtimeOf(ctx).forecasts.ofMetric({ metric, target: target.id, horizonSeconds, signal });
        if (pictures.length < PICTURES_MAX)
          pictures.push(await services.charts.forecast(chartOf(forecast, target, clock.now()), { signal }));
        return { ...fieldsOf(forecast, target.tags.includes(DEMO_TAG)), target: { kind, id: target.id, name: target.name } };
      });
      return { metric, forecasts: answers, failures, pictures, things: all.length };
    },
  }),
});
