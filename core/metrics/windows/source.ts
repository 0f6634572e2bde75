import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Column, TableShape } from '../schema.ts';
import { literal } from '../sql-text.ts';
import type { HotRange } from '../hot-range.ts';
import type { Reading } from '../read.ts';
import type { Store } from '../store.ts';
import type { Targets } from './series.ts';
import type { SealedFile } from '../views.ts';

export interface SampleSource extends Pick<Reading, 'connect'> {
  readonly store: Store;
  readonly shape: TableShape;
  readonly column: Column;
  readonly files: readonly SealedFile[];
  /** As it was before the transaction began. */
  readonly hot: HotRange | undefined;
  /** Epoch milliseconds: samples after `after` and up to `upTo`. */
  readonly after: number;
  readonly upTo: number;
  /** Whether what is read of sealed files, or of hot rows, is too large to be held as a whole. */
  readonly isLarge: { readonly sealed: boolean; readonly hot: boolean };
  /** Whether what is remembered of hot rows may be used: no day is on its way from hot to sealed. */
  readonly isSteady: boolean;
  /** Throws when the reading is over; told how many rows came. */
  check(rows: number): void;
}

/** Above it a list of names costs more than it spares. */
export const LISTED_MAX = 200;
export const NAN = `'NaN'::DOUBLE`;

interface Asked {
  readonly sql: string;
  readonly isLarge: boolean;
  /** Told how many rows will come, where that is known. */
  expect?(rows: number): void;
}

/** All chunks of an answer. A small one is fetched as a whole: each chunk of a stream is a way to another thread and back. */
export async function eachChunk(
  source: Pick<SampleSource, 'connect' | 'check'>,
  { sql, isLarge, expect }: Asked,
  visit: (chunk: DuckDBDataChunk) => void,
): Promise<void> {
  if (isLarge) return eachStreamed(source, sql, visit);
  const result = await (await source.connect()).run(sql);
  expect?.(result.rowCount);
  for (let index = 0; index < result.chunkCount; index++) {
    const chunk = result.getChunk(index);
    source.check(chunk.rowCount);
    if (chunk.rowCount > 0) visit(chunk);
  }
}

async function eachStreamed(
  source: Pick<SampleSource, 'connect' | 'check'>,
  sql: string,
  visit: (chunk: DuckDBDataChunk) => void,
): Promise<void> {
  const result = await (await source.connect()).stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    source.check(chunk?.rowCount ?? 0);
    if (chunk === null || chunk.rowCount === 0) return;
    visit(chunk);
  }
}

export const timestamp = (at: number): string => `make_timestamp(${Math.round(at)}000)`;

/** Names between the first and the last target; with few of them, only these: the files say by row group which names they hold. */
export function sealedTargets(targets: Targets): string {
  if (targets === null) return '';
  if (targets.length === 1) return ` AND entity = ${literal(targets[0]!)}`;
  const list = targets.length <= LISTED_MAX ? ` AND entity IN (${targets.map(literal).join(', ')})` : '';
  return ` AND entity BETWEEN ${literal(targets[0]!)} AND ${literal(targets.at(-1)!)}${list}`;
}
