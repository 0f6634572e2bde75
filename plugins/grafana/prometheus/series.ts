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

export const pick = (labels: Labels, names: readonly string[]): Labels => {
  const picked: Record<string, string> = {};
  for (const name of names) if (labels[name] !== undefined && labels[name] !== '') picked[name] = labels[name];
  return picked;
};

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

/** Two series that are the same once their name is gone cannot be told apart. */
export function unique(series: readonly Series[]): readonly Series[] {
  const names = new Set(series.map(({ labels }) => labelsKey(labels)));
  if (names.size !== series.length) throw new PromError('execution', 'vector cannot contain metrics with the same labelset');
  return series;
}
