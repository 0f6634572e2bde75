import { HubError, type Aggregate, type AlertRule, type Bound, type Metric, type Unit, type WindowFunction } from 'novacron/plugin';
import { usualAggregate } from '../range.ts';
import type { FlatRule } from './evaluator.ts';

/** Where a rule's values come from: what is measured, or two of these taken together. Equal sources are read once. */
export type Source =
  | { readonly is: 'newest'; readonly metric: string }
  | {
      readonly is: 'window';
      readonly metric: string;
      readonly function: WindowFunction;
      readonly parameter: number | null;
      readonly windowMs: number;
      readonly agoMs: number;
    }
  | { readonly is: 'age'; readonly table: string }
  | { readonly is: 'quotient'; readonly a: Source; readonly b: Source }
  | { readonly is: 'difference'; readonly a: Source; readonly b: Source }
  /** Rows and values of its own: SQL, offered kinds. */
  | { readonly is: 'own' };

/** A rule ready to be judged, with what people are told about its values. */
export interface ReadyRule {
  readonly id: string;
  readonly rule: AlertRule;
  readonly flat: FlatRule;
  readonly source: Source;
  /** Resource kind of what it looks at. */
  readonly kind: string;
  readonly unit: Unit | undefined;
}

const WEEK_SECONDS = 7 * 86_400;
/** What "then" means without a window: a single sample a week ago says little. */
const THEN_WINDOW_MS = 300_000;
const COUNTER_WINDOW_MS = 300_000;
const RATE_UNITS: Partial<Record<Unit, Unit>> = { bytes: 'bytesPerSecond', count: 'countPerSecond', seconds: 'ratio' };

const plain = (name: WindowFunction) => ({ function: name, parameter: null });
const quantile = (fraction: number) => ({ function: 'quantile', parameter: fraction }) as const;
const FUNCTIONS: Readonly<Record<Aggregate, { readonly function: WindowFunction; readonly parameter: number | null }>> = {
  mean: plain('mean'),
  min: plain('min'),
  max: plain('max'),
  last: plain('last'),
  sum: plain('sum'),
  rate: plain('rate'),
  p50: quantile(0.5),
  p95: quantile(0.95),
  p99: quantile(0.99),
};

export const keyOf = (source: Source): string => JSON.stringify(source);

export const tableOf = (metric: string): string => metric.slice(0, metric.lastIndexOf('.'));
const kindOf = (table: string): string => table.split('.')[0] ?? table;

export const invalid = (message: string): HubError => new HubError('alert_invalid', message, { status: 400 });

type Declared = ReadonlyMap<string, Metric>;

function metricOf(declared: Declared, name: string): Metric {
  const metric = declared.get(name);
  if (metric) return metric;
  const near = [...declared.keys()].filter((key) => key.split('.')[0] === name.split('.')[0]);
  throw invalid(`There is no metric "${name}". There are: ${(near.length > 0 ? near : [...declared.keys()]).slice(0, 40).join(', ')}.`);
}

/** The value of one metric as the rule wants it: its newest, or over its window; of a counter always a window. */
function measured(declared: Declared, name: string, rule: AlertRule): Source {
  const metric = metricOf(declared, name);
  const aggregate = rule.aggregate ?? usualAggregate(metric);
  if (rule.windowSeconds === undefined && metric.kind === 'gauge') {
    if (rule.aggregate !== undefined && rule.aggregate !== 'last')
      throw invalid(`"${aggregate}" needs a window: say how long it is (--window 5m; windowSeconds in a file).`);
    return { is: 'newest', metric: name };
  }
  const windowMs = rule.windowSeconds === undefined ? COUNTER_WINDOW_MS : rule.windowSeconds * 1000;
  if (metric.kind === 'counter' && !['rate', 'last'].includes(aggregate))
    throw invalid(`${name} is a counter: take its rate, not its ${aggregate}.`);
  if (metric.kind === 'gauge' && aggregate === 'rate')
    throw invalid(`${name} is a gauge: for its change per second take the condition "rate".`);
  return { is: 'window', metric: name, ...FUNCTIONS[aggregate], windowMs, agoMs: 0 };
}

function slope(declared: Declared, name: string, rule: AlertRule): Source {
  const windowMs = (rule.windowSeconds ?? 0) * 1000;
  if (windowMs <= 0) throw invalid('A rate is over a window: say how long it is (--window 5m; windowSeconds in a file).');
  const change = metricOf(declared, name).kind === 'counter' ? 'rate' : 'deriv';
  return { is: 'window', metric: name, function: change, parameter: null, windowMs, agoMs: 0 };
}

