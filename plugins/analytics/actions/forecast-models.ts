import type { View } from 'novacron/plugin';
import { z } from 'zod';
import type { AnalyticsTools } from '../config.ts';
import { runtimeOf } from '../runtime.ts';

const SHOWN_MAX = 30;

const input = z.strictObject({
  metric: z.string().max(120).optional().meta({ title: 'Metric', description: 'Default: all that are trained' }),
});

const output = z.object({
  versions: z.array(
    z.object({
      id: z.string(),
      metric: z.string(),
      kind: z.string(),
      trainedAt: z.number(),
      seriesCount: z.int(),
      cpuSeconds: z.number(),
      mase: z.number(),
      rivalMase: z.number().nullable().meta({ description: 'Of the version in use then; null: there was none' }),
      state: z.enum(['active', 'replaced', 'refused']),
    }),
  ),
});

function show({ versions }: z.output<typeof output>): View {
  const active = versions.filter(({ state }) => state === 'active').length;
  const text =
    versions.length === 0
      ? 'No model has been trained across series yet: that needs at least three things (VMs, hosts …) with some days of history each.'
      : `${active} models trained across series are in use. A new version takes the place of the old one only when it wins on the backtest.`;
  const rows = versions
    .slice(0, SHOWN_MAX)
    .map(({ metric, kind, trainedAt, seriesCount, cpuSeconds, mase, rivalMase, state }) => [
      metric,
      kind,
      new Date(trainedAt).toISOString().slice(0, 16).replace('T', ' '),
      String(seriesCount),
      `${cpuSeconds.toFixed(1)} s`,
      mase.toFixed(3),
      rivalMase === null ? '' : rivalMase.toFixed(3),
      state,
    ]);
  return { text, table: { columns: ['Metric', 'Model', 'Trained (UTC)', 'Series', 'CPU', 'MASE', 'MASE before', 'State'], rows } };
}

export const forecastModelActions = ({ action }: AnalyticsTools) => ({
  'forecast.models': action({
    title: 'Show the versions of trained models',
    label: 'Forecast models',
    help: 'Models that learn across series, with their scores on the backtest, the newest first.',
    risk: 'read',
    input,
    output,
    positional: ['metric'],
    examples: ['forecast models', 'forecast models vm.cpuRatio'],
    show,
    run: async (ctx, { metric }) => ({ versions: await runtimeOf(ctx).models.versions(metric) }),
  }),
});
