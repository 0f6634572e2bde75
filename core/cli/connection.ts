import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../contract/errors.ts';

/** Where the hub is and as whom to speak to it. */
export interface Connection {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string;
}

/**
 * `NOVACRON_URL` and `NOVACRON_TOKEN`, else what the hub of this data folder wrote at its start (readable by its owner only).
 * HubError `hub_unreachable`: no hub has run here.
 */
export async function findHub(dataDir: string, env: NodeJS.ProcessEnv): Promise<Connection> {
  const url = env['NOVACRON_URL'];
  const token = env['NOVACRON_TOKEN'];
  if (url !== undefined && token !== undefined) return { url: url.replace(/\/+$/u, ''), token };
  const written = await readWritten(join(dataDir, 'cli.json'));
  // A token that one hub wrote is never sent to another one.
  if (written === null || url !== undefined) throw nowhere(url);
  return { url: written.url, token: token ?? written.token };
}

async function readWritten(file: string): Promise<Connection | null> {
  try {
    const { url, token } = JSON.parse(await readFile(file, 'utf8')) as Partial<Connection>;
    return url === undefined || token === undefined ? null : { url: url.replace(/\/+$/u, ''), token };
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return null;
    throw new HubError('hub_unreachable', `${file} cannot be read: run this as the user who started the hub.`, {
      status: 503,
      cause: error,
    });
  }
}

const nowhere = (url: string | undefined): HubError =>
  url === undefined
    ? new HubError(
        'hub_unreachable',
        'No hub has been started here. Start one with `npm run up`, or set NOVACRON_URL and NOVACRON_TOKEN.',
        { status: 503 },
      )
    : new HubError('auth_missing', `Set NOVACRON_TOKEN to an API token of the hub at ${url}.`, { status: 401 });
