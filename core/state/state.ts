import { Kysely, PostgresDialect } from 'kysely';
import { type Database, HubError, type Log } from '../contract.ts';
import { openEmbedded } from './embedded.ts';
import { checkChannel, createNotifications, type Listener } from './listener.ts';
import { migrate, MIGRATION_LOCK } from './migrate.ts';
import { coreMigrations } from './migrations.ts';
import { createPluginDatabase, pluginSchema } from './plugin-database.ts';
import { type ConnectionPool, openPool, withConnection } from './pool.ts';
import type { CoreTables } from './tables.ts';

export interface StateOptions {
  readonly dataDir: string;
  /** A PostgreSQL of one's own; absent: the embedded one in `dataDir`. */
  readonly databaseUrl?: string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Default 16. */
  readonly connectionsMax?: number;
  /** Default 15 s. */
  readonly statementTimeoutMs?: number;
}

export interface State extends AsyncDisposable {
  /** For libraries that make their own connections; holds the password. */
  readonly url: string;
  /** The tables of the schema `core`. In raw SQL write `core.job`: the search path does not name it. */
  readonly db: Kysely<CoreTables>;
  /** The plugin's own schema; it exists after `migratePlugin`. */
  pluginDatabase(name: string): Promise<Database>;
  /** Runs what was not yet run, in the order of the names. */
  migratePlugin(name: string, migrations: Readonly<Record<string, string>>): Promise<void>;
  /** To all hubs on the database, this one included. `payload` at most 7,900 bytes. */
  notify(channel: string, payload: string): Promise<void>;
  /** After the connection was lost and is back, `listener` is called with an empty payload: something may have been missed. */
  listen(channel: string, listener: Listener): Promise<() => Promise<void>>;
  /** Rejects with `state_unavailable` when PostgreSQL does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const PAYLOAD_BYTES_MAX = 7_900;

function createDb(pool: ConnectionPool): Kysely<CoreTables> {
  // Kysely types its pool after the `pg` of one version; the part it uses is connect, query, release and end.
  return new Kysely<CoreTables>({ dialect: new PostgresDialect({ pool: pool as never }) }).withSchema('core');
}

async function notifyAll(pool: ConnectionPool, channel: string, payload: string): Promise<void> {
  if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX) {
    throw new HubError('state_payload_too_long', `A notification may have ${PAYLOAD_BYTES_MAX} bytes. Store the data and send its id.`);
  }
  await withConnection(pool, (connection) => connection.query('select pg_notify($1, $2)', [checkChannel(channel), payload]));
}

const byName = (migrations: Readonly<Record<string, string>>) =>
  Object.keys(migrations)
    .toSorted()
    .map((name) => ({ name, sql: migrations[name] ?? '' }));

async function ensureSchema(pool: ConnectionPool, schema: string): Promise<void> {
  await withConnection(pool, async (connection) => {
    const { rows } = await connection.query('select 1 from pg_namespace where nspname = $1', [schema]);
    if (rows.length === 0) await connection.query(`begin; ${MIGRATION_LOCK}; create schema if not exists "${schema}"; commit`);
  });
}

/** Opens PostgreSQL, starting the embedded one when no URL is given, and brings the core's tables up to date. */
export async function openState(options: StateOptions): Promise<State> {
  options.signal.throwIfAborted();
  await using undo = new AsyncDisposableStack();
  const server =
    options.databaseUrl === undefined ? await openEmbedded(options) : { url: options.databaseUrl, close: async () => undefined };
  undo.defer(() => server.close());
  const pool = openPool({ ...options, url: server.url });
  undo.defer(() => pool.end());
  const notifications = createNotifications(server.url, options.log);
  undo.defer(() => notifications.close());
  const applied = await migrate({ pool, schema: 'core', migrations: coreMigrations });
  if (applied.length > 0) options.log.info({ applied }, 'the tables of the core were brought up to date');
  const opened = undo.move();
  const close = (): Promise<void> => opened.disposeAsync();
  return {
    url: server.url,
    db: createDb(pool),
    pluginDatabase: async (name) => createPluginDatabase(pool, name),
    async migratePlugin(name, migrations) {
      const schema = pluginSchema(name);
      await ensureSchema(pool, schema);
      await migrate({ pool, schema, migrations: byName(migrations) });
    },
    notify: (channel, payload) => notifyAll(pool, channel, payload),
    listen: (channel, listener) => notifications.listen(channel, listener),
    ping: () => withConnection(pool, async (connection) => void (await connection.query('select 1'))),
    close,
    [Symbol.asyncDispose]: close,
  };
}
