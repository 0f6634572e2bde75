import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readConfigFile, type HubFile } from '../plugins/config-file.ts';
import { loadPlugins } from '../plugins/load.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

const HUB_TIMEOUT_MS = 3000;

/** Reads plugins.json and loads what it names, as the hub would, without starting anything. */
export async function checkConfig(file: string): Promise<{ findings: Finding[]; hub?: HubFile['hub'] }> {
  let read: HubFile;
  try {
    read = await readConfigFile(file);
  } catch (error) {
    return { findings: [bad('plugins.json', messageOf(error), 'Correct the file; editors with JSON Schema help.')] };
  }
  const loaded = await loadPlugins(read, process.env);
  const broken = loaded.flatMap((each) => (each.is === 'broken' ? [each] : []));
  const findings = broken.map(({ name, error }) =>
    bad(`Plugin ${name}`, error.message, `Correct it, or switch it off: "enabled": false at "${name}" in plugins.json.`),
  );
  return { findings: [ok('plugins.json', `${loaded.length - broken.length} plugins load`), ...findings], hub: read.hub };
}

/** The embedded PostgreSQL's folder; nothing to find when the database is elsewhere. */
export function checkDatabase(dataDir: string, databaseUrl: string | undefined): Finding {
  if (databaseUrl !== undefined) return ok('PostgreSQL', 'of your own (DATABASE_URL or hub.databaseUrl)');
  const folder = join(dataDir, 'postgres');
  if (!existsSync(folder) || readdirSync(folder).length === 0) return ok('PostgreSQL', 'embedded; made at the first start');
  if (existsSync(join(folder, 'PG_VERSION'))) return ok('PostgreSQL', `embedded, in ${folder}`);
  return bad(
    'PostgreSQL',
    `${folder} holds something that is no database`,
    'Look what it is; if nothing of worth, move it away and start again: npm run up',
  );
}

export interface HubCheck {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly fetch: typeof globalThis.fetch;
}

/** Is the hub up, and if not, is its port free? */
export async function checkHub({ dataDir, host, port, fetch }: HubCheck): Promise<Finding[]> {
  const url = await urlOf(dataDir);
  if (url !== undefined) {
    const status = await readiness(url, fetch);
    if (status === 200) return [ok('Hub', `runs at ${url}`)];
    if (status !== undefined) return [bad('Hub', `runs at ${url} but is not ready (${status})`, `See what is missing: ${url}/readyz`)];
  }
  const down = warn('Hub', 'does not run', 'npm run up');
  const taken = await portError(host, port);
  if (taken === undefined) return [down, ok('Port', `${host}:${port} is free`)];
  const todo = 'End what listens there (ss -ltnp), or set another "hub": { "port": … } in plugins.json.';
  return [down, bad('Port', `${host}:${port} cannot be used: ${taken}`, todo)];
}

async function urlOf(dataDir: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(join(dataDir, 'cli.json'), 'utf8')) as { url: unknown };
    return typeof url === 'string' ? url : undefined;
  } catch {
    // The file comes with the first start; without it the hub has not been up on this folder.
    return undefined;
  }
}

async function readiness(url: string, fetch: typeof globalThis.fetch): Promise<number | undefined> {
  try {
    const { status } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(HUB_TIMEOUT_MS) });
    return status;
  } catch {
    // Refused or silent: what stands in cli.json is of a hub that is gone.
    return undefined;
  }
}

function portError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
