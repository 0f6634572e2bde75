import type { Metrics } from 'novacron/plugin';
import { capacityOf, partsOf, type ForecastMetric } from '../metric-history.ts';
import type { Series } from '../port.ts';

export interface NearestOptions {
  readonly metrics: Pick<Metrics, 'query' | 'latest'>;
  readonly metric: ForecastMetric;
  /** Default: the capacity of each. */
  readonly limit?: number | undefined;
  readonly horizonSeconds: number;
  readonly now: number;
  readonly signal: AbortSignal;
}

const DAY_MS = 86_400_000;
const DAYS = 7;
const STEP_SECONDS = 6 * 3600;
/** 28 rows each, some devices a thing: below the row limit of one query. */
const TARGETS_AT_ONCE = 200;
/** So near (as a share of the limit) counts as much as reaching it at the end of the horizon. */
const NEAR_RATIO = 0.1;

/** The steeper of the last day and the whole week, per second. */
function slopeOf({ at, value }: Series): number {
  const last = at.length - 1;
  const from = (ms: number): number => at.findIndex((instant) => instant >= (at[last] ?? 0) - ms);
  const per = (first: number): number =>
    first < 0 || first === last ? 0 : ((value[last] ?? 0) - (value[first] ?? 0)) / (((at[last] ?? 0) - (at[first] ?? 0)) / 1000);
  return Math.max(per(from(DAY_MS)), per(0));
}

/** The smaller, the nearer: by how it goes, and by how near it came in a week. */
function distanceOf(series: Series, limit: number, horizonSeconds: number): number {
  const known = series.value.filter((one) => one !== null);
  const [last, peak, slope] = [known.at(-1) ?? 0, Math.max(...known), slopeOf(series)];
  const bySlope = slope > 0 ? (limit - last) / slope / horizonSeconds : Infinity;
  return Math.min(bySlope, (limit - peak) / Math.max(Math.abs(limit), Number.MIN_VALUE) / NEAR_RATIO);
}

/** The nearest to their limit first, found cheaply: a forecast costs a thousand times as much. What was not measured in a week comes last. */
export async function nearestFirst<T extends { readonly target: string; readonly device: string | null }>(
  parts: readonly T[],
  { metrics, metric, limit, horizonSeconds, now, signal }: NearestOptions,
): Promise<readonly T[]> {
  const targets = [...new Set(parts.map(({ target }) => target))];
  const series = new Map<string, Map<string, Series>>();
  const asked = { metric: metric.metric, from: now - DAYS * DAY_MS, to: now, stepSeconds: STEP_SECONDS, aggregate: metric.aggregate };
  for (let first = 0; first < targets.length; first += TARGETS_AT_ONCE) {
    const frame = await metrics.query({ ...asked, targets: targets.slice(first, first + TARGETS_AT_ONCE) }, signal);
    for (const [target, devices] of partsOf(frame)) series.set(target, devices);
  }
  const distance = ({ target, device }: T): number => {
    const own = series.get(target)?.get(device ?? '');
    const end = limit ?? capacityOf(metric, metrics, { target, ...(device !== null && { device }) });
    return own === undefined || end === undefined ? Infinity : distanceOf(own, end, horizonSeconds);
  };
  const near = parts.map((part) => ({ part, at: distance(part) }));
  return near.toSorted((a, b) => (a.at === b.at ? 0 : a.at - b.at)).map(({ part }) => part);
}
