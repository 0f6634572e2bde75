import type { WindowFunction } from 'novacron/plugin';
import { PromError, unsupported } from './errors.ts';
import { evaluateScalar, evaluateVector, type Query } from './query.ts';
import type { Expression, Matcher } from './promql.ts';
import { patternOf } from './regex.ts';
import { instantsOf, select } from './select.ts';
import {
  emptySeries,
  LABEL_NAME,
  labelOf,
  labelsKey,
  merged,
  NAME,
  withLabel,
  withoutName,
  type Labels,
  type Series,
  type Value,
} from './series.ts';

type Call = Extract<Expression, { is: 'call' }>;
type Range = Extract<Expression, { is: 'range' }>;

const vector = (series: readonly Series[]): Value => ({ is: 'vector', series });

/** Functions of a range, by the function of the store that computes them. */
const OVER_RANGES: Readonly<Record<string, WindowFunction>> = {
  rate: 'rate',
  irate: 'irate',
  increase: 'increase',
  delta: 'delta',
  idelta: 'idelta',
  deriv: 'deriv',
  changes: 'changes',
  resets: 'resets',
  predict_linear: 'predict',
  quantile_over_time: 'quantile',
  avg_over_time: 'mean',
  min_over_time: 'min',
  max_over_time: 'max',
  sum_over_time: 'sum',
  count_over_time: 'count',
  last_over_time: 'last',
  first_over_time: 'first',
  present_over_time: 'present',
  stddev_over_time: 'stddev',
  stdvar_over_time: 'stdvar',
  mad_over_time: 'mad',
};
/** Those that leave the metric its name. */
const KEEP_NAME = new Set(['last_over_time', 'first_over_time']);

function constantOf(values: Float64Array, name: string): number {
  const [first = Number.NaN] = values;
  if (values.some((value) => !Object.is(value, first))) throw unsupported(`${name} with a parameter that changes over time`);
  return first;
}

async function overRange(query: Query, { name, args }: Call): Promise<Value> {
  const computed = OVER_RANGES[name]!;
  const hasParameter = computed === 'predict' || computed === 'quantile';
  const range = args.find((arg) => arg.is === 'range');
  const rangeAt = computed === 'quantile' ? 1 : 0;
  if (range === undefined || args[rangeAt] !== range || args.length !== (hasParameter ? 2 : 1))
    throw new PromError('bad_data', `${name} expects a range such as vm_cpu_ratio[5m]${hasParameter ? ' and a number' : ''}`);
  const given = hasParameter ? constantOf(await evaluateScalar(query, args[1 - rangeAt]!, name), name) : undefined;
  if (computed === 'predict') return vector(await predict(query, range, given!));
  const series = await select(query, range.selector, {
    function: computed,
    windowMs: range.windowMs,
    isNamed: KEEP_NAME.has(name),
    ...(given !== undefined && { parameter: given }),
  });
  return vector(series);
}

/** `seconds` count from the step, wherever `offset` and `@` put the window. A window that stands still has one line, which is followed from step to step. */
async function predict(query: Query, { selector, windowMs }: Range, seconds: number): Promise<readonly Series[]> {
  const { from, to } = instantsOf(query, selector);
  const window = { windowMs, isNamed: false };
  const lines = await select(query, selector, { ...window, function: 'predict', parameter: seconds + (query.from - from) / 1000 });
  if (from !== to || query.steps === 1) return lines;
  const slopes = new Map((await select(query, selector, { ...window, function: 'deriv' })).map((one) => [labelsKey(one.labels), one]));
  return lines.map((line) => {
    const slope = slopes.get(labelsKey(line.labels))?.values[0] ?? Number.NaN;
    return { ...line, values: line.values.map((value, step) => value + (slope * step * query.stepMs) / 1000) };
  });
}

type Apply = (value: number, ...parameters: number[]) => number;

/** Half up, as Prometheus rounds, to multiples of a number. */
const roundTo: Apply = (value, nearest = 1) => {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
};

const clamp: Apply = (value, min = Number.NaN, max = Number.NaN) =>
  Number.isNaN(min) || Number.isNaN(max) ? Number.NaN : Math.max(min, Math.min(max, value));

const radians = Math.PI / 180;
const date =
  (part: (at: Date) => number): Apply =>
  (value) =>
    Number.isFinite(value) ? part(new Date(Math.trunc(value) * 1000)) : Number.NaN;

