import type { DuckDBConnection } from '@duckdb/node-api';
import { ident } from './sql-text.ts';
import type { HotRange, Store } from './store.ts';

/** Looks where the hot rows of a table lie. */
export async function findHotRange(connection: DuckDBConnection, table: string): Promise<HotRange | null> {
  const reader = await connection.runAndReadAll(`SELECT epoch_ms(min(ts))::DOUBLE, epoch_ms(max(ts))::DOUBLE + 1 FROM hot.${ident(table)}`);
  const [from, to] = reader.getRows()[0] ?? [];
  return typeof from === 'number' && typeof to === 'number' ? { from, to } : null;
}

/** Before rows at `at` are written. */
export function growHotRange({ hot }: Pick<Store, 'hot'>, table: string, at: number): void {
  const known = hot.get(table);
  if (known === undefined) hot.set(table, { from: at, to: at });
  else if (at < known.from || at > known.to) hot.set(table, { from: Math.min(at, known.from), to: Math.max(at, known.to) });
}

/** After rows were moved away. Rows that were written meanwhile are seen by the look, or have grown the range since. */
export async function shrinkHotRange(store: Store, table: string): Promise<void> {
  const before = store.hot.get(table);
  const found = await findHotRange(store.keeper, table);
  // Only when nobody has changed it while it was looked: else it stays too wide, which costs time and nothing else.
  if (store.hot.get(table) !== before) return;
  if (found === null) store.hot.delete(table);
  else store.hot.set(table, found);
}
