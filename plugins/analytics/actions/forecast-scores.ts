import type { View } from 'novacron/plugin';
import { z } from 'zod';
import type { AnalyticsTools } from '../config.ts';
import { durationText } from '../forecast/rules.ts';
import { findMetric } from '../metric-history.ts';
import { runtimeOf } from '../runtime.ts';
import { findTargets, targetsInput } from './forecast-targets.ts';

const SHOWN_MAX = 30;
const DAY_MS = 86_400_000;

const input = z.strictObject({
  metric: z.string().min(1).max(120).default('vm.cpuRatio').meta({ title: 'Metric', description: 'vm.cpuRatio, host.memoryUsedRatio …' }),
  targets: targetsInput,
  days: z.int().min(1).max(365).default(30).meta({ title: 'Days', description: 'How far back' }),
});

const number = z.number().nullable();
const output = z.object({
  metric: z.string(),
  summary: z.object({ made: z.int(), over: z.int(), mase: number, expectedMase: number, coverage: number }),
  forecasts: z.array(
    z.object({
      id: z.string(),
      metric: z.string(),
      target: z.string(),
      device: z.string().nullable(),
      madeAt: z.number(),
      horizonSeconds: z.number(),
      model: z.string(),
      expectedMase: z.number(),
      mase: number,
      coverage: number,
      scoredAt: number,
    }),
  ),
});
type Output = z.output<typeof output>;

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function summaryOf(forecasts: readonly { mase: number | null; coverage: number | null; expectedMase: number }[]): Output['summary'] {
  const over = forecasts.flatMap(({ mase, coverage, expectedMase }) =>
    mase === null ? [] : [{ mase, coverage: coverage ?? 0, expectedMase }],
  );
  return {
    made: forecasts.length,
    over: over.length,
    mase: meanOf(over.map(({ mase }) => mase)),
    expectedMase: meanOf(over.map(({ expectedMase }) => expectedMase)),
    coverage: meanOf(over.map(({ coverage }) => coverage)),
  };
}

const figure = (value: number | null): string => (value === null ? '' : value.toFixed(2));
const percent = (value: number | null): string => (value === null ? '' : `${Math.round(value * 100)} %`);

function show({ metric, summary, forecasts }: Output): View {
  const text =
    summary.over === 0
      ? `Of ${metric}, ${summary.made === 1 ? '1 forecast was' : `${summary.made} forecasts were`} made; none has come to its end yet, so there is no score.`
      : `Of ${metric}, ${summary.over} of ${summary.made} forecasts are over: off by MASE ${figure(summary.mase)} (the backtests promised ${figure(summary.expectedMase)}), ${percent(summary.coverage)} of what came lay inside p10-p90 (the aim is 80 %).`;
  const rows = forecasts
    .slice(0, SHOWN_MAX)
    .map(({ target, device, madeAt, horizonSeconds, model, expectedMase, mase, coverage }) => [
      [target, device].filter((part) => part !== null).join(' '),
      new Date(madeAt).toISOString().slice(0, 16).replace('T', ' '),
      durationText(horizonSeconds),
      model,
      figure(expectedMase),
      figure(mase),
      percent(coverage),
    ]);
  return { text, table: { columns: ['Name', 'Made (UTC)', 'Ahead', 'Model', 'MASE promised', 'MASE', 'Inside'], rows } };
}

export const forecastScoreActions = ({ action }: AnalyticsTools) => ({
  'forecast.scores': action({
    title: 'Show how good forecasts were',
    label: 'Forecast scores',
    help: 'Every forecast is kept and held against what came.',
    risk: 'read',
    input,
    output,
    positional: ['metric', 'targets'],
    examples: ['forecast scores', 'forecast scores vm.cpuRatio web-1 --days 7'],
    show,
    async run(ctx, { metric: name, targets, days }) {
      const { services, clock, actor } = ctx;
      const { metric, kind } = findMetric(services.metrics.declared(), name);
      const found = await findTargets(services.resources, { kind, targets, targetsMax: 100 }, actor);
      const names = new Map(found.map(({ id, name: label }) => [id, label]));
      const since = clock.now() - days * DAY_MS;
      const scores = await runtimeOf(ctx).forecasts.scores({ metric, targets: [...names.keys()], since, rowsMax: 1_000 });
      const forecasts = scores.map((score) => ({ ...score, target: names.get(score.target) ?? score.target }));
      return { metric, summary: summaryOf(forecasts), forecasts };
    },
  }),
});
