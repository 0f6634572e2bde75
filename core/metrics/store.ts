import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Dictionary } from './dictionary.ts';
import type { HotRange } from './hot-range.ts';
import type { HotChanges } from './windows/hot-changes.ts';
import type { StoreTable } from './migrate.ts';
import type { SegmentMemory } from './windows/segment-memory.ts';
import type { Tail } from './tail.ts';
import type { SealedFile } from './views.ts';

/** Everything of the open database. It lives in the store's thread; tests open it without one. */
export interface Store {
  readonly db: DuckDBInstance;
  /** For writes: one transaction after the other. */
  readonly writer: DuckDBConnection;
  /** For sealing and imports, which take longer than a write may wait. */
  readonly keeper: DuckDBConnection;
  readonly folders: StoreFolders;
  /** By name: all tables of the database, also those that no plugin declares any more. */
  readonly tables: ReadonlyMap<string, StoreTable>;
  readonly entities: Dictionary;
  readonly devices: Dictionary;
  readonly tail: Tail;
  readonly memory: SegmentMemory;
  /** Between which instants hot rows of a table may lie; a table without any is not in it. */
  readonly hot: Map<string, HotRange>;
  readonly changes: HotChanges;
  /** What is sealed, as the database says it; not while `isMoving`. */
  sealed: readonly SealedFile[];
  /** A day's rows may have moved from hot to sealed while `sealed` does not say so yet. */
  isMoving: boolean;
}

export interface StoreFolders {
  readonly database: string;
  readonly sealed: string;
  readonly imports: string;
  /** A file: what is acknowledged and not in the tables yet. */
  readonly journal: string;
}
