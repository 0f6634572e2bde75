import { HubError, type Metrics, type Resource, type View } from 'novacron/plugin';
import { z } from 'zod';
import { formatValue } from '../../charts/port.ts';
import type { AnalyticsTools } from '../config.ts';
import { durationText } from '../forecast/rules.ts';
import { findMetric, type ForecastMetric } from '../metric-history.ts';
import { runtimeOf } from '../runtime.ts';
import type { Forecast, LimitOutlook } from '../port.ts';
import { metricWords, parseHorizon } from '../words.ts';
import { unitOutput } from './forecast-output.ts';
import { outlookTogether } from './forecast-together.ts';
import { nearestFirst } from '../sizing/nearest.ts';
import { failureOutput, failuresText, findTargets, forEachTarget, measuredFirst, targetsInput } from './forecast-targets.ts';

/** Each costs a query of its whole history. */
const TOGETHER_MAX = 500;

const input = z.strictObject({
  metric: z
    .string()
    .min(1)
    .max(120)
    .default('vm.filesystem.usedRatio')
    .meta({ title: 'Metric', description: 'vm.filesystem.usedRatio, host.pool.allocatedRatio, host.memoryUsedRatio …' }),
  targets: targetsInput,
  together: z.boolean().default(false).meta({ title: 'As one', description: 'Amounts and capacities added: a cluster of hosts' }),
  limit: z
    .number()
    .optional()
    .meta({ title: 'Limit', description: 'In the unit of the metric; default: 1 of ratios, the capacity of bytes' }),
  horizon: z.string().max(10).default('7d').meta({ title: 'Horizon', description: 'How far to look ahead: 24h, 7d, 14d' }),
});

const instant = z.number().nullable().meta({ description: 'Epoch milliseconds; null: not within the horizon' });

const output = z.object({
  metric: z.string(),
  unit: unitOutput,
  now: z.number(),
  askedSeconds: z.number(),
  outlooks: z.array(
    z.object({
      target: z.object({ kind: z.string(), id: z.string(), name: z.string(), device: z.string().nullable() }),
      limit: z.number(),
      probability: z.number().meta({ description: 'Chance, 0 to 1, that it is reached within the horizon' }),
      p10At: instant,
      p50At: instant,
      p90At: instant,
      horizonSeconds: z.number(),
      points: z
        .array(z.object({ at: z.number(), p10: z.number(), p50: z.number(), p90: z.number() }))
        .meta({ description: 'How it fills: the forecast that this was read from' }),
    }),
  ),
  failures: z.array(failureOutput),
  /** Disks, pools … that were asked about; `outlooks` has the nearest to their limit. */
  parts: z.int(),
});
type Output = z.output<typeof output>;

interface Part {
  readonly target: string;
  readonly resource: Resource;
  readonly device: string | null;
  readonly name: string;
}

/** A VM's disks and a host's pools fill up one by one: each device is a question of its own. */
function partsOf(found: readonly Resource[], { table }: ForecastMetric, metrics: Metrics): Part[] {
  return found.flatMap((resource): Part[] => {
    const devices = metrics.latest(table, [resource.id]).flatMap(({ device }) => (device === undefined ? [] : [device]));
    if (devices.length === 0) return [{ target: resource.id, resource, device: null, name: resource.name }];
    return devices.map((device) => ({ target: resource.id, resource, device, name: `${resource.name} ${device}` }));
  });
}

const outlookOutput = (
  target: Output['outlooks'][number]['target'],
  { outlook, points }: { readonly outlook: LimitOutlook; readonly points: Forecast['points'] },
): Output['outlooks'][number] => ({
  target,
  points: [...points],
  limit: outlook.value,
  probability: outlook.probability.at(-1) ?? 0,
  p10At: outlook.p10At,
  p50At: outlook.p50At,
  p90At: outlook.p90At,
  horizonSeconds: outlook.horizonSeconds,
});

const aboutAll = (looked: number, parts: number): string[] =>
  looked < parts ? [`Of ${parts} the ${looked} nearest to their limit were forecast.`] : [];

const when = (at: number | null, now: number): string =>
  at === null ? 'not in that time' : `in ${durationText(Math.max(0, at - now) / 1000)}`;

