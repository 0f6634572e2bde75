import { randomBytes } from 'node:crypto';
import { runSql, startTestServer, type TestServer, withDatabase } from './postgres-server.ts';

export { quietLog } from './postgres-server.ts';

export interface TestDatabase extends AsyncDisposable {
  /** Of a fresh database. */
  readonly url: string;
  /** Ends all its connections, as a restart of the server would; new ones are accepted. */
  dropConnections(): Promise<void>;
  /** One statement as the owner, outside of the code under test. */
  query<T extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<T[]>;
}

/**
 * A new database on the server of this vitest run (see postgres-setup.ts), or of NOVACRON_TEST_DATABASE_URL; without either it brings
 * a server of its own. It may have the core's tables already, empty; with `bare` it has nothing. Dropped at the end, whoever is still connected.
 */
export async function testDatabase({ bare = false }: { readonly bare?: boolean } = {}): Promise<TestDatabase> {
  const given = process.env['NOVACRON_TEST_DATABASE_URL'];
  const own: TestServer | undefined = given === undefined ? await startTestServer() : undefined;
  const server = given ?? own?.url ?? '';
  const name = `test_${randomBytes(8).toString('hex')}`;
  const template = (bare ? undefined : process.env['NOVACRON_TEST_TEMPLATE']) ?? 'template0';
  await runSql(server, `create database ${name} template ${template}`);
  const url = withDatabase(server, name);
  return {
    url,
    query: (text, values) => runSql(url, text, values),
    dropConnections: async () =>
      void (await runSql(server, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])),
    async [Symbol.asyncDispose]() {
      await runSql(server, `drop database if exists ${name} with (force)`);
      await own?.[Symbol.asyncDispose]();
    },
  };
}
