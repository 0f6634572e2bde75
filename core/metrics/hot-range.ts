import type { DuckDBConnection } from '@duckdb/node-api';
import { ident } from './sql-text.ts';

/** Epoch milliseconds, both included. Taken before a transaction begins it covers what that transaction sees: it grows before a write and shrinks after a sealing. */
export interface HotRange {
  readonly from: number;
  readonly to: number;
}

/** Looks where the hot rows of a table lie. */
export async function findHotRange(connection: DuckDBConnection, table: string): Promise<HotRange | null> {
  const reader = await connection.runAndReadAll(`SELECT epoch_ms(min(ts))::DOUBLE, epoch_ms(max(ts))::DOUBLE + 1 FROM hot.${ident(table)}`);
  const [from, to] = reader.getRows()[0] ?? [];
  return typeof from === 'number' && typeof to === 'number' ? { from, to } : null;
}

/** Before rows at `at` are written. */
export function growHotRange({ hot }: { readonly hot: Map<string, HotRange> }, table: string, at: number): void {
  const known = hot.get(table);
  if (known === undefined) hot.set(table, { from: at, to: at });
  else if (at < known.from || at > known.to) hot.set(table, { from: Math.min(at, known.from), to: Math.max(at, known.to) });
}

/** After rows were moved away. Rows that were written meanwhile are seen by the look, or have grown the range since. */
export async function shrinkHotRange(
  store: { readonly hot: Map<string, HotRange>; readonly keeper: DuckDBConnection },
  table: string,
): Promise<void> {
  const before = store.hot.get(table);
  const found = await findHotRange(store.keeper, table);
  // Only when nobody has changed it while it was looked: else it stays too wide, which costs time and nothing else.
  if (store.hot.get(table) !== before) return;
  if (found === null) store.hot.delete(table);
  else store.hot.set(table, found);
}