/** Functions of each value, with the number of their parameters: at least, at most. */
const OVER_VALUES: Readonly<Record<string, readonly [apply: Apply, least: number, most: number]>> = {
  ...Object.fromEntries(
    (
      [
        'abs',
        'ceil',
        'floor',
        'exp',
        'sqrt',
        'log2',
        'log10',
        'sin',
        'cos',
        'tan',
        'asin',
        'acos',
        'atan',
        'sinh',
        'cosh',
        'tanh',
        'asinh',
        'acosh',
        'atanh',
      ] as const
    ).map((name) => [name, [Math[name], 0, 0] as const]),
  ),
  ln: [Math.log, 0, 0],
  sgn: [Math.sign, 0, 0],
  deg: [(value) => value / radians, 0, 0],
  rad: [(value) => value * radians, 0, 0],
  round: [roundTo, 0, 1],
  clamp: [clamp, 2, 2],
  clamp_min: [(value, min = Number.NaN) => Math.max(min, value), 1, 1],
  clamp_max: [(value, max = Number.NaN) => Math.min(max, value), 1, 1],
};

/** Functions of an instant in seconds; without an argument of the step's own. */
const OVER_TIMES: Readonly<Record<string, Apply>> = {
  minute: date((at) => at.getUTCMinutes()),
  hour: date((at) => at.getUTCHours()),
  day_of_week: date((at) => at.getUTCDay()),
  day_of_month: date((at) => at.getUTCDate()),
  day_of_year: date((at) => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000) + 1),
  days_in_month: date((at) => new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate()),
  month: date((at) => at.getUTCMonth() + 1),
  year: date((at) => at.getUTCFullYear()),
};

const mapValues = (series: Series, apply: (value: number, step: number) => number): Series => ({
  labels: withoutName(series.labels),
  values: series.values.map(apply),
  has: series.has,
});

async function overValues(query: Query, { name, args }: Call): Promise<Value> {
  const [apply, least, most] = OVER_VALUES[name]!;
  const [of, ...rest] = args;
  if (of === undefined || rest.length < least || rest.length > most)
    throw new PromError('bad_data', `${name} has a wrong number of arguments`);
  const series = await evaluateVector(query, of, name);
  const parameters = await Promise.all(rest.map((one) => evaluateScalar(query, one, name)));
  const isEmpty = (step: number): boolean => name === 'clamp' && parameters[0]![step]! > parameters[1]![step]!;
  const mapped = series.map((one) => {
    const { labels, values, has } = mapValues(one, (value, step) => apply(value, ...parameters.map((parameter) => parameter[step]!)));
    return { labels, values, has: name === 'clamp' ? has.map((there, step) => (isEmpty(step) ? 0 : there)) : has };
  });
  return vector(merged(mapped));
}

const timesOf = (query: Query): Float64Array =>
  Float64Array.from({ length: query.steps }, (_, step) => (query.from + step * query.stepMs) / 1000);

async function overTimes(query: Query, { name, args }: Call): Promise<Value> {
  const apply = OVER_TIMES[name]!;
  if (args.length > 1) throw new PromError('bad_data', `${name} has a wrong number of arguments`);
  const now: Series = { ...emptySeries({}, query.steps), values: timesOf(query), has: new Uint8Array(query.steps).fill(1) };
  const series = args[0] ? await evaluateVector(query, args[0], name) : [now];
  return vector(merged(series.map((one) => mapValues(one, (value) => apply(value)))));
}

/** Labels that a selector asks for by `=` exactly once. */
function labelsOf(of: Expression): Labels {
  const selector = of.is === 'range' ? of.selector : of;
  if (selector.is !== 'selector') return {};
  const isPlain = (matcher: Matcher): boolean =>
    matcher.op === '=' &&
    matcher.label !== NAME &&
    matcher.value !== '' &&
    selector.matchers.filter(({ label }) => label === matcher.label).length === 1;
  return Object.fromEntries(selector.matchers.filter(isPlain).map(({ label, value }) => [label, value]));
}

function absentOf(query: Query, series: readonly Series[], labels: Labels): Value {
  const found = emptySeries(labels, query.steps);
  for (let step = 0; step < query.steps; step++) if (!series.some(({ has }) => has[step] === 1)) found.has[step] = 1;
  found.values.fill(1);
  return vector(found.has.includes(1) ? [found] : []);
}

