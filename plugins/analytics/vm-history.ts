import { HubError, type Aggregate, type Frame, type Metric, type Metrics, type Unit } from 'novacron/plugin';
import type { Series } from './port.ts';

export interface VmMetric {
  /** `vm.cpuRatio`. */
  readonly metric: string;
  readonly aggregate: Aggregate;
  readonly unit: Unit;
  /** No value lies above; absent: no bound is known. */
  readonly maximum?: number;
}

/** Width of the means that history is fetched in: the finest step of a forecast. */
export const FETCH_STEP_SECONDS = 300;

const RATE_UNITS: Readonly<Record<Unit, Unit>> = {
  bytes: 'bytesPerSecond',
  count: 'countPerSecond',
  // Seconds of processor per second: how many are busy.
  seconds: 'ratio',
  ratio: 'ratio',
  bytesPerSecond: 'bytesPerSecond',
  countPerSecond: 'countPerSecond',
};

/** How a declared metric is read, and in which unit: counters as their rate. */
export function vmMetric(metric: string, { kind, unit }: Metric): VmMetric {
  if (kind === 'counter') return { metric, aggregate: 'rate', unit: RATE_UNITS[unit] };
  return { metric, aggregate: 'mean', unit, ...(unit === 'ratio' && { maximum: 1 }) };
}

/** Finds a declared metric of VMs by its name, with or without `vm.`. HubError `metric_unknown` (422) lists what there is. */
export function findVmMetric(declared: ReadonlyMap<string, Metric>, name: string): VmMetric {
  const metric = name.startsWith('vm.') ? name : `vm.${name}`;
  const found = declared.get(metric);
  if (found !== undefined) return vmMetric(metric, found);
  const known = [...declared.keys()].filter((id) => id.startsWith('vm.')).toSorted();
  const there = known.length === 0 ? 'No metric of VMs is declared: is the plugin monitoring on?' : `There are: ${known.join(', ')}.`;
  throw new HubError('metric_unknown', `There is no metric '${name}' of VMs. ${there}`, { status: 422 });
}

const column = (frame: Frame, wanted: (field: Frame['fields'][number]) => boolean): readonly unknown[] =>
  frame.fields.findLast(wanted)?.values ?? [];

/** A long frame as one series: values of several devices at one instant are added. */
export function seriesOf(frame: Frame): Series {
  const times = column(frame, ({ type }) => type === 'time');
  const values = column(frame, ({ type }) => type === 'number');
  const sums = new Map<number, number>();
  for (const [i, at] of times.entries()) {
    const value = values[i];
    if (typeof at === 'number' && typeof value === 'number') sums.set(at, (sums.get(at) ?? 0) + value);
  }
  const rows = [...sums].toSorted(([a], [b]) => a - b);
  return { at: rows.map(([at]) => at), value: rows.map(([, value]) => value) };
}

/** The history of a metric of one VM up to the last full step before `now`. */
export async function fetchHistory(
  metrics: Metrics,
  { metric, aggregate }: VmMetric,
  query: { readonly vmId: string; readonly now: number; readonly days: number; readonly signal: AbortSignal },
): Promise<Series> {
  const stepMs = FETCH_STEP_SECONDS * 1000;
  const to = Math.floor(query.now / stepMs) * stepMs;
  const from = to - query.days * 86_400_000;
  const frame = await metrics.query({ metric, targets: [query.vmId], from, to, stepSeconds: FETCH_STEP_SECONDS, aggregate }, query.signal);
  return seriesOf(frame);
}

/** Without what lies in a step that is not over yet: its mean would be of a part only. */
export function fullSteps({ at, value }: Series, now: number, stepSeconds: number): Series {
  const end = Math.floor(now / (stepSeconds * 1000)) * stepSeconds * 1000;
  const count = at.findLastIndex((instant) => instant < end) + 1;
  return { at: at.slice(0, count), value: value.slice(0, count) };
}
