import { HubError, type Aggregate, type Frame, type Metric, type Metrics, type Unit } from 'novacron/plugin';
import type { Series } from './port.ts';

export interface ForecastMetric {
  /** `vm.cpuRatio`. */
  readonly metric: string;
  /** `vm`, `vm.disk`. */
  readonly table: string;
  /** Resource kind of what is measured: `vm`, `host`. */
  readonly kind: string;
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

/** What bounds a metric of bytes, in the same table. */
const CAPACITY: Readonly<Record<string, string>> = {
  memoryUsedBytes: 'memoryBytes',
  memoryRssBytes: 'memoryBytes',
  usedBytes: 'totalBytes',
  allocationBytes: 'capacityBytes',
};

/** How a declared metric is read, and in which unit: counters as their rate. */
export function asForecast(metric: string, { kind, unit }: Metric): ForecastMetric {
  const table = metric.slice(0, metric.lastIndexOf('.'));
  const of = { metric, table, kind: table.split('.')[0] ?? table };
  if (kind === 'counter') return { ...of, aggregate: 'rate', unit: RATE_UNITS[unit] };
  return { ...of, aggregate: 'mean', unit, ...(unit === 'ratio' && { maximum: 1 }) };
}

/** Finds a declared metric by its name; of VMs also without `vm.`. HubError `metric_unknown` (422) lists what there is (of `kind`). */
export function findMetric(declared: ReadonlyMap<string, Metric>, name: string, kind?: string): ForecastMetric {
  const isOfKind = (id: string): boolean => kind === undefined || id.startsWith(`${kind}.`);
  for (const id of [name, `vm.${name}`]) {
    const found = declared.get(id);
    if (found !== undefined && isOfKind(id)) return asForecast(id, found);
  }
  const known = [...declared.keys()].filter(isOfKind).toSorted();
  const whose = kind === 'vm' ? ' of VMs' : '';
  const there = known.length === 0 ? `No metric${whose} is declared: is the plugin monitoring on?` : `There are: ${known.join(', ')}.`;
  throw new HubError('metric_unknown', `There is no metric '${name}'${whose}. ${there}`, { status: 422 });
}

const column = (frame: Frame, wanted: (field: Frame['fields'][number]) => boolean): readonly unknown[] =>
  frame.fields.findLast(wanted)?.values ?? [];

/** A long frame by entity and device (`''` where there is none), in the order of its rows. */
export function partsOf(frame: Frame): Map<string, Map<string, Series>> {
  const times = column(frame, ({ type }) => type === 'time');
  const values = column(frame, ({ type }) => type === 'number');
  const entities = column(frame, ({ name }) => name === 'entity');
  const devices = column(frame, ({ name }) => name === 'device');
  const found = new Map<string, Map<string, { at: number[]; value: number[] }>>();
  for (const [row, at] of times.entries()) {
    const [value, entity, device = ''] = [values[row], entities[row], devices[row]];
    if (typeof at !== 'number' || typeof value !== 'number' || typeof entity !== 'string' || typeof device !== 'string') continue;
    const parts = found.get(entity) ?? new Map<string, { at: number[]; value: number[] }>();
    const series = parts.get(device) ?? { at: [], value: [] };
    series.at.push(at);
    series.value.push(value);
    found.set(entity, parts.set(device, series));
  }
  return found;
}

type Join = (a: number, b: number) => number;

/** Devices of one thing at one instant: amounts are added, of ratios the fullest counts. */
const joinOf = ({ unit }: Pick<ForecastMetric, 'unit'>): Join => (unit === 'ratio' ? Math.max : sum);

const sum: Join = (a, b) => a + b;

/** Several series as one, instant by instant, in order. Default: added up. */
export function joined(all: Iterable<Series>, join: Join = sum): Series {
  const points = new Map<number, number>();
  for (const { at, value } of all)
    for (const [row, instant] of at.entries()) {
      const [known, one] = [points.get(instant), value[row] ?? 0];
      points.set(instant, known === undefined ? one : join(known, one));
    }
  const rows = [...points].toSorted(([a], [b]) => a - b);
  return { at: rows.map(([at]) => at), value: rows.map(([, value]) => value) };
}

/** A long frame as one series for each entity; `device`: only that part. */
export function seriesOf(frame: Frame, metric: Pick<ForecastMetric, 'unit'>, device?: string): Map<string, Series> {
  const found = [...partsOf(frame)].flatMap(([entity, parts]) => {
    const wanted = device === undefined ? [...parts.values()] : [parts.get(device)].filter((part) => part !== undefined);
    return wanted.length === 0 ? [] : [[entity, joined(wanted, joinOf(metric))] as const];
  });
  return new Map(found);
}

export interface HistoryQuery {
  readonly target: string;
  readonly device?: string;
  readonly now: number;
  readonly days: number;
  readonly signal: AbortSignal;
}

/** The history of a metric of one thing up to the last full step before `now`. */
export async function fetchHistory(metrics: Metrics, metric: ForecastMetric, query: HistoryQuery): Promise<Series> {
  const stepMs = FETCH_STEP_SECONDS * 1000;
  const to = Math.floor(query.now / stepMs) * stepMs;
  const from = to - query.days * 86_400_000;
  const { metric: id, aggregate } = metric;
  const asked = { metric: id, targets: [query.target], from, to, stepSeconds: FETCH_STEP_SECONDS, aggregate };
  const frame = await metrics.query(asked, query.signal);
  return seriesOf(frame, metric, query.device).get(query.target) ?? { at: [], value: [] };
}

/** Without what lies in a step that is not over yet: its mean would be of a part only. */
export function fullSteps({ at, value }: Series, now: number, stepSeconds: number): Series {
  const end = Math.floor(now / (stepSeconds * 1000)) * stepSeconds * 1000;
  const count = at.findLastIndex((instant) => instant < end) + 1;
  return { at: at.slice(0, count), value: value.slice(0, count) };
}

/** Where the metric ends: 1 for ratios, what the thing has for bytes in use; undefined when that is not known. */
export function capacityOf(
  { metric, table, maximum }: ForecastMetric,
  metrics: Pick<Metrics, 'latest'>,
  of: { target: string; device?: string },
): number | undefined {
  if (maximum !== undefined) return maximum;
  const capacity = CAPACITY[metric.slice(table.length + 1)];
  if (capacity === undefined) return undefined;
  const parts = metrics.latest(table, [of.target]).filter(({ device }) => of.device === undefined || device === of.device);
  const sizes = parts.map(({ values }) => values[capacity]).filter((size) => typeof size === 'number');
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}
