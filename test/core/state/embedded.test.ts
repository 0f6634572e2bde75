import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEmbedded } from '../../../core/state/embedded.ts';
import { reachingAccount, serverAccount } from '../../../core/state/server-account.ts';
import { isAlive, readServerRecord } from '../../../core/state/server-process.ts';
import { openState } from '../../../core/state/state.ts';
import { codeOf, until } from '../../kit/collect.ts';
import { quietLog } from '../../kit/postgres.ts';

// A cold start of the server takes seconds when the machine is busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const { signal } = new AbortController();
let root: string;
let dataDir: string;

const open = () => openEmbedded({ dataDir, log: quietLog, signal, settings: ['fsync=off'] });
const serverPid = async (): Promise<number> => (await readServerRecord(join(dataDir, 'postgres')))?.pid ?? 0;

async function ask(url: string, text: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query(text)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'novacron-embedded-'));
  await chmod(root, 0o711);
  dataDir = join(root, 'data');
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('the embedded PostgreSQL', () => {
  it('refuses a folder called postgres that is no PostgreSQL folder', async () => {
    await mkdir(join(root, 'strange', 'postgres'), { recursive: true });
    expect(await codeOf(openEmbedded({ dataDir: join(root, 'strange'), log: quietLog, signal }))).toBe('state_folder');
  });

  it('refuses a folder that another major version made', async () => {
    await mkdir(join(root, 'older', 'postgres'), { recursive: true });
    await writeFile(join(root, 'older', 'postgres', 'PG_VERSION'), '17\n');
    expect(await codeOf(openEmbedded({ dataDir: join(root, 'older'), log: quietLog, signal }))).toBe('state_version');
  });

  it('names the parent folder that its user cannot enter', async () => {
    const closed = join(root, 'closed');
    await mkdir(join(closed, 'data'), { recursive: true });
    await chmod(closed, 0o700);
    const options = { what: 'The data folder', advice: 'Move it.', mayPass: false };
    const reaching = reachingAccount(join(closed, 'data'), await serverAccount(), options);
    // Anybody but root runs the server as themselves, and then nothing is closed.
    const isRoot = process.getuid?.() === 0;
    const message = isRoot ? `The data folder lies below "${closed}", which the system user "postgres" cannot enter. Move it.` : 'reached';
    expect(
      await reaching.then(
        () => 'reached',
        (error: Error) => error.message,
      ),
    ).toBe(message);
  });

  it('runs below a folder that is closed to its user where the machine lets it, and else says why not', async () => {
    const below = join(root, 'home', 'clone', '.data');
    await mkdir(below, { recursive: true });
    await chmod(join(root, 'home'), 0o700);
    const opening = openEmbedded({ dataDir: below, log: quietLog, signal, settings: ['fsync=off'] });
    const outcome = await opening.then(
      async (server) => {
        const answer = await ask(server.url, 'select 1');
        await server.close();
        return answer;
      },
      (error: Error) => error.message,
    );
    expect(String(outcome)).toMatch(/^1$|lies below ".*home", which the system user "postgres" cannot enter/);
  });

  it('makes its folder, a role that is no superuser, and a password that only the owner reads', async () => {
    await mkdir(join(dataDir, 'postgres.new', 'half', 'made'), { recursive: true });
    const server = await open();
    expect(await ask(server.url, 'select rolsuper from pg_roles where rolname = current_user')).toBe(false);
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    expect((await stat(join(dataDir, 'postgres-password'))).mode & 0o777).toBe(0o600);
    const superuser = new URL(server.url);
    superuser.username = 'postgres';
    expect(await codeOf(ask(superuser.href, 'select 1'))).toBe('28000');
    const pid = await serverPid();
    await server.close();
    expect(await isAlive(pid)).toBe(false);
  });

  it('is shared by those who open the folder while it runs, and stopped by the one that keeps it', async () => {
    const keeper = await open();
    const pid = await serverPid();
    const guest = await open();
    expect(guest.url).toBe(keeper.url);
    await guest.close();
    expect(await ask(keeper.url, 'select 1')).toBe(1);
    expect(await serverPid()).toBe(pid);
    await keeper.close();
    expect(await isAlive(pid)).toBe(false);
  });

  it('is one server even when many open the folder at once', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, open));
    expect(new Set(servers.map(({ url }) => url)).size).toBe(1);
    await Promise.all(servers.map((server) => server.close()));
  });

  it('is adopted when it outlived a killed hub, and stopped at the end', async () => {
    const script = `
      const { openEmbedded } = await import(${JSON.stringify(new URL('../../../core/state/embedded.ts', import.meta.url).href)});
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      await openEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log, signal: new AbortController().signal });
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    await new Promise((resolve) => child.once('exit', resolve));
    const pid = await serverPid();
    expect(await isAlive(pid)).toBe(true);
    const server = await open();
    expect(await serverPid()).toBe(pid);
    expect(await ask(server.url, 'select 1')).toBe(1);
    await server.close();
    expect(await isAlive(pid)).toBe(false);
  });

  it('takes a new password when the file with the old one was lost', async () => {
    await rm(join(dataDir, 'postgres-password'));
    const server = await open();
    expect(await ask(server.url, 'select 1')).toBe(1);
    await server.close();
  });

  it('starts although a stale pid file names a process of somebody else', async () => {
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n1 1\nready   \n`);
    const server = await open();
    expect(await serverPid()).not.toBe(process.pid);
    expect(await ask(server.url, 'select 1')).toBe(1);
    await server.close();
  });

  it('gives its data back after the server was killed, and the state recovers by itself', async () => {
    await using state = await openState({ dataDir, log: quietLog, signal });
    const database = await state.pluginDatabase('kept');
    await state.migratePlugin('kept', { '1': 'create table t (n int)' });
    await database.sql`insert into t values (${42})`;
    const heard: string[] = [];
    await state.listen('news', (payload) => void heard.push(payload));
    process.kill(await serverPid(), 'SIGKILL');
    await expect(until('it fails', async () => state.ping().then(() => false))).rejects.toMatchObject({
      code: 'state_unavailable',
      status: 503,
      retryable: true,
    });
    await until('it answers', async () =>
      state.ping().then(
        () => true,
        () => false,
      ),
    );
    expect(await database.sql`select n from t`).toEqual([{ n: 42 }]);
    await until('it listens again', () => heard.includes(''));
    await state.notify('news', 'again');
    await until('it hears', () => heard.includes('again'));
  });

  it('stops waiting when it is told to', async () => {
    const keeper = await open();
    await expect(openEmbedded({ dataDir, log: quietLog, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    await keeper.close();
  });

  it('logs into a file of its own', async () => {
    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).toContain('ready to accept connections');
  });
});
