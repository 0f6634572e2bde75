import { startTestServer } from './postgres-server.ts';

const VARIABLE = 'NOVACRON_TEST_DATABASE_URL';

/** A vitest globalSetup: one server for the whole run, unless one is given from outside. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[VARIABLE] !== undefined) return undefined;
  const server = await startTestServer();
  process.env[VARIABLE] = server.url;
  return async () => {
    delete process.env[VARIABLE];
    await server[Symbol.asyncDispose]();
  };
}
