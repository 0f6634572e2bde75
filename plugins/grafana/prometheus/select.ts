import type { WindowFunction, WindowMatrix } from 'novacron/plugin';
import { PromError } from './errors.ts';
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

const rowLists = new WeakMap<readonly string[], WeakMap<readonly LabelledThing[], readonly (LabelledThing | undefined)[]>>();

/** The thing of each row, where it is among those; made once for the same two lists. */
function rowsOf(entities: readonly string[], things: readonly LabelledThing[]): readonly (LabelledThing | undefined)[] {
  const lists = rowLists.get(entities) ?? new WeakMap<readonly LabelledThing[], readonly (LabelledThing | undefined)[]>();
  rowLists.set(entities, lists);
  const known = lists.get(things);
  if (known !== undefined) return known;
  const byId = new Map(things.map((thing) => [thing.id, thing]));
  const rows = entities.map((id) => byId.get(id));
  lists.set(things, rows);
  return rows;
}

/** Where there are values; null: everywhere. */
function presenceOf(values: Float64Array): Uint8Array | null {
  let has: Uint8Array | null = null;
  for (let step = 0; step < values.length; step++) {
    if (values[step] === values[step]) continue;
    has ??= new Uint8Array(values.length).fill(1);
    has[step] = 0;
  }
  return has;
}

/** A matrix as series; values are divided by nothing, they are as shown. One step is spread over all when the selector is fixed by `@`. */
function toSeries(query: Query, { found, isNamed }: { found: Found; isNamed: boolean }, matrix: WindowMatrix): Series[] {
  const series: Series[] = [];
  const always = new Uint8Array(query.steps).fill(1);
  for (const [row, thing] of rowsOf(matrix.entities, found.things).entries()) {
    const device = found.metric.hasDevice ? matrix.devices[row] : undefined;
    if (thing === undefined || !found.matchesDevice(device ?? '')) continue;
    const given = matrix.values.subarray(row * matrix.steps, (row + 1) * matrix.steps);
    const values = matrix.steps === query.steps ? given : new Float64Array(query.steps).fill(given[0]!);
    series.push({ labels: labelsOf(found, { thing, device }, isNamed), values, has: presenceOf(values) ?? always });
  }
  return series;
}

/** The newest values of a metric that came together. */
export interface NewestRows {
  readonly metric: NamedMetric;
  /** The thing of each row; undefined where the row is not asked for. */
  readonly things: readonly (LabelledThing | undefined)[];
  readonly devices: readonly string[] | undefined;
  readonly values: Float64Array;
  /** Rows that are asked for. */
  readonly count: number;
}

interface Newest {
  readonly rows: readonly NewestRows[];
  /** Things that memory does not know at that instant: they are to be read. */
  readonly left: readonly LabelledThing[];
}

function newestOf(query: Query, { metric, things: asked, matchesDevice }: Found, at: number): Newest {
  const columns = query.metricsOf
    .newest(metric.key)
    .filter((column) => column.at > at - LOOKBACK_MS)
    .map((column) => ({ ...column, things: rowsOf(column.entities, asked) }));
  const left = new Set<LabelledThing>();
  for (const { at: when, things, values } of columns)
    for (let row = 0; row < things.length; row++) {
      const thing = things[row];
      if (thing !== undefined && (when > at || !Number.isFinite(values[row]))) left.add(thing);
    }
  const rows = columns.map(({ things, devices, values }) => {
    const isAsked = (thing: LabelledThing | undefined, row: number): boolean =>
      thing !== undefined && !left.has(thing) && matchesDevice(devices?.[row] ?? '');
    const isWhole = left.size === 0 && devices === undefined;
    const own = isWhole ? things : things.map((thing, row) => (isAsked(thing, row) ? thing : undefined));
    return { metric, things: own, devices, values, count: own.reduce((sum, thing) => (thing === undefined ? sum : sum + 1), 0) };
  });
  return { rows, left: [...left] };
}

/** A selector at one instant that memory answers. Null when something must be read. */
export async function selectNewest(query: Query, { matchers, offsetMs, at }: Selector): Promise<readonly NewestRows[] | null> {
  if (query.steps !== 1 || at !== null) return null;
  const all: NewestRows[] = [];
  for (const found of await findSeries(query, matchers)) {
    const { rows, left } = newestOf(query, found, query.from - offsetMs);
    if (left.length > 0) return null;
    all.push(...rows);
  }
  if (all.reduce((sum, { count }) => sum + count, 0) > query.limits.seriesMax) throw tooMany(query);
  return all;
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
    const { rows, left } = isNow ? newestOf(query, one, to) : { rows: [], left: one.things };
    for (const { things, devices, values } of rows)
      for (const [row, thing] of things.entries()) {
        const labels = thing && labelsOf(one, { thing, device: devices?.[row] }, isNamed);
        if (labels) all.push({ labels, values: values.slice(row, row + 1), has: Uint8Array.of(1) });
      }
    if (left.length > 0) {
      const asked = { metric: one.metric.key, targets: idsOf(left), from, to, stepMs: query.stepMs, ...window };
      for (const series of toSeries(query, { found: one, isNamed }, await query.metricsOf.windows(asked, query.signal))) all.push(series);
    }
    if (all.length > query.limits.seriesMax || all.length * query.steps > query.limits.cellsMax) throw tooMany(query);
  }
  // Series of one metric can be told apart without its name.
  return isNamed || found.length < 2 ? all : merged(all);
}
