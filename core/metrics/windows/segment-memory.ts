import type { DuckDBDataChunk } from '@duckdb/node-api';
import { numbersOf } from '../chunk-reader.ts';
import { seriesOf, type Targets } from './series.ts';

/** Columns by series that were read lately, from parts that do not change: a sealed file, an hour of hot rows as long as nothing is written to it. */

/** Rows of one series in one part: of arrays that it shares with others, from `from` up to, not including, `to`. */
export interface Segment {
  readonly columns: readonly Float64Array[];
  readonly from: number;
  readonly to: number;
}

/** Of one part, what was read lately for one kind of query. */
interface Block {
  /** By thing, then by series; a thing without rows is there and has none. */
  readonly things: Map<string, Map<string, Segment>>;
  /** All things of the part are there. */
  isWhole: boolean;
  bytes: number;
}

/** Segments by series, in the order of the parts. */
export type Segments = ReadonlyMap<string, readonly Segment[]>;

/** The blocks that were not used for longest go first. */
export interface SegmentMemory {
  block(key: string): Block;
  /** Counts bytes that a block has grown by. */
  grow(key: string, bytes: number): void;
  /** What was put together for the very same things, by the keys of its parts; forgotten whenever a block changes. */
  readonly together: Map<string, WeakMap<readonly string[], Segments>>;
}

const MEMORY_BYTES_MAX = 64_000_000;
/** Questions whose answers are kept put together. */
const TOGETHER_MAX = 8;

export function createSegmentMemory(bytesMax = MEMORY_BYTES_MAX): SegmentMemory {
  const blocks = new Map<string, Block>();
  const together: SegmentMemory['together'] = new Map();
  let bytes = 0;
  return {
    together,
    block(key) {
      const block = blocks.get(key) ?? { things: new Map(), isWhole: false, bytes: 0 };
      // The order of the map is that of use.
      blocks.delete(key);
      blocks.set(key, block);
      return block;
    },
    grow(key, by) {
      together.clear();
      const grown = blocks.get(key);
      if (grown === undefined) return;
      grown.bytes += by;
      bytes += by;
      for (const [oldest, block] of blocks) {
        if (bytes <= bytesMax) return;
        blocks.delete(oldest);
        bytes -= block.bytes;
      }
    },
  };
}

/** Columns as they come in, chunk after chunk. */
export class Columns {
  #columns: Float64Array[];
  #count = 0;

  constructor(columns: number) {
    this.#columns = Array.from({ length: columns }, () => new Float64Array());
  }

  get count(): number {
    return this.#count;
  }

