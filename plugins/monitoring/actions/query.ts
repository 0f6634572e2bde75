import { HubError, type Actor, type Frame, type Metric, type MetricQuery, type Resource, type Resources, type View } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { formatValue } from '../format.ts';
import { parseRange, stepFor, usualAggregate } from '../range.ts';
import { fieldsOf, frameFields } from './frame-output.ts';

const TARGETS_MAX = 500;
/** How many things a search gives: a query without targets is of the first ones. */
const FOUND_MAX = 100;
const SHOWN_MAX = 30;

const input = z.strictObject({
  metric: z.string().min(1).max(120).meta({ title: 'Metric', description: 'vm.cpuRatio, vm.disk.readBytes, host.memoryUsedRatio …' }),
  targets: z
    .array(z.string().min(1).max(200))
    .max(TARGETS_MAX)
    .default([])
    .meta({ title: 'Of', description: 'Names or ids; none: the first 100 that you may see', picker: 'vm' }),
  from: z.string().max(40).default('-1h').meta({ title: 'From', description: '-1h, -7d, or 2026-01-31T12:00:00Z' }),
  to: z.string().max(40).default('now').meta({ title: 'To', description: 'now, -1h, or an instant' }),
  stepSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .meta({ title: 'Step', description: 'Seconds a point stands for; default: fits the range' }),
  aggregate: z
    .enum(['mean', 'min', 'max', 'last', 'sum', 'p50', 'p95', 'p99', 'rate'])
    .optional()
    .meta({ title: 'Aggregate', description: 'Default: rate of a counter, mean of a gauge' }),
});

const output = z.strictObject({
  metric: z.string(),
  aggregate: z.string(),
  from: z.number(),
  to: z.number(),
  stepSeconds: z.number(),
  truncated: z.boolean(),
  /** time, entity, name, [device], value. */
  fields: frameFields,
});
type Output = z.output<typeof output>;

function findMetric(declared: ReadonlyMap<string, Metric>, name: string): Metric {
  const metric = declared.get(name);
  if (metric) return metric;
  const last = name.split('.').at(-1)?.toLowerCase() ?? '';
  const near = [...declared.keys()].filter((key) => key.toLowerCase().includes(last));
  const known = near.length > 0 ? near : [...declared.keys()];
  throw new HubError('metric_unknown', `There is no metric "${name}". There are: ${known.slice(0, 40).join(', ')}.`, { status: 404 });
}

/** Names and ids become resources through the one service that knows what this actor may see: the tenant wall is there. */
async function resolve(
  resources: Resources,
  kind: string,
  ask: { targets: readonly string[]; actor: Actor },
): Promise<readonly Resource[]> {
  if (ask.targets.length === 0) return resources.search(kind, { text: '', rowsMax: FOUND_MAX }, ask.actor);
  return Promise.all(ask.targets.map((target) => resources.get(kind, target, ask.actor)));
}

/** The frame with a column of names beside the ids. */
function withNames(frame: Frame, found: readonly Resource[]): Frame {
  const names = new Map(found.map(({ id, name }) => [id, name]));
  const at = frame.fields.findIndex((field) => field.name === 'entity');
  const ids = frame.fields[at]?.values ?? [];
  const name = { name: 'name', type: 'string', values: ids.map((id) => names.get(String(id)) ?? null) } as const;
  return { ...frame, fields: frame.fields.toSpliced(at + 1, 0, name) };
}

const NOTHING: Frame = {
  fields: [
    { name: 'time', type: 'time', values: [] },
    { name: 'entity', type: 'string', values: [] },
    { name: 'value', type: 'number', values: [] },
  ],
  truncated: false,
};

interface Series {
  readonly name: string;
  readonly values: number[];
}

function seriesOf({ fields }: Output): Series[] {
  const column = (name: string) => fields.find((field) => field.name === name)?.values ?? [];
  const [names, devices, values] = [column('name'), column('device'), column('value')];
  const series = new Map<string, Series>();
  for (const [index, value] of values.entries()) {
    const name = [names[index], devices[index]].filter((part) => typeof part === 'string').join(' ');
    const one = series.get(name) ?? { name, values: [] };
    series.set(name, one);
    if (typeof value === 'number') one.values.push(value);
  }
  return [...series.values()];
}

function rowOf({ name, values }: Series, show: (value: number) => string): string[] {
  const sum = values.reduce((total, value) => total + value, 0);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return [name, show(values.at(-1) ?? 0), show(sum / values.length), show(least), show(most)];
}

const iso = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

export function showQuery(result: Output): View {
  const series = seriesOf(result).filter((one) => one.values.length > 0);
  const range = `${iso(result.from)} to ${iso(result.to)} UTC`;
  if (series.length === 0) return { text: `No samples of ${result.metric} from ${range}.` };
  const unit = result.fields.find((field) => field.name === 'value')?.unit;
  const rows = series.slice(0, SHOWN_MAX).map((one) => rowOf(one, (value) => formatValue(value, unit)));
  const more = series.length > SHOWN_MAX ? ` The first ${SHOWN_MAX} of ${series.length} are shown.` : '';
  const cut = result.truncated ? ' The answer was cut: ask for fewer targets or a longer step.' : '';
  return {
    text: `${result.metric}, ${result.aggregate} of every ${result.stepSeconds} s, ${range}.${more}${cut}`,
    table: { columns: ['name', 'last', 'mean', 'min', 'max'], rows },
  };
}

export const queryActions = ({ action }: MonitoringTools) => ({
  'metrics.query': action({
    title: 'Query a metric',
    label: 'Query metrics',
    help: 'One metric of some or all VMs or hosts over a range of time, as a table of series.',
    risk: 'read',
    input,
    output,
    positional: ['metric', 'targets'],
    examples: [
      'metrics query vm.cpuRatio web-1',
      'metrics query vm.disk.readBytes --from -7d',
      'metrics query host.memoryUsedRatio --aggregate max',
    ],
    show: showQuery,
    async run({ services, config, clock, actor, signal }, asked) {
      const metric = findMetric(services.metrics.declared(), asked.metric);
      const range = parseRange(asked, clock.now());
      const stepSeconds = asked.stepSeconds ?? stepFor(range, config.everySeconds);
      const aggregate = asked.aggregate ?? usualAggregate(metric);
      const kind = asked.metric.split('.')[0] ?? '';
      const found = await resolve(services.resources, kind, { targets: asked.targets, actor });
      const query: MetricQuery = { metric: asked.metric, targets: found.map(({ id }) => id), ...range, stepSeconds, aggregate };
      // Without a target the store would answer for all: somebody who may see nothing gets nothing.
      const frame = found.length === 0 ? NOTHING : await services.metrics.query(query, signal);
      const truncated = frame.truncated || (asked.targets.length === 0 && found.length === FOUND_MAX);
      return { metric: asked.metric, aggregate, ...range, stepSeconds, truncated, fields: fieldsOf(withNames(frame, found)) };
    },
  }),
});
