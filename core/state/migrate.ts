import { createHash } from 'node:crypto';
import { HubError } from '../contract.ts';
import { type Connection, type ConnectionPool, inTransaction, withConnection } from './pool.ts';

/** SQL that is run once. The name says what it does and is never used again; applied SQL is never edited. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface MigrateOptions {
  readonly pool: ConnectionPool;
  /** The PostgreSQL schema that the SQL is run in; made when absent. It is a name of ours, checked by the caller. */
  readonly schema: string;
  readonly migrations: readonly Migration[];
}

/** One key for all hubs on a database, so that two of them that start at once take turns. */
export const MIGRATION_LOCK = `select pg_advisory_xact_lock(hashtext('novacron.migrate'))`;
const checksumOf = (sql: string): string => createHash('sha256').update(sql).digest('hex');

async function appliedIn(connection: Connection, schema: string): Promise<Map<string, string> | undefined> {
  const exists = await connection.query(`select to_regclass('core.migration') is not null as "exists"`);
  if (exists.rows[0]?.exists !== true) return undefined;
  const { rows } = await connection.query('select name, checksum from core.migration where schema = $1', [schema]);
  return new Map(rows.map((row: { name: string; checksum: string }) => [row.name, row.checksum]));
}

function refuseUnknown(applied: ReadonlyMap<string, string>, { schema, migrations }: MigrateOptions): void {
  const known = new Map(migrations.map(({ name, sql }) => [name, checksumOf(sql)]));
  for (const [name, checksum] of applied) {
    const expected = known.get(name);
    if (expected === undefined) {
      throw new HubError(
        'state_newer',
        `The database has the migration "${name}" of "${schema}", which this version does not know: a newer NovaCron has used it. Start that version, or restore an older backup.`,
      );
    }
    if (expected !== checksum) {
      throw new HubError(
        'state_migration_changed',
        `The migration "${name}" of "${schema}" was changed after it had been applied. Take the change back and write a new migration.`,
      );
    }
  }
}

async function ensureBase(connection: Connection): Promise<void> {
  await inTransaction(connection, async () => {
    await connection.query(MIGRATION_LOCK);
    await connection.query(`create schema if not exists core;
      create table if not exists core.migration (
        schema text not null, name text not null, checksum text not null, "appliedAt" timestamptz not null default now(),
        primary key (schema, name))`);
  });
}

async function apply(connection: Connection, schema: string, migration: Migration): Promise<boolean> {
  return await inTransaction(connection, async () => {
    await connection.query(MIGRATION_LOCK);
    const done = await connection.query('select 1 from core.migration where schema = $1 and name = $2', [schema, migration.name]);
    if (done.rows.length > 0) return false;
    await connection.query(`create schema if not exists "${schema}"; set local search_path to "${schema}"`);
    try {
      await connection.query(migration.sql);
    } catch (cause) {
      if (HubError.is(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new HubError('state_migration_failed', `The migration "${migration.name}" of "${schema}" failed: ${reason}.`, { cause });
    }
    await connection.query('insert into core.migration (schema, name, checksum) values ($1, $2, $3)', [
      schema,
      migration.name,
      checksumOf(migration.sql),
    ]);
    return true;
  });
}

/** Applies what is missing, in order; returns the names of what this call applied. Costs one query when nothing is missing. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  return await withConnection(options.pool, async (connection) => {
    let applied = await appliedIn(connection, options.schema);
    if (applied === undefined) {
      await ensureBase(connection);
      applied = new Map();
    }
    refuseUnknown(applied, options);
    const news: string[] = [];
    for (const migration of options.migrations) {
      if (!applied.has(migration.name) && (await apply(connection, options.schema, migration))) news.push(migration.name);
    }
    return news;
  });
}
