import type { DuckDBConnection } from '@duckdb/node-api';
import { readCatalogue } from './sealed.ts';
import type { SqlReads } from './sql-guard.ts';
import type { Store } from './store.ts';
import { viewStatement } from './views.ts';

/** The views that a query reads, for its connection alone, with the columns that it names. */
export async function openViews(store: Store, connection: DuckDBConnection, reads: SqlReads): Promise<void> {
  if (reads.views.size === 0) return;
  const sealed = await readCatalogue(connection, store.folders.sealed);
  for (const { shape } of store.tables.values()) {
    const files = sealed.filter((file) => file.table === shape.name);
    const columns = shape.columns.filter(({ name }) => reads.columns?.has(name.toLowerCase()) ?? true);
    for (const view of shape.views) if (reads.views.has(view)) await connection.run(viewStatement(shape, view, { columns, files }));
  }
}