  /** Makes room for so many rows in all. */
  reserve(rows: number): void {
    if (rows <= this.#columns[0]!.length) return;
    this.#columns = this.#columns.map((column) => {
      const larger = new Float64Array(rows);
      larger.set(column.subarray(0, this.#count));
      return larger;
    });
  }

  push(chunk: DuckDBDataChunk, first: number): void {
    const rows = this.#count + chunk.rowCount;
    if (rows > this.#columns[0]!.length) this.reserve(Math.max(rows, 2 * this.#columns[0]!.length));
    for (const [index, column] of this.#columns.entries()) column.set(numbersOf(chunk, first + index), this.#count);
    this.#count = rows;
  }

  /** Arrays of their own, or all there is as it is. */
  slice(from: number, to: number): Float64Array[] {
    return this.#columns.map((column) => (from === 0 && to === column.length ? column : column.slice(from, to)));
  }
}

/** Rows of one series in one part, among all that were loaded. */
export interface Run {
  readonly names: readonly string[];
  /** Which part, of those that were asked for. */
  readonly part: number;
  readonly from: number;
  to: number;
}

/** What was loaded of several parts: part after part, in each series after series. */
export interface Loaded {
  readonly columns: Columns;
  readonly runs: readonly Run[];
}

interface Found {
  readonly thing: string;
  readonly series: string;
  readonly segment: Segment;
}

/** Every part has arrays of its own, so that what is forgotten of one is free. */
function byPart({ columns, runs }: Loaded): Map<number, Found[]> {
  return new Map(
    [...Map.groupBy(runs, ({ part }) => part)].map(([part, own]) => {
      const start = own[0]!.from;
      const arrays = columns.slice(start, own.at(-1)!.to);
      const seen = new Set<string>();
      const found = own.map(({ names, from, to }) => {
        const series = seriesOf(names);
        if (seen.has(series)) throw new TypeError(`rows of ${names.join('/')} do not stand together`);
        seen.add(series);
        return { thing: names[0]!, series, segment: { columns: arrays, from: from - start, to: to - start } };
      });
      return [part, found];
    }),
  );
}

/** An entry of a map costs about as much. */
const SEGMENT_BYTES = 300;

function remember(memory: SegmentMemory, key: string, { found, targets }: { found: readonly Found[]; targets: Targets }): void {
  const block = memory.block(key);
  for (const target of targets ?? []) block.things.set(target, new Map());
  if (targets === null) {
    block.things.clear();
    block.isWhole = true;
  }
  for (const { thing, series, segment } of found) {
    const own = block.things.get(thing) ?? new Map<string, Segment>();
    block.things.set(thing, own);
    own.set(series, segment);
  }
  const arrays = found[0]?.segment.columns.reduce((sum, { byteLength }) => sum + byteLength, 0) ?? 0;
  memory.grow(key, arrays + (found.length + (targets?.length ?? 0)) * SEGMENT_BYTES);
}

const isKnown = (block: Block, targets: Targets): boolean => block.isWhole || (targets?.every((name) => block.things.has(name)) ?? false);

/** Parts by the keys that their blocks have in memory, null for what is too much to be remembered; `load` reads some of them. */
export interface Parts {
  readonly keys: readonly (string | null)[];
  load(parts: readonly number[]): Promise<Loaded>;
}

/** The segments of some things by series; from memory where they were read lately. */
export async function recall(memory: SegmentMemory, parts: Parts, targets: Targets): Promise<Segments> {
  // Held from here on: what is read now may push them out of the memory.
  const blocks = parts.keys.map((key) => (key === null ? null : memory.block(key)));
  const question = parts.keys.join('\n');
  const known = targets && memory.together.get(question)?.get(targets);
  if (known) return known;
  const unread = [...parts.keys.keys()].filter((part) => !(blocks[part] && isKnown(blocks[part], targets)));
  const segments = await putTogether(memory, { ...parts, blocks, unread }, targets);
  if (unread.length === 0 && targets !== null) {
    if (memory.together.size >= TOGETHER_MAX) memory.together.clear();
    const lists = memory.together.get(question) ?? new WeakMap<readonly string[], Segments>();
    memory.together.set(question, lists.set(targets, segments));
  }
  return segments;
}

async function putTogether(
  memory: SegmentMemory,
  { keys, load, blocks, unread }: Parts & { readonly blocks: readonly (Block | null)[]; readonly unread: readonly number[] },
  targets: Targets,
): Promise<Segments> {
  const bySeries = new Map<string, Segment[]>();
  const add = (series: string, segment: Segment): void => {
    const list = bySeries.get(series);
    if (list) list.push(segment);
    else bySeries.set(series, [segment]);
  };
  const loaded = unread.length === 0 ? new Map<number, Found[]>() : byPart(await load(unread));
  const only = targets === null ? null : new Set(targets);
  for (const [part, key] of keys.entries()) {
    const index = unread.indexOf(part);
    if (index >= 0) {
      const found = loaded.get(index) ?? [];
      for (const { thing, series, segment } of found) if (only === null || only.has(thing)) add(series, segment);
      if (key !== null) remember(memory, key, { found, targets });
      continue;
    }
    const { things } = blocks[part]!;
    for (const thing of targets ?? things.keys()) for (const [series, segment] of things.get(thing) ?? []) add(series, segment);
  }
  return bySeries;
}
