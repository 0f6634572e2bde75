import { PromError, unsupported } from './errors.ts';
import type { Query } from './query.ts';
import type { Binary, Matching } from './promql.ts';
import {
  emptySeries,
  labelOf,
  labelsKey,
  merged,
  NAME,
  omit,
  pick,
  withLabel,
  withoutName,
  type Labels,
  type Series,
  type Value,
} from './series.ts';

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  // 1 to any power is 1, also to one that is no number; and -1 to an endless one.
  '^': (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  atan2: Math.atan2,
};

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

const SETS = new Set(['and', 'or', 'unless']);

/** The value of a pair of values; null where a comparison leaves it out. `kept` is what a comparison that filters keeps. */
type Pair = (a: number, b: number, kept: number) => number | null;

function pairOf({ op, isBool }: Binary): Pair {
  const compute = ARITHMETIC[op];
  if (compute) return (a, b) => compute(a, b);
  const compare = COMPARISONS[op];
  if (compare === undefined) throw unsupported(`the operator ${op}`);
  return isBool ? (a, b) => Number(compare(a, b)) : (a, b, kept) => (compare(a, b) ? kept : null);
}

/** Arithmetic and `bool` make something new, which has no name; a comparison that filters leaves the series as it is. */
const dropsName = ({ op, isBool }: Binary): boolean => op in ARITHMETIC || isBool;

function withScalar(given: Binary, series: readonly Series[], { scalar, isLeft }: { scalar: Float64Array; isLeft: boolean }): Series[] {
  const pair = pairOf(given);
  return series.map(({ labels, values, has }) => {
    const found = emptySeries(dropsName(given) ? withoutName(labels) : labels, values.length);
    for (let step = 0; step < values.length; step++) {
      if (has[step] !== 1) continue;
      const own = values[step]!;
      const value = isLeft ? pair(scalar[step]!, own, own) : pair(own, scalar[step]!, own);
      if (value === null) continue;
      found.values[step] = value;
      found.has[step] = 1;
    }
    return found;
  });
}

function scalars(given: Binary, left: Float64Array, right: Float64Array): Value {
  if (given.op in COMPARISONS && !given.isBool) throw new PromError('bad_data', 'comparisons between scalars must use BOOL modifier');
  const pair = pairOf(given);
  return { is: 'scalar', values: left.map((value, step) => pair(value, right[step]!, value) ?? Number.NaN) };
}

const keyFor = (matching: Matching | null): ((labels: Labels) => string) => {
  if (matching?.is === 'on') return (labels) => labelsKey(pick(labels, matching.labels));
  const ignored = new Set([...(matching?.labels ?? []), NAME]);
  return (labels) => labelsKey(omit(labels, ignored));
};

function hasAny(series: readonly Series[], step: number): boolean {
  return series.some(({ has }) => has[step] === 1);
}

function only({ labels, values, has }: Series, keeps: (step: number) => boolean): Series {
  return { labels, values, has: has.map((there, step) => (there === 1 && keeps(step) ? 1 : 0)) };
}

function setOperation({ op, matching }: Binary, left: readonly Series[], right: readonly Series[]): Series[] {
  const key = keyFor(matching);
  const others = Map.groupBy(right, ({ labels }) => key(labels));
  if (op === 'or') {
    const own = Map.groupBy(left, ({ labels }) => key(labels));
    return [...left, ...right.map((one) => only(one, (step) => !hasAny(own.get(key(one.labels)) ?? [], step)))];
  }
  const wanted = op === 'and';
  return left.map((one) => only(one, (step) => hasAny(others.get(key(one.labels)) ?? [], step) === wanted));
}

/** The labels of a result: of the many side, with what it takes from the one; or what was matched by. */
function resultLabels(given: Binary, many: Labels, one: Labels): Labels {
  const { matching } = given;
  const labels = dropsName(given) ? withoutName(many) : many;
  if (matching?.many) return matching.include.reduce((all, name) => withLabel(all, name, labelOf(one, name)), labels);
  if (matching?.is === 'on') return pick(labels, matching.labels);
  return omit(labels, new Set(matching?.labels));
}

