import type { Metrics } from 'novacron/plugin';
import { compose, place, windowQuery } from './columns.ts';
import type { Source } from './source.ts';

/** Instants of the past at which a rule is looked at: `from + stepMs`, `from + 2 * stepMs` … */
export interface Grid {
  readonly from: number;
  readonly stepMs: number;
  readonly steps: number;
  /** Place of each series: `<entity>[/<device>]`. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** Entities to ask for; `null`: all. */
  readonly targets: readonly string[] | null;
  /** A metric whose samples say that there was one at all. */
  readonly presence: string | null;
}

/** A newest value that is older says nothing of its instant. */
const FRESH_MS = 300_000;

type Leaf = Extract<Source, { is: 'newest' | 'window' | 'age' }>;

function leavesOf(source: Source): readonly Leaf[] {
  switch (source.is) {
    case 'quotient':
    case 'difference':
      return [...leavesOf(source.a), ...leavesOf(source.b)];
    case 'newest':
    case 'window':
    case 'age':
      return [source];
    case 'own':
      return [];
  }
}

const nothing = ({ steps, indexOf }: Grid): Float64Array => new Float64Array(steps * indexOf.size).fill(Number.NaN);

/** Seconds since the newest sample at each step; NaN before the first. */
function agesOf(present: Float64Array, { indexOf, stepMs }: Grid): Float64Array {
  const width = indexOf.size;
  const age = new Float64Array(width).fill(Number.NaN);
  return present.map((value, at) => (age[at % width] = Number.isNaN(value) ? (age[at % width] ?? Number.NaN) + stepMs / 1000 : 0));
}

async function readLeaf(
  metrics: Pick<Metrics, 'windows'>,
  grid: Grid,
  { leaf, signal }: { leaf: Leaf; signal: AbortSignal },
): Promise<Float64Array> {
  const { from, stepMs, steps, targets, presence, indexOf } = grid;
  const last = { function: 'last', parameter: null, agoMs: 0 } as const;
  const windowOf = (): Parameters<typeof windowQuery>[0] | null => {
    if (leaf.is === 'window') return leaf;
    if (leaf.is === 'newest') return { ...last, metric: leaf.metric, windowMs: FRESH_MS };
    return presence === null ? null : { ...last, metric: presence, windowMs: stepMs };
  };
  const window = windowOf();
  if (window === null) return nothing(grid);
  const query = { ...windowQuery(window, { from: from + stepMs, to: from + steps * stepMs, stepMs }), targets };
  const cells = await place(await metrics.windows(query, signal), indexOf, indexOf.size);
  return leaf.is === 'age' ? agesOf(cells, grid) : cells;
}

/** The values of a source over a grid of the past, from what was recorded: cells by step, then by thing; NaN where there is nothing. */
export async function readHistory(
  metrics: Pick<Metrics, 'windows'>,
  grid: Grid,
  { source, signal }: { source: Source; signal: AbortSignal },
): Promise<Float64Array> {
  const read = new Map<Source, Float64Array>();
  for (const leaf of leavesOf(source)) read.set(leaf, await readLeaf(metrics, grid, { leaf, signal }));
  return compose(source, (leaf) => read.get(leaf) ?? nothing(grid));
}
