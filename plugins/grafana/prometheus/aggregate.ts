import { PromError, unsupported } from './errors.ts';
import { decimalOf } from './format.ts';
import { evaluateScalar, evaluateVector, type Query } from './query.ts';
import type { Aggregation } from './promql.ts';
import { emptySeries, LABEL_NAME, labelsKey, NAME, omit, pick, withLabel, type Labels, type Series, type Value } from './series.ts';

interface Group {
  readonly labels: Labels;
  readonly members: Series[];
}

function groupsOf(series: readonly Series[], { grouping, labels }: Aggregation): Group[] {
  if (grouping === 'by' && labels.length === 0) return series.length === 0 ? [] : [{ labels: {}, members: [...series] }];
  const dropped = new Set([...labels, NAME]);
  const groups = new Map<string, Group>();
  for (const one of series) {
    const kept = grouping === 'by' ? pick(one.labels, labels) : omit(one.labels, dropped);
    const key = labelsKey(kept);
    const group = groups.get(key) ?? { labels: kept, members: [] };
    groups.set(key, group);
    group.members.push(one);
  }
  return [...groups.values()];
}

/** One value of the values that are there at a step. */
type Fold = (values: Float64Array, parameter: number) => number;

function sum(values: Float64Array): number {
  let total = 0;
  let rest = 0;
  for (const value of values) {
    const next = total + value;
    rest += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  // What is not finite has no rest.
  return Number.isFinite(total) ? total + rest : total;
}

const mean = (values: Float64Array): number => sum(values) / values.length;

function variance(values: Float64Array): number {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / values.length;
}

/** Linear between ranks; NaN is the least of all. */
function quantile(values: Float64Array, q: number): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = values.toSorted((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b));
  const rank = q * (sorted.length - 1);
  const lower = Math.floor(rank);
  const weight = rank - lower;
  return sorted[lower]! * (1 - weight) + sorted[Math.min(lower + 1, sorted.length - 1)]! * weight;
}

/** NaN gives way to any number. */
const extreme =
  (isBetter: (value: number, best: number) => boolean): Fold =>
  (values) => {
    let best = values[0]!;
    for (const value of values) if (isBetter(value, best) || Number.isNaN(best)) best = value;
    return best;
  };

const FOLDS: Readonly<Record<string, Fold>> = {
  sum,
  avg: mean,
  min: extreme((value, best) => value < best),
  max: extreme((value, best) => value > best),
  count: (values) => values.length,
  group: () => 1,
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
  quantile,
};

function fold({ labels, members }: Group, apply: Fold, { steps, parameter }: { steps: number; parameter: Float64Array | null }): Series {
  const found = emptySeries(labels, steps);
  const values = new Float64Array(members.length);
  for (let step = 0; step < steps; step++) {
    let count = 0;
    for (const member of members) if (member.has[step] === 1) values[count++] = member.values[step]!;
    if (count === 0) continue;
    found.values[step] = apply(values.subarray(0, count), parameter?.[step] ?? Number.NaN);
    found.has[step] = 1;
  }
  return found;
}

/** Above it all are sorted: less work than finding the place of each among those that were kept. */
const KEPT_MAX = 64;

/** The k least of what is there, in rising order; of equal ones those that come first. */
function leastOf(count: number, k: number, rankOf: (index: number) => number): number[] {
  if (k > KEPT_MAX) {
    const all = Float64Array.from({ length: count }, (_, index) => rankOf(index));
    const compare = (a: number, b: number): number => (all[a]! < all[b]! ? -1 : all[a]! > all[b]! ? 1 : a - b);
    return Array.from(all, (_, index) => index)
      .toSorted(compare)
      .slice(0, k);
  }
  const best: number[] = [];
  const ranks: number[] = [];
  for (let index = 0; index < count; index++) {
    const rank = rankOf(index);
    if (best.length === k && !(rank < ranks[k - 1]!)) continue;
    let place = Math.min(best.length, k - 1);
    for (; place > 0 && ranks[place - 1]! > rank; place--) {
      ranks[place] = ranks[place - 1]!;
      best[place] = best[place - 1]!;
    }
    ranks[place] = rank;
    best[place] = index;
  }
  return best;
}

/** Keeps, at each step, the k largest or smallest of a group; series as they are, the best first. */
function keepBest({ members }: Group, op: string, { steps, parameter }: { steps: number; parameter: Float64Array }): Series[] {
  const sign = op === 'topk' ? -1 : 1;
  const kept = new Map<number, Series>();
  for (let step = 0; step < steps; step++) {
    const k = Math.trunc(parameter[step]!);
    if (!(k >= 1)) continue;
    const there: number[] = [];
    for (const [index, { has }] of members.entries()) if (has[step] === 1) there.push(index);
    // NaN comes last either way.
    const rankOf = (index: number): number => {
      const value = members[there[index]!]!.values[step]!;
      return Number.isNaN(value) ? Infinity : sign * value;
    };
    for (const index of leastOf(there.length, k, rankOf)) {
      const { labels, values } = members[there[index]!]!;
      const series = kept.get(there[index]!) ?? { labels, values, has: new Uint8Array(steps) };
      series.has[step] = 1;
      kept.set(there[index]!, series);
    }
  }
  const found = [...kept];
  return (steps === 1 ? found : found.toSorted(([a], [b]) => a - b)).map(([, series]) => series);
}

function countValues({ labels, members }: Group, name: string, steps: number): Series[] {
  const found = new Map<string, Series>();
  for (const { values, has } of members)
    for (let step = 0; step < steps; step++) {
      if (has[step] !== 1) continue;
      const text = decimalOf(values[step]!);
      const series = found.get(text) ?? emptySeries(withLabel(labels, name, text), steps);
      found.set(text, series);
      series.values[step]! += 1;
      series.has[step] = 1;
    }
  return [...found.values()];
}

async function labelOf(query: Query, { parameter }: Aggregation): Promise<string> {
  const value = await query.evaluate(parameter!);
  if (value.is !== 'string' || !LABEL_NAME.test(value.value)) throw new PromError('bad_data', 'count_values expects the name of a label');
  return value.value;
}

export async function aggregate(query: Query, given: Aggregation): Promise<Value> {
  const { op } = given;
  const isKnown = op in FOLDS || op === 'topk' || op === 'bottomk' || op === 'count_values';
  if (!isKnown) throw unsupported(`the aggregation ${op}`);
  const groups = groupsOf(await evaluateVector(query, given.of, op), given);
  const { steps } = query;
  if (op === 'count_values') {
    const label = await labelOf(query, given);
    return { is: 'vector', series: groups.flatMap((group) => countValues(group, label, steps)) };
  }
  const parameter = given.parameter === null ? null : await evaluateScalar(query, given.parameter, op);
  if (op === 'topk' || op === 'bottomk')
    return { is: 'vector', series: groups.flatMap((group) => keepBest(group, op, { steps, parameter: parameter! })) };
  return { is: 'vector', series: groups.map((group) => fold(group, FOLDS[op]!, { steps, parameter })) };
}