const clash = (side: string): PromError =>
  new PromError(
    'execution',
    `found duplicate series for the match group on the ${side} hand-side of the operation; many-to-many matching not allowed: matching labels must be unique on one side`,
  );

interface Sides {
  readonly many: readonly Series[];
  readonly one: readonly Series[];
  /** True when the many are on the left. */
  readonly isLeft: boolean;
}

/** Of several series with the same key, the one that is there at a step: that there are more than one is an error, where there is anything to match. */
function partnersOf(sides: Sides, key: (labels: Labels) => string): ReadonlyMap<string, readonly Series[]> {
  const partners = Map.groupBy(sides.one, ({ labels }) => key(labels));
  for (const group of partners.values()) {
    if (group.length < 2) continue;
    for (let step = 0; step < group[0]!.has.length; step++)
      if (group.filter(({ has }) => has[step] === 1).length > 1 && hasAny(sides.many, step)) throw clash(sides.isLeft ? 'right' : 'left');
  }
  return partners;
}

function join(given: Binary, sides: Sides): Series[] {
  const key = keyFor(given.matching);
  const partners = partnersOf(sides, key);
  const pair = pairOf(given);
  const results = new Map<string, Series>();
  for (const own of sides.many) {
    for (const partner of partners.get(key(own.labels)) ?? []) {
      const labels = resultLabels(given, own.labels, partner.labels);
      const id = labelsKey(labels);
      const found = results.get(id) ?? emptySeries(labels, own.values.length);
      for (let step = 0; step < own.values.length; step++) {
        if (own.has[step] !== 1 || partner.has[step] !== 1) continue;
        const [a, b] = sides.isLeft ? [own.values[step]!, partner.values[step]!] : [partner.values[step]!, own.values[step]!];
        const value = pair(a, b, a);
        if (value === null) continue;
        if (found.has[step] === 1)
          throw given.matching?.many
            ? new PromError('execution', 'multiple matches for labels: grouping labels must ensure unique matches')
            : new PromError('execution', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)');
        found.values[step] = value;
        found.has[step] = 1;
      }
      results.set(id, found);
    }
  }
  return [...results.values()];
}

function vectors(given: Binary, left: readonly Series[], right: readonly Series[]): Series[] {
  if (SETS.has(given.op)) return setOperation(given, left, right);
  return given.matching?.many === 'right'
    ? join(given, { many: right, one: left, isLeft: false })
    : join(given, { many: left, one: right, isLeft: true });
}

export async function combine(query: Query, given: Binary): Promise<Value> {
  const left = await query.evaluate(given.left);
  const right = await query.evaluate(given.right);
  if (left.is === 'string' || right.is === 'string') throw new PromError('bad_data', `operator ${given.op} is not for strings`);
  if (left.is === 'scalar' && right.is === 'scalar') {
    if (SETS.has(given.op)) throw new PromError('bad_data', `set operator "${given.op}" not allowed in binary scalar expression`);
    return scalars(given, left.values, right.values);
  }
  if (left.is === 'vector' && right.is === 'vector') {
    const series = vectors(given, left.series, right.series);
    return { is: 'vector', series: merged(series) };
  }
  if (SETS.has(given.op)) throw new PromError('bad_data', `set operator "${given.op}" not allowed in binary scalar expression`);
  const isLeft = left.is === 'scalar';
  const scalar = (left.is === 'scalar' ? left : (right as Extract<Value, { is: 'scalar' }>)).values;
  const series = (left.is === 'vector' ? left : (right as Extract<Value, { is: 'vector' }>)).series;
  return { is: 'vector', series: merged(withScalar(given, series, { scalar, isLeft })) };
}
