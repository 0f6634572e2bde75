import type { DuckDBDataChunk } from '@duckdb/node-api';
import { eachRun, numbersOf } from './chunk-reader.ts';
import { parquetOf, seriesKey, type SealedFile } from './views.ts';
import { eachChunk, sealedTargets, seriesOf, type SampleSource, type Targets } from './sample-source.ts';

/** Rows of one series in one sealed file: a part of arrays that it shares with others, from `from` up to, not including, `to`. */
export interface Segment {
  readonly columns: readonly Float64Array[];
  readonly from: number;
  readonly to: number;
}

/** What is wanted of sealed files. */
export interface Wanted {
  /** The same for the same cells and condition; null: too much to be remembered. */
  readonly key: string | null;
  readonly files: readonly SealedFile[];
  /** SQL of the columns, all of them DOUBLE. */
  readonly cells: readonly string[];
  readonly condition: string;
}

/** Of one file, what was read lately for one kind of query. */
interface Block {
  /** By thing, then by series; a thing without rows is there and has none. */
  readonly things: Map<string, Map<string, Segment>>;
  /** All things of the file are there. */
  isWhole: boolean;
  bytes: number;
}

/** Columns of sealed files by thing. Such a file never changes: what is remembered stays true. The blocks that were not used for longest go first. */
export interface SegmentMemory {
  block(key: string): Block;
  /** Counts bytes that a block has grown by. */
  grow(key: string, bytes: number): void;
}

const MEMORY_BYTES_MAX = 64_000_000;

export function createSegmentMemory(bytesMax = MEMORY_BYTES_MAX): SegmentMemory {
  const blocks = new Map<string, Block>();
  let bytes = 0;
  return {
    block(key) {
      const block = blocks.get(key) ?? { things: new Map(), isWhole: false, bytes: 0 };
      // The order of the map is that of use.
      blocks.delete(key);
      blocks.set(key, block);
      return block;
    },
    grow(key, by) {
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
    this.#columns = Array.from({ length: columns }, () => new Float64Array(4096));
  }

  get count(): number {
    return this.#count;
  }

  push(chunk: DuckDBDataChunk, first: number): void {
    const rows = this.#count + chunk.rowCount;
    if (rows > this.#columns[0]!.length)
      this.#columns = this.#columns.map((column) => {
        const larger = new Float64Array(Math.max(rows, 2 * column.length));
        larger.set(column.subarray(0, this.#count));
        return larger;
      });
    for (const [index, column] of this.#columns.entries()) column.set(numbersOf(chunk, first + index), this.#count);
    this.#count = rows;
  }

  slice(from: number, to: number): Float64Array[] {
    return this.#columns.map((column) => column.slice(from, to));
  }
}

interface Run {
  readonly names: readonly string[];
  readonly file: number;
  readonly from: number;
  to: number;
}

/** Reads columns of some files whole; rows come file after file, series after series. */
async function load(
  source: SampleSource,
  { files, cells, condition }: Wanted,
  targets: Targets,
): Promise<{ columns: Columns; runs: Run[] }> {
  const key = seriesKey(source.shape);
  const keys = source.shape.hasDevice ? [0, 1] : [0];
  const sql = `SELECT ${key}, ${cells.join(', ')}, file_index::INTEGER FROM ${parquetOf(files)} WHERE ${condition}${sealedTargets(targets)}`;
  const columns = new Columns(cells.length);
  const runs: Run[] = [];
  await eachChunk(source, { sql, isLarge: source.isLarge.sealed }, (chunk) => {
    const start = columns.count;
    columns.push(chunk, keys.length);
    eachRun(chunk, [...keys, chunk.columnCount - 1], (found, { from, to }) => {
      const [names, file] = [found.slice(0, -1), Number(found.at(-1))];
      const last = runs.at(-1);
      if (last?.file === file && seriesOf(last.names) === seriesOf(names)) last.to = start + to;
      else runs.push({ names, file, from: start + from, to: start + to });
    });
  });
  return { columns, runs };
}

interface Found {
  readonly thing: string;
  readonly series: string;
  readonly segment: Segment;
}

/** The segments of each file that was loaded; every file has arrays of its own, so that what is forgotten of one is free. */
function segmentsOf({ columns, runs }: { columns: Columns; runs: readonly Run[] }): Map<number, Found[]> {
  return new Map(
    [...Map.groupBy(runs, ({ file }) => file)].map(([file, own]) => {
      const start = own[0]!.from;
      const arrays = columns.slice(start, own.at(-1)!.to);
      const found = own.map(({ names, from, to }) => ({
        thing: names[0]!,
        series: seriesOf(names),
        segment: { columns: arrays, from: from - start, to: to - start },
      }));
      return [file, found];
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

/** The segments of some things, by series, in the order of the files; from memory where they were read lately. */
export async function readSegments(source: SampleSource, wanted: Wanted, targets: Targets): Promise<Map<string, Segment[]>> {
  const { files, key } = wanted;
  const { memory } = source.store;
  const keyOf = ({ path }: SealedFile): string => `${path} ${key}`;
  const bySeries = new Map<string, Segment[]>();
  const add = (series: string, segment: Segment): void => {
    const list = bySeries.get(series);
    if (list) list.push(segment);
    else bySeries.set(series, [segment]);
  };
  // Held from here on: what is read now may push them out of the memory.
  const blocks = new Map(key === null ? [] : files.map((file) => [file, memory.block(keyOf(file))]));
  const unread = files.filter((file) => !blocks.has(file) || !isKnown(blocks.get(file)!, targets));
  const loaded = unread.length === 0 ? new Map<number, Found[]>() : segmentsOf(await load(source, { ...wanted, files: unread }, targets));
  const only = targets === null ? null : new Set(targets);
  for (const file of files) {
    const index = unread.indexOf(file);
    if (index >= 0) {
      const found = loaded.get(index) ?? [];
      for (const { thing, series, segment } of found) if (only === null || only.has(thing)) add(series, segment);
      if (key !== null) remember(memory, keyOf(file), { found, targets });
      continue;
    }
    const { things } = blocks.get(file)!;
    for (const thing of targets ?? things.keys()) for (const [series, segment] of things.get(thing) ?? []) add(series, segment);
  }
  return bySeries;
}
