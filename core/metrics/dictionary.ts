import type { DuckDBConnection } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';
import { ident } from './sql-text.ts';

/** Integers for the names of entities or devices: sample rows hold fixed-width cells only. */
export interface Dictionary {
  /** The ids of the names, new ones given where a name is new. */
  ids(names: readonly string[]): Int32Array;
  find(name: string): number | undefined;
  /** The id must be one of this dictionary's. */
  nameOf(id: number): string;
  names(): Iterable<string>;
  count(): number;
  /** Writes the new names in the connection's transaction. */
  save(connection: DuckDBConnection): Promise<void>;
  /** The transaction committed. */
  keep(): void;
  /** The transaction failed: the new names are unknown again. */
  forget(): void;
}

const NAMES_MAX = 2_000_000;

export async function loadDictionary(connection: DuckDBConnection, table: 'entity' | 'device'): Promise<Dictionary> {
  const target = `hot.${ident(table)}`;
  const rows = (await connection.runAndReadAll(`SELECT id, name FROM ${target}`)).getRows() as [number, string][];
  const known = new Map(rows.map(([id, name]) => [name, id]));
  const byId = new Map(rows);
  let next = rows.reduce((max, [id]) => Math.max(max, id), 0) + 1;
  let fresh: string[] = [];

  function idOf(name: string): number {
    const id = known.get(name);
    if (id !== undefined) return id;
    if (known.size >= NAMES_MAX)
      throw new HubError('metrics_full', `More than ${NAMES_MAX} names of ${table} were given to the metrics store.`, { status: 507 });
    known.set(name, next);
    byId.set(next, name);
    fresh.push(name);
    return next++;
  }
  return {
    ids: (names) => Int32Array.from(names, idOf),
    find: (name) => known.get(name),
    nameOf(id) {
      const name = byId.get(id);
      if (name === undefined) throw new TypeError(`no ${table} ${id}`);
      return name;
    },
    names: () => known.keys(),
    count: () => known.size,
    async save(connection) {
      if (fresh.length === 0) return;
      const ids = fresh.map((name) => known.get(name) ?? 0);
      await connection.run(`INSERT INTO ${target} SELECT unnest(from_json($1, '["INTEGER"]')), unnest(from_json($2, '["VARCHAR"]'))`, [
        JSON.stringify(ids),
        JSON.stringify(fresh),
      ]);
    },
    keep() {
      fresh = [];
    },
    forget() {
      for (const name of fresh) {
        byId.delete(known.get(name) ?? 0);
        known.delete(name);
      }
      fresh = [];
    },
  };
}
