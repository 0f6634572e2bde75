import { PromError } from './errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** One series over all steps of a query: `values[step]` counts where `has[step]` is 1. Both may be shared with others: they are not changed once they are made. */
export interface Series {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly has: Uint8Array;
}

export type Value =
  | { readonly is: 'scalar'; readonly values: Float64Array }
  | { readonly is: 'vector'; readonly series: readonly Series[] }
  | { readonly is: 'string'; readonly value: string };

export const NAME = '__name__';

/** What a label may be called. */
export const LABEL_NAME = /^[a-zA-Z_]\w*$/;

export const emptySeries = (labels: Labels, steps: number): Series => ({
  labels,
  values: new Float64Array(steps),
  has: new Uint8Array(steps),
});

export function withoutName(labels: Labels): Labels {
  if (!(NAME in labels)) return labels;
  const { [NAME]: _, ...rest } = labels;
  return rest;
}

/** The same for the same labels, whatever their order. */
export const labelsKey = (labels: Labels): string =>
  Object.keys(labels)
    .toSorted()
    .map((name) => `${name}\u0000${labels[name]!}`)
    .join('\u0001');

/** An absent label is an empty one, also one that is called `constructor`. */
export const labelOf = (labels: Labels, name: string): string => (Object.hasOwn(labels, name) ? labels[name]! : '');

export const pick = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(names.map((name) => [name, labelOf(labels, name)]).filter(([, value]) => value !== ''));

export function omit(labels: Labels, names: ReadonlySet<string>): Labels {
  const left: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) if (!names.has(name)) left[name] = value;
  return left;
}

/** Sets a label; an empty value takes it away. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const { [name]: _, ...rest } = labels;
  return value === '' ? rest : { ...rest, [name]: value };
}

/** Series with the same labels become one, where at no step both are there: at one step they could not be told apart. */
export function merged(series: readonly Series[]): readonly Series[] {
  const found = new Map<string, Series>();
  for (const one of series) {
    const key = labelsKey(one.labels);
    const known = found.get(key);
    found.set(key, known === undefined ? one : joined(known, one));
  }
  return found.size === series.length ? series : [...found.values()];
}

function joined(a: Series, b: Series): Series {
  const all: Series = { labels: a.labels, values: a.values.slice(), has: a.has.slice() };
  for (let step = 0; step < b.has.length; step++) {
    if (b.has[step] !== 1) continue;
    if (all.has[step] === 1) throw new PromError('execution', 'vector cannot contain metrics with the same labelset');
    all.values[step] = b.values[step]!;
    all.has[step] = 1;
  }
  return all;
}
