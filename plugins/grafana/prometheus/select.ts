import type { LatestSample, WindowFunction, WindowMatrix } from 'novacron/plugin';
import { PromError } from './errors.ts';
import { formatValue } from './format.ts';
import type { Query } from './query.ts';
import type { NamedMetric } from './names.ts';
import type { Matcher, Selector } from './promql.ts';
import { patternOf } from './regex.ts';
import { labelOf, merged, NAME, type Labels, type Series } from './series.ts';
import type { LabelledThing } from './things.ts';

/** How far back an instant selector looks for the newest sample. */
export const LOOKBACK_MS = 300_000;

export interface Window {
  readonly function: WindowFunction;
  readonly windowMs: number;
  readonly parameter?: number;
}

interface Choice extends Window {
  /** Whether the series keep the metric's name. */
  readonly isNamed: boolean;
}

type Test = (value: string) => boolean;

function testOf({ op, value }: Matcher): Test {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const pattern = patternOf(value);
  return op === '=~' ? (text) => pattern.test(text) : (text) => !pattern.test(text);
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
    const all = await things(metric.kind);
    const matching = rest.length === 0 ? all : all.filter(({ labels }) => rest.every(({ label, test }) => test(labelOf(labels, label))));
    if (matching.length > 0) found.push({ metric, things: matching, matchesDevice: of('device') });
  }
  return found;
}

const idLists = new WeakMap<readonly LabelledThing[], readonly string[]>();

/** The very same list for the same things: the store is spared the names then. */
function idsOf(things: readonly LabelledThing[]): readonly string[] {
  const ids = idLists.get(things) ?? things.map(({ id }) => id);
  idLists.set(things, ids);
  return ids;
}

function labelsOf({ metric }: Found, { thing, device }: { thing: LabelledThing; device: string | undefined }, isNamed: boolean): Labels {
  if (!isNamed && device === undefined) return thing.labels;
  return { ...(isNamed && { [NAME]: metric.name }), ...thing.labels, ...(device !== undefined && { device }) };
}

/** A matrix as series; values are divided by nothing, they are as shown. One step is spread over all when the selector is fixed by `@`. */
function toSeries(query: Query, { found, isNamed }: { found: Found; isNamed: boolean }, matrix: WindowMatrix): Series[] {
  const byId = new Map(found.things.map((thing) => [thing.id, thing]));
  const series: Series[] = [];
  for (const [row, entity] of matrix.entities.entries()) {
    const thing = byId.get(entity);
    const device = found.metric.hasDevice ? matrix.devices[row] : undefined;
    if (thing === undefined || !found.matchesDevice(device ?? '')) continue;
    const given = matrix.values.subarray(row * matrix.steps, (row + 1) * matrix.steps);
    const values = matrix.steps === query.steps ? given : new Float64Array(query.steps).fill(given[0]!);
    const has = new Uint8Array(query.steps);
    for (let step = 0; step < query.steps; step++) if (values[step] === values[step]) has[step] = 1;
    series.push({ labels: labelsOf(found, { thing, device }, isNamed), values, has });
  }
  return series;
}

function newestOf(query: Query, table: string): ReadonlyMap<string, readonly LatestSample[]> {
  const known = query.newest.get(table);
  if (known !== undefined) return known;
  const byEntity = Map.groupBy(query.metricsOf.latest(table), ({ entity }) => entity);
  query.newest.set(table, byEntity);
  return byEntity;
}

type Visit = (thing: LabelledThing, device: string | undefined, value: number) => void;

/** Calls `visit` with the newest values of the things of which memory has the answer; the others are left to be read. */
function eachNewest(query: Query, { found, at }: { found: Found; at: number }, visit: Visit): LabelledThing[] {
  const { column, table } = found.metric;
  const samples = newestOf(query, table);
  const left: LabelledThing[] = [];
  for (const thing of found.things) {
    const own = samples.get(thing.id) ?? [];
    if (own.some((sample) => sample.at > at || (sample.values[column] === null && sample.at > at - LOOKBACK_MS))) {
      left.push(thing);
      continue;
    }
    for (const { device, at: when, values } of own) {
      const value = values[column];
      if (value != null && when > at - LOOKBACK_MS && found.matchesDevice(device ?? '')) visit(thing, device, value);
    }
  }
  return left;
}

/** A selector at one instant that memory answers: as entries of the JSON, since there may be tens of thousands. Null when something must be read. */
export async function newestEntries(query: Query, { matchers, offsetMs, at }: Selector): Promise<string[] | null> {
  if (query.steps !== 1 || at !== null) return null;
  const entries: string[] = [];
  const end = `},"value":[${query.from / 1000},"`;
  for (const found of await findSeries(query, matchers)) {
    const name = `{"metric":{"${NAME}":"${found.metric.name}",`;
    const left = eachNewest(query, { found, at: query.from - offsetMs }, (thing, device, value) => {
      const labels = device === undefined ? thing.json : `${thing.json},"device":${JSON.stringify(device)}`;
      entries.push(`${name}${labels}${end}${formatValue(value)}"]}`);
    });
    if (left.length > 0) return null;
    if (entries.length > query.limits.seriesMax) throw tooMany(query);
  }
  return entries;
}

/** The instants that a selector is asked for: shifted by its offset, or one that is fixed. */
export function instantsOf(query: Query, { offsetMs, at }: Selector): { from: number; to: number } {
  const fixed = at === 'start' ? query.from : at === 'end' ? query.to : at;
  return { from: (fixed ?? query.from) - offsetMs, to: (fixed ?? query.to) - offsetMs };
}

const tooMany = ({ limits }: Query): PromError =>
  new PromError(
    'execution',
    `the selector has more than ${limits.seriesMax} series or ${limits.cellsMax} values: narrow it or take a longer step`,
  );

/** Evaluates a function over the windows of all series of a selector. Errors: `execution` when they are too many. */
export async function select(query: Query, selector: Selector, { isNamed, ...window }: Choice): Promise<readonly Series[]> {
  const found = await findSeries(query, selector.matchers);
  const { from, to } = instantsOf(query, selector);
  const isNow = window.function === 'last' && window.windowMs === LOOKBACK_MS && from === to && query.steps === 1;
  const all: Series[] = [];
  for (const one of found) {
    const add: Visit = (thing, device, value) =>
      all.push({ labels: labelsOf(one, { thing, device }, isNamed), values: Float64Array.of(value), has: Uint8Array.of(1) });
    const left = isNow ? eachNewest(query, { found: one, at: to }, add) : one.things;
    if (left.length > 0) {
      const asked = { metric: one.metric.key, targets: idsOf(left), from, to, stepMs: query.stepMs, ...window };
      for (const series of toSeries(query, { found: one, isNamed }, await query.metricsOf.windows(asked, query.signal))) all.push(series);
    }
    if (all.length > query.limits.seriesMax || all.length * query.steps > query.limits.cellsMax) throw tooMany(query);
  }
  // Series of one metric can be told apart without its name.
  return isNamed || found.length < 2 ? all : merged(all);
}