const text = (expression: Expression | undefined, name: string): string => {
  if (expression?.is !== 'string') throw new PromError('bad_data', `expected type string in ${name}`);
  return expression.value;
};

/** The name of a label that a function is to write. */
const targetOf = (name: string, what: string): string => {
  if (!LABEL_NAME.test(name)) throw new PromError('execution', `invalid destination label name in ${what}(): ${name}`);
  return name;
};

async function labelReplace(query: Query, { args }: Call): Promise<Value> {
  const [target, replacement, source, pattern] = args.slice(1).map((arg) => text(arg, 'label_replace'));
  if (pattern === undefined || args.length !== 5) throw new PromError('bad_data', 'label_replace expects a vector and four strings');
  const [label, compiled] = [targetOf(target!, 'label_replace'), patternOf(pattern)];
  const relabel = (one: Series): Series => {
    const value = compiled.expand(labelOf(one.labels, source!), replacement!);
    return value === null ? one : { ...one, labels: withLabel(one.labels, label, value) };
  };
  return vector(merged((await evaluateVector(query, args[0]!, 'label_replace')).map(relabel)));
}

async function labelJoin(query: Query, { args }: Call): Promise<Value> {
  const [target, separator, ...sources] = args.slice(1).map((arg) => text(arg, 'label_join'));
  if (separator === undefined) throw new PromError('bad_data', 'label_join expects a vector, a label, a separator, and labels');
  const join = (labels: Labels): string => sources.map((name) => labelOf(labels, name)).join(separator);
  const label = targetOf(target!, 'label_join');
  const series = await evaluateVector(query, args[0]!, 'label_join');
  return vector(merged(series.map((one) => ({ ...one, labels: withLabel(one.labels, label, join(one.labels)) }))));
}

async function sorted(query: Query, { name, args }: Call): Promise<Value> {
  const sign = name === 'sort' ? 1 : -1;
  const series = await evaluateVector(query, args[0]!, name);
  // Only an instant query has an order; over a range Prometheus sorts by labels.
  return vector(query.steps === 1 ? series.toSorted((a, b) => sign * (a.values[0]! - b.values[0]!)) : series);
}

async function scalarOf(query: Query, { args }: Call): Promise<Value> {
  const series = await evaluateVector(query, args[0]!, 'scalar');
  const at = (step: number): number => {
    const there = series.filter(({ has }) => has[step] === 1);
    return there.length === 1 ? there[0]!.values[step]! : Number.NaN;
  };
  return { is: 'scalar', values: Float64Array.from({ length: query.steps }, (_, step) => at(step)) };
}

const SPECIAL: Readonly<Record<string, (query: Query, given: Call) => Promise<Value> | Value>> = {
  time: (query) => ({ is: 'scalar', values: timesOf(query) }),
  pi: (query) => ({ is: 'scalar', values: new Float64Array(query.steps).fill(Math.PI) }),
  scalar: scalarOf,
  async vector(query, { args }) {
    const values = await evaluateScalar(query, args[0]!, 'vector');
    return vector([{ labels: {}, values, has: new Uint8Array(query.steps).fill(1) }]);
  },
  async absent(query, { args }) {
    return absentOf(query, await evaluateVector(query, args[0]!, 'absent'), labelsOf(args[0]!));
  },
  async absent_over_time(query, { args: [range] }) {
    if (range?.is !== 'range') throw new PromError('bad_data', 'absent_over_time expects a range');
    const series = await select(query, range.selector, { function: 'present', windowMs: range.windowMs, isNamed: true });
    return absentOf(query, series, labelsOf(range));
  },
  label_replace: labelReplace,
  label_join: labelJoin,
  sort: sorted,
  sort_desc: sorted,
};

const ARGS_FREE = new Set(['time', 'pi']);

export async function call(query: Query, given: Call): Promise<Value> {
  const { name, args } = given;
  if (name in OVER_RANGES) return overRange(query, given);
  if (name in OVER_VALUES) return overValues(query, given);
  if (name in OVER_TIMES) return overTimes(query, given);
  const special = SPECIAL[name];
  if (special === undefined) throw unsupported(`the function ${name}()`);
  if ((args.length === 0) !== ARGS_FREE.has(name)) throw new PromError('bad_data', `${name} has a wrong number of arguments`);
  return special(query, given);
}
