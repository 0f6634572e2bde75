import { eachRun } from '../chunk-reader.ts';
import { seriesOf, type Targets } from './series.ts';
import { eachChunk, LISTED_MAX, sealedTargets, type SampleSource } from './source.ts';
import { Columns, recall, type Loaded, type Run, type Segments } from './segment-memory.ts';
import { parquetOf, seriesKey, type SealedFile } from '../views.ts';

/** What is wanted of sealed files. */
export interface Wanted {
  /** The same for the same cells and condition; null: too much to be remembered. */
  readonly key: string | null;
  readonly files: readonly SealedFile[];
  /** SQL of the columns, all of them DOUBLE. */
  readonly cells: readonly string[];
  readonly condition: string;
}

/** Reads columns of some files whole; rows come file after file, series after series. */
async function loadFiles(source: SampleSource, { files, cells, condition }: Wanted, targets: Targets): Promise<Loaded> {
  const key = seriesKey(source.shape);
  const keys = source.shape.hasDevice ? [0, 1] : [0];
  // A list of names becomes a join, which hands out rows in any order; all else keeps that of the files.
  const order = targets !== null && targets.length > 1 && targets.length <= LISTED_MAX ? ` ORDER BY file_index, ${key}, ts` : '';
  const sql = `SELECT ${key}, ${cells.join(', ')}, file_index::INTEGER FROM ${parquetOf(files)} WHERE ${condition}${sealedTargets(targets)}${order}`;
  const columns = new Columns(cells.length);
  const runs: Run[] = [];
  const expect = (rows: number): void => columns.reserve(rows);
  await eachChunk(source, { sql, isLarge: source.isLarge.sealed, expect }, (chunk) => {
    const start = columns.count;
    columns.push(chunk, keys.length);
    eachRun(chunk, [...keys, chunk.columnCount - 1], (found, { from, to }) => {
      const [names, part] = [found.slice(0, -1), Number(found.at(-1))];
      const last = runs.at(-1);
      if (last?.part === part && seriesOf(last.names) === seriesOf(names)) last.to = start + to;
      else runs.push({ names, part, from: start + from, to: start + to });
    });
  });
  return { columns, runs };
}

/** The segments of some things, by series, in the order of the files. A sealed file never changes: what is remembered of it stays true. */
export function readSegments(source: SampleSource, wanted: Wanted, targets: Targets): Promise<Segments> {
  const { files, key } = wanted;
  const keys = files.map(({ path }) => (key === null ? null : `${path} ${key}`));
  const load = (parts: readonly number[]): Promise<Loaded> =>
    loadFiles(source, { ...wanted, files: parts.map((part) => files[part]!) }, targets);
  return recall(source.store.memory, { keys, load }, targets);
}
