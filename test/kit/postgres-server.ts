import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openEmbedded } from '../../core/state/embedded.ts';
import { readServerRecord } from '../../core/state/server-process.ts';

export interface TestServer extends AsyncDisposable {
  /** Of a database whose role may make further databases. */
  readonly url: string;
  /** Returns its URL. */
  createDatabase(name: string): Promise<string>;
}

/** One statement on a connection of its own. */
export async function runSql<T extends object>(url: string, text: string, values: readonly unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as T[];
  } finally {
    await client.end();
  }
}

export function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

const quiet = () => undefined;
export const quietLog = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/**
 * Ends the server and removes its folder when this process is gone without having done so: its input is a pipe that the kernel closes
 * with the process, also after a kill -9.
 */
async function guard(dataDir: string): Promise<() => Promise<void>> {
  const pid = (await readServerRecord(join(dataDir, 'postgres')))?.pid ?? 0;
  const script =
    'read -r _; kill -QUIT "$0"; while kill -0 "$0" 2>/dev/null && [ "$(cut -d" " -f3 /proc/$0/stat)" != Z ]; do sleep 0.1; done; rm -rf "$1"';
  const child = spawn('sh', ['-c', script, String(pid), dataDir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  await once(child, 'spawn');
  child.unref();
  return async () => {
    const ended = once(child, 'exit');
    // Else nothing would keep a process alive that has nothing left to do but this.
    child.ref();
    child.kill('SIGKILL');
    await ended;
  };
}

/** An embedded PostgreSQL in a folder of its own that forgets everything: nothing is flushed to the disk, the folder goes at the end. */
export async function startTestServer(): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'novacron-postgres-'));
  // A worker of autovacuum is the superuser's, so that no other role may drop the database that it looks at.
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300', 'autovacuum=off'];
  const server = await openEmbedded({ dataDir, log: quietLog, signal: new AbortController().signal, settings });
  const unguard = await guard(dataDir);
  return {
    url: server.url,
    async createDatabase(name) {
      await runSql(server.url, `create database "${name}" template template0`);
      return withDatabase(server.url, name);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
      await unguard();
    },
  };
}