function show({ metric, unit, now, askedSeconds, outlooks, failures, parts }: Output): View {
  const soonest = outlooks.filter(({ p50At }) => p50At !== null).toSorted((a, b) => (a.p50At ?? 0) - (b.p50At ?? 0));
  const [first] = soonest;
  const ahead = durationText(askedSeconds);
  const head =
    outlooks.length === 0
      ? `${metricWords(metric)}: nothing can be said of any.`
      : first === undefined
        ? `${metricWords(metric)}: none of ${outlooks.length} will most likely reach its limit within ${ahead}.`
        : `${metricWords(metric)}: ${[first.target.name, first.target.device].filter((part) => part !== null).join(' ')} will most likely reach ${formatValue(first.limit, unit)} ${when(first.p50At, now)} (as early as ${when(first.p10At, now)}, as late as ${when(first.p90At, now)}).`;
  const rows = outlooks
    .toSorted((a, b) => b.probability - a.probability)
    .map(({ target, limit, probability, p10At, p50At, p90At }) => [
      [target.name, target.device].filter((part) => part !== null).join(' '),
      formatValue(limit, unit),
      `${Math.round(probability * 100)} %`,
      ...[p10At, p50At, p90At].map((at) => when(at, now)),
    ]);
  return {
    text: [head, ...aboutAll(outlooks.length + failures.length, parts), ...failuresText(failures)].join(' '),
    ...(rows.length > 0 && {
      table: { columns: ['Name', 'Limit', `Chance within ${ahead}`, 'Earliest (1 of 10)', 'Most likely', 'Latest (9 of 10)'], rows },
    }),
  };
}

export const forecastFullActions = ({ action }: AnalyticsTools) => ({
  'forecast.full': action({
    title: 'Forecast when things run full',
    label: 'Time to full',
    help: 'When disks, pools, memory or anything that is measured reaches its limit: as early as, most likely, as late as.',
    risk: 'read',
    input,
    output,
    positional: ['metric', 'targets'],
    examples: [
      'forecast full',
      'forecast full host.pool.allocatedRatio --limit 0.9 --horizon 14d',
      'forecast full host.memoryUsedBytes --together',
    ],
    timeoutMs: 300_000,
    show,
    async run(ctx, { metric: name, targets, together, limit, horizon }) {
      const { services, clock, signal, config, actor, progress } = ctx;
      const metric = findMetric(services.metrics.declared(), name);
      const askedSeconds = parseHorizon(horizon);
      // All is forecast below it, so it would be said that nothing ever runs full.
      if (limit !== undefined && metric.unit === 'ratio' && limit > 1)
        throw new HubError('forecast_limit_unknown', `${metric.metric} is a share between 0 and 1: for 90 % say --limit 0.9.`, {
          status: 422,
        });
      const found = await findTargets(services.resources, { kind: metric.kind, targets, targetsMax: config.targetsMax }, actor);
      const { forecasts } = runtimeOf(ctx);
      const now = clock.now();
      const answer = { metric: metric.metric, unit: metric.unit, now, askedSeconds };
      if (together) {
        if (found.length > TOGETHER_MAX)
          throw new HubError('input_invalid', `At most ${TOGETHER_MAX} can be taken together; these are ${found.length}. Name some.`, {
            status: 422,
          });
        const question = { targets: found.map(({ id }) => id), horizonSeconds: askedSeconds, now, days: config.historyDays, signal };
        const asked = { ...question, ...(limit !== undefined && { limit }) };
        const answered = await outlookTogether(metric, { metrics: services.metrics, forecasts }, asked);
        const target = { kind: metric.kind, id: 'together', name: `${found.length} together`, device: null };
        return { ...answer, outlooks: [outlookOutput(target, answered)], failures: [], parts: 1 };
      }
      const all = partsOf(measuredFirst(found, services.metrics, metric.table), metric, services.metrics);
      const near = { metrics: services.metrics, metric, limit, horizonSeconds: askedSeconds, now, signal };
      const parts = (all.length > config.targetsMax ? await nearestFirst(all, near) : all).slice(0, config.targetsMax);
      const { answers, failures } = await forEachTarget(parts, async ({ resource, device, name: partName }) => {
        progress(parts.findIndex((part) => part.name === partName) / parts.length, partName);
        const of = { metric: metric.metric, target: resource.id, ...(device !== null && { device }) };
        const asked = { ...of, horizonSeconds: askedSeconds, signal, ...(limit !== undefined && { limit: { value: limit } }) };
        const target = { kind: resource.kind, id: resource.id, name: resource.name, device };
        const outlook = await forecasts.timeToLimit(asked);
        // The same question again: it is remembered, not forecast twice.
        const { points } = await forecasts.ofMetric({ ...asked, limit: { value: outlook.value } });
        return outlookOutput(target, { outlook, points });
      });
      return { ...answer, outlooks: answers, failures, parts: all.length };
    },
  }),
});
