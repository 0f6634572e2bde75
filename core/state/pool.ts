import { Pool, types as pgTypes, type PoolClient, type QueryResult } from 'pg';
import type { Log } from '../contract.ts';
import { stateError } from './errors.ts';

export interface PoolOptions {
  readonly url: string;
  readonly log: Log;
  /** Default 16. */
  readonly connectionsMax?: number;
  /** The server ends a statement that takes longer. Default 15 s. */
  readonly statementTimeoutMs?: number;
  /** How long a caller waits for a free connection. Default 5 s. */
  readonly acquireTimeoutMs?: number;
}

/** A connection whose failures are HubErrors when the server is to blame. Shaped as Kysely wants its clients. */
export interface Connection {
  /** The schema that it was last set to; `undefined`: the server's default. */
  searchPath?: string;
  query(text: string, values?: readonly unknown[]): Promise<QueryResult>;
  release(): void;
}

export interface ConnectionPool {
  connect(): Promise<Connection>;
  end(): Promise<void>;
}

/** Our bigints are counters and epoch milliseconds, far below 2^53, so they come as numbers. */
const typeParsers = {
  getTypeParser(oid: TypeId, format?: 'text' | 'binary') {
    return oid === pgTypes.builtins.INT8 && format !== 'binary' ? Number : pgTypes.getTypeParser(oid, format);
  },
};

type TypeId = Parameters<typeof pgTypes.getTypeParser>[0];

export const clientOptions = (url: string, statementTimeoutMs: number) => ({
  connectionString: url,
  application_name: 'novacron',
  statement_timeout: statementTimeoutMs,
  // The client's own limit is for a server that hangs: it must be the longer one.
  query_timeout: statementTimeoutMs + 5_000,
  idle_in_transaction_session_timeout: 60_000,
  connectionTimeoutMillis: 5_000,
  keepAlive: true,
  types: typeParsers as never,
});

function wrap(client: PoolClient): Connection {
  let broken: Error | undefined;
  return {
    async query(text, values) {
      try {
        return await (values === undefined ? client.query(text) : client.query(text, [...values]));
      } catch (error) {
        const shown = stateError(error);
        if (shown !== error) broken = shown as Error;
        throw shown;
      }
    },
    // A connection that failed or was cut off in the middle is thrown away, not given to the next caller.
    release: () => client.release(broken),
  };
}

export function openPool(options: PoolOptions): ConnectionPool {
  const pool = new Pool({
    ...clientOptions(options.url, options.statementTimeoutMs ?? 15_000),
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 5_000,
    max: options.connectionsMax ?? 16,
    idleTimeoutMillis: 60_000,
  });
  // end() resolves before the last sockets have closed: that the server then ends them is no loss.
  const lost = (error: Error): void => {
    if (!pool.ending) options.log.warn({ error: error.message }, 'a PostgreSQL connection was lost');
  };
  pool.on('error', lost);
  // A client that is checked out has no listener of the pool: without this one its loss would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const wrapped = new WeakMap<PoolClient, Connection>();
  return {
    async connect() {
      try {
        const client = await pool.connect();
        const known = wrapped.get(client) ?? wrap(client);
        wrapped.set(client, known);
        return known;
      } catch (error) {
        throw stateError(error);
      }
    },
    end: () => pool.end(),
  };
}

export async function withConnection<T>(pool: ConnectionPool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect();
  try {
    return await work(connection);
  } finally {
    connection.release();
  }
}

/** Runs `work` in one transaction; rolls back when it throws. */
export async function inTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.query('begin');
  try {
    const result = await work();
    await connection.query('commit');
    return result;
  } catch (error) {
    // The first error is the one that matters: a rollback fails only when the connection is gone, and then there is nothing to roll back.
    await connection.query('rollback').catch(() => undefined);
    throw error;
  }
}
