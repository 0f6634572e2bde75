import type { LatestSample, WindowFunction, WindowMatrix } from 'novacron/plugin';
import { PromError } from './errors.ts';
import type { Query } from './query.ts';
import type { NamedMetric } from './names.ts';
import { matcherRegex } from './parse.ts';
import type { Matcher, Selector } from './promql.ts';
import { NAME, type Labels, type Series } from './series.ts';
import type { LabelledThing } from './things.ts';

/** How far back an instant selector looks for the newest sample. */
export const LOOKBACK_MS = 300_000;

export interface Window {
  readonly function: WindowFunction;
  readonly windowMs: number;
  readonly parameter?: number;
}

type Test = (value: string) => boolean;

function testOf({ op, value }: Matcher): Test {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const regex = matcherRegex(value);
  return op === '=~' ? (text) => regex.test(text) : (text) => !regex.test(text);
}

export interface Found {
  readonly metric: NamedMetric;
  readonly things: readonly LabelledThing[];
  /** Also for the device, which only samples tell. */
  matchesDevice: Test;
}

/** The metrics, and for each the things, that a selector is about. An absent label is an empty one. */
export async function findSeries({ metrics, things }: Pick<Query, 'metrics' | 'things'>, matchers: readonly Matcher[]): Promise<Found[]> {
  const tests = matchers.map((matcher) => ({ label: matcher.label, test: testOf(matcher) }));
  const of = (label: string): Test => {
    const own = tests.filter((one) => one.label === label);
    return (value) => own.every(({ test }) => test(value));
  };
  const rest = tests.filter(({ label }) => label !== NAME && label !== 'device');
  const found: Found[] = [];
  for (const metric of metrics.values()) {
    if (!of(NAME)(metric.name) || (!metric.hasDevice && !of('device')(''))) continue;
    const matching = (await things(metric.kind)).filter(({ labels }) => rest.every(({ label, test }) => test(labels[label] ?? '')));
    if (matching.length > 0) found.push({ metric, things: matching, matchesDevice: of('device') });
  }
  return found;
}

const labelsOf = ({ metric }: Found, thing: LabelledThing, device: string | undefined): Labels => ({
  [NAME]: metric.name,
  ...thing.labels,
  ...(device !== undefined && { device }),
});

/** A matrix as series; values are divided by nothing, they are as shown. One step is spread over all when the selector is fixed by `@`. */
function toSeries(query: Query, found: Found, matrix: WindowMatrix): Series[] {
  const byId = new Map(found.things.map((thing) => [thing.id, thing]));
  const series: Series[] = [];
  for (const [row, entity] of matrix.entities.entries()) {
    const thing = byId.get(entity);
    const device = found.metric.hasDevice ? matrix.devices[row] : undefined;
    if (thing === undefined || !found.matchesDevice(device ?? '')) continue;
    const given = matrix.values.subarray(row * matrix.steps, (row + 1) * matrix.steps);
    const values = matrix.steps === query.steps ? given : new Float64Array(query.steps).fill(given[0]!);
    const has = Uint8Array.from(values, (value) => (value === value ? 1 : 0));
    series.push({ labels: labelsOf(found, thing, device), values, has });
  }
  return series;
}

function newest(query: Query, table: string): ReadonlyMap<string, readonly LatestSample[]> {
  const known = query.newest.get(table);
  if (known !== undefined) return known;
  const byEntity = Map.groupBy(query.metricsOf.latest(table), ({ entity }) => entity);
  query.newest.set(table, byEntity);
  return byEntity;
}

/** The newest values from memory, for the things of which they are the answer; the others are left to be read. */
function fromMemory(query: Query, found: Found, at: number): { series: Series[]; left: LabelledThing[] } {
  const { metric } = found;
  const samples = newest(query, metric.table);
  const series: Series[] = [];
  const left: LabelledThing[] = [];
  for (const thing of found.things) {
    const own = samples.get(thing.id) ?? [];
    if (own.some((sample) => sample.at > at || (sample.values[metric.column] === null && sample.at > at - LOOKBACK_MS))) {
      left.push(thing);
      continue;
    }
    for (const sample of own) {
      const value = sample.values[metric.column];
      if (value == null || sample.at <= at - LOOKBACK_MS || !found.matchesDevice(sample.device ?? '')) continue;
      series.push({ labels: labelsOf(found, thing, sample.device), values: Float64Array.of(value), has: Uint8Array.of(1) });
    }
  }
  return { series, left };
}

/** The instants that a selector is asked for: shifted by its offset, or one that is fixed. */
function instantsOf(query: Query, { offsetMs, at }: Selector): { from: number; to: number } {
  const fixed = at === 'start' ? query.from : at === 'end' ? query.to : at;
  return { from: (fixed ?? query.from) - offsetMs, to: (fixed ?? query.to) - offsetMs };
}

/** Evaluates a function over the windows of all series of a selector. Errors: `execution` when they are too many. */
export async function select(query: Query, selector: Selector, window: Window): Promise<Series[]> {
  const found = await findSeries(query, selector.matchers);
  const { from, to } = instantsOf(query, selector);
  const isNow = window.function === 'last' && window.windowMs === LOOKBACK_MS && from === to && query.steps === 1;
  const all: Series[] = [];
  for (const one of found) {
    const { series, left } = isNow ? fromMemory(query, one, to) : { series: [], left: one.things };
    all.push(...series);
    if (left.length > 0) {
      const asked = { metric: one.metric.key, targets: left.map(({ id }) => id), from, to, stepMs: query.stepMs, ...window };
      all.push(...toSeries(query, one, await query.metricsOf.windows(asked, query.signal)));
    }
    if (all.length > query.limits.seriesMax || all.length * query.steps > query.limits.cellsMax)
      throw new PromError(
        'execution',
        `the selector has more than ${query.limits.seriesMax} series or ${query.limits.cellsMax} values: narrow it or take a longer step`,
      );
  }
  return all;
}
