import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState } from '../../core/state/state.ts';
import { quietLog, startTestServer } from './postgres-server.ts';

const URL_VARIABLE = 'NOVACRON_TEST_DATABASE_URL';
const TEMPLATE_VARIABLE = 'NOVACRON_TEST_TEMPLATE';

/** Brings the tables of the core into the database that new ones are copied from: that is quicker than making them each time. */
async function fillTemplate(url: string): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'novacron-template-'));
  const state = await openState({ dataDir, databaseUrl: url, log: quietLog, signal: new AbortController().signal });
  await state.close();
  await rm(dataDir, { recursive: true, force: true });
}

/** A vitest globalSetup: one server for the whole run, unless one is given from outside. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[URL_VARIABLE] !== undefined) return undefined;
  const server = await startTestServer();
  const template = await server.createDatabase('novacron_template');
  await fillTemplate(template);
  process.env[URL_VARIABLE] = server.url;
  process.env[TEMPLATE_VARIABLE] = 'novacron_template';
  return async () => {
    delete process.env[URL_VARIABLE];
    delete process.env[TEMPLATE_VARIABLE];
    await server[Symbol.asyncDispose]();
  };
}
