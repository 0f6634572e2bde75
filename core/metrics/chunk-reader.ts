import type { DuckDBDataChunk } from '@duckdb/node-api';

/** The other way round from `chunk-writer.ts`: columns of a chunk as they lie in memory, without an object for each cell. Copy what is kept: the chunk owns it. */
export function numbersOf(chunk: DuckDBDataChunk, column: number): Float64Array {
  return itemsOf(chunk, column, Float64Array);
}

export const integersOf = (chunk: DuckDBDataChunk, column: number): Int32Array => itemsOf(chunk, column, Int32Array);

function itemsOf<T extends Float64Array | Int32Array>(
  chunk: DuckDBDataChunk,
  column: number,
  type: abstract new (...given: never[]) => T,
): T {
  const { items } = chunk.getColumnVector(column) as unknown as { readonly items?: unknown };
  if (!(items instanceof type)) throw new TypeError(`column ${column} of a chunk has not the type that was asked for`);
  return items;
}

/** Calls `visit` for each run of rows with the same text in the columns; rows must be sorted by them. */
export function eachRun(
  chunk: DuckDBDataChunk,
  columns: readonly number[],
  visit: (names: readonly string[], range: { from: number; to: number }) => void,
): void {
  const vectors = columns.map((column) => chunk.getColumnVector(column));
  const namesAt = (row: number): string[] => vectors.map((vector) => String(vector.getItem(row)));
  let run: { names: string[]; from: number } | null = null;
  const end = (to: number): void => {
    if (run !== null) visit(run.names, { from: run.from, to });
  };
  const isSame = (a: readonly string[], b: readonly string[]): boolean => a.every((name, index) => name === b[index]);
  // Sorted rows with the same names at both ends have them in between: most chunks are of one or two series.
  const split = (lo: number, hi: number): void => {
    const first = namesAt(lo);
    if (run === null || !isSame(run.names, first)) {
      end(lo);
      run = { names: first, from: lo };
    }
    if (lo === hi || isSame(first, namesAt(hi))) return;
    const middle = (lo + hi) >> 1;
    split(lo, middle);
    split(middle + 1, hi);
  };
  if (chunk.rowCount > 0) split(0, chunk.rowCount - 1);
  end(chunk.rowCount);
}