/** The same so long ago. */
function ago(source: Source, agoMs: number): Source {
  switch (source.is) {
    case 'newest':
      return { is: 'window', metric: source.metric, ...FUNCTIONS.mean, windowMs: THEN_WINDOW_MS, agoMs };
    case 'window':
      return { ...source, agoMs: source.agoMs + agoMs };
    case 'quotient':
    case 'difference':
      return { ...source, a: ago(source.a, agoMs), b: ago(source.b, agoMs) };
    case 'age':
    case 'own':
      return source;
  }
}

function sourceOf(rule: AlertRule, declared: Declared): Source {
  const { condition, metric, of } = rule;
  if (condition.is === 'sql' || condition.is === 'offered') return { is: 'own' };
  if (metric === undefined) throw invalid('The rule names no metric: say <table>.<metric>, such as vm.cpuRatio.');
  const table = tableOf(metric);
  metricOf(declared, metric);
  if (condition.is === 'absence') return { is: 'age', table };
  const read = (name: string): Source => (condition.is === 'rate' ? slope(declared, name, rule) : measured(declared, name, rule));
  const now: Source = of === undefined ? read(metric) : { is: 'quotient', a: read(metric), b: measured(declared, `${table}.${of}`, rule) };
  if (condition.is !== 'past') return now;
  const then = ago(now, (condition.agoSeconds ?? WEEK_SECONDS) * 1000);
  return condition.compare === 'ratio' ? { is: 'quotient', a: now, b: then } : { is: 'difference', a: now, b: then };
}

function edgeOf(bound: Bound): Pick<FlatRule, 'sign' | 'edge' | 'resolveAt'> {
  const edge = bound.above ?? bound.below ?? Number.NaN;
  return { sign: bound.above === undefined ? -1 : 1, edge, resolveAt: bound.resolveAt ?? edge };
}

function figuresOf({ condition }: AlertRule): Pick<FlatRule, 'sign' | 'edge' | 'resolveAt'> {
  switch (condition.is) {
    case 'absence':
      return { sign: 1, edge: condition.seconds, resolveAt: condition.seconds };
    case 'offered':
      // What a plugin judged comes as 1 for bad and 0 for good.
      return { sign: 1, edge: 0.5, resolveAt: 0.5 };
    case 'threshold':
    case 'rate':
    case 'past':
    case 'sql':
      return edgeOf(condition);
  }
}

function unitOf({ condition, metric, of, aggregate }: AlertRule, declared: Declared): Unit | undefined {
  const one = metric === undefined ? undefined : declared.get(metric);
  if (condition.is === 'absence') return 'seconds';
  if (one === undefined || condition.is === 'offered') return undefined;
  if (condition.is === 'past' && condition.compare === 'ratio') return 'count';
  if (of !== undefined) return 'ratio';
  const isRate = condition.is === 'rate' || (one.kind === 'counter' && (aggregate ?? 'rate') === 'rate');
  return isRate ? (RATE_UNITS[one.unit] ?? one.unit) : one.unit;
}

/** A rule as the evaluator takes it. HubError `alert_invalid` says what is wrong with it. `tenant`: the only one whose things it may look at. */
export function readyRule(
  known: { readonly id: string; readonly rule: AlertRule; readonly tenant: string | null },
  declared: Declared,
): ReadyRule {
  const { id, rule, tenant } = known;
  const source = sourceOf(rule, declared);
  const scope = tenant === null ? rule.scope : { ...rule.scope, tenant };
  const ownKind = rule.condition.is === 'sql' ? rule.condition.kind : undefined;
  const table = source.is === 'own' ? `rule:${id}` : tableOf(rule.metric ?? '');
  const flat: FlatRule = {
    id,
    table,
    column: source.is === 'own' ? `rule:${id}` : keyOf(source),
    ...figuresOf(rule),
    forMs: (rule.forSeconds ?? 0) * 1000,
    keepFiringMs: (rule.keepFiringSeconds ?? 0) * 1000,
    scope: scope === undefined || Object.keys(scope).length === 0 ? null : scope,
    isAge: source.is === 'age',
  };
  return { id, rule, flat, source, kind: ownKind ?? kindOf(tableOf(rule.metric ?? '')), unit: unitOf(rule, declared) };
}
