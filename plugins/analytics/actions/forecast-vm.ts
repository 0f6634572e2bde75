import { HubError, ref } from 'novacron/plugin';
import { z } from 'zod';
import type { AnalyticsTools } from '../config.ts';
import { findMetric } from '../metric-history.ts';
import { runtimeOf } from '../runtime.ts';
import { parseHorizon } from '../words.ts';
import { chartOf, DEMO_TAG, fieldsOf } from './forecast-chart.ts';
import { forecastOutput, showForecast } from './forecast-output.ts';

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

export const forecastActions = ({ action }: AnalyticsTools) => ({
  'forecast.vm': action({
    title: 'Forecast a metric of a VM',
    label: 'Forecast',
    help: 'A pool of models, weighted by a backtest on the history of this very VM, with a band that holds 8 of 10 values.',
    risk: 'read',
    input,
    output: forecastOutput,
    positional: ['vm', 'metric'],
    examples: ['forecast vm web-1', 'forecast vm web-1 --metric vm.memoryUsedBytes --horizon 7d'],
    target: ({ vm }) => ref('vm', vm),
    show: showForecast,
    async run(ctx, { metric: name, horizon }) {
      const { services, clock, signal, target: vm } = ctx;
      if (vm === null) throw new HubError('vm_unknown', 'There is no such VM.', { status: 404 });
      const { metric } = findMetric(services.metrics.declared(), name, 'vm');
      const horizonSeconds = parseHorizon(horizon);
      services.charts.prepare();
      const forecast = await runtimeOf(ctx).forecasts.ofMetric({ metric, target: vm.id, horizonSeconds, signal });
      return {
        ...fieldsOf(forecast, vm.tags.includes(DEMO_TAG)),
        vm: { id: vm.id, name: vm.name },
        picture: await services.charts.forecast(chartOf(forecast, vm, clock.now()), { signal }),
      };
    },
  }),
});
