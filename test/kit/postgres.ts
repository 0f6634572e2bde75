import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { startTestServer, type TestServer } from './postgres-server.ts';

export { quietLog } from './postgres-server.ts';

export interface TestDatabase extends AsyncDisposable {
  /** Of a fresh, empty database. */
  readonly url: string;
  /** Ends all its connections, as a restart of the server would; new ones are accepted. */
  dropConnections(): Promise<void>;
  /** One statement as the owner, outside of the code under test. */
  query<T extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<T[]>;
}

async function run<T extends object>(url: string, text: string, values: readonly unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as T[];
  } finally {
    await client.end();
  }
}

/**
 * A new database on the server of this vitest run (see postgres-setup.ts), or of NOVACRON_TEST_DATABASE_URL; without either it brings
 * a server of its own. It is dropped at the end, whoever is still connected.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const given = process.env['NOVACRON_TEST_DATABASE_URL'];
  const own: TestServer | undefined = given === undefined ? await startTestServer() : undefined;
  const server = given ?? own?.url ?? '';
  const name = `test_${randomBytes(8).toString('hex')}`;
  await run(server, `create database ${name} template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (text, values) => run(url.href, text, values),
    dropConnections: async () =>
      void (await run(server, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])),
    async [Symbol.asyncDispose]() {
      await run(server, `drop database if exists ${name} with (force)`);
      await own?.[Symbol.asyncDispose]();
    },
  };
}
