import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, type Log } from '../contract.ts';
import { ensureCluster, serverBinaries } from './cluster.ts';
import { unavailable } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import { type Account, commandAs, reachingAccount, serverAccount } from './server-account.ts';
import { isServerOf, readServerRecord, stopServer, untilDead } from './server-process.ts';

export interface EmbeddedOptions {
  /** The hub's data folder; the cluster is in `postgres` below it. */
  readonly dataDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Further `name=value` settings of the server; for tests. */
  readonly settings?: readonly string[];
}

export interface EmbeddedServer {
  /** Of the database `novacron`, for the role `novacron`, which owns it and is no superuser. */
  readonly url: string;
  /** Stops the server when this process is the one that keeps it, and waits for its end. */
  close(): Promise<void>;
}

interface Folder {
  readonly cluster: string;
  readonly dataDir: string;
  readonly account: Account;
  readonly options: EmbeddedOptions;
}

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=100',
  'shared_buffers=64MB',
  'max_wal_size=256MB',
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_min_messages=warning',
  'log_line_prefix=%m [%p] ',
];
const READY_TIMEOUT_MS = 60_000;
const LOG_BYTES_MAX = 8_000_000;
const WATCH_MS = 500;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  if (address === null || typeof address === 'string') throw unavailable('No free port was found on 127.0.0.1.');
  return address.port;
}

/** `isNew`: there was none, so the role of a cluster that exists has another one. */
async function keptPassword(dataDir: string): Promise<{ password: string; isNew: boolean }> {
  const file = join(dataDir, 'postgres-password');
  try {
    const kept = (await readFile(file, 'utf8')).trim();
    if (kept !== '') return { password: kept, isNew: false };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const made = randomBytes(24).toString('base64url');
  await using handle = await open(file, 'w', 0o600);
  await handle.chmod(0o600);
  await handle.writeFile(`${made}\n`);
  await handle.sync();
  return { password: made, isNew: true };
}

/** The server's own log goes into a file: a pipe to the hub would break when the hub is killed and the server outlives it. */
async function openLog(dataDir: string) {
  const file = join(dataDir, 'postgres.log');
  const handle = await open(file, 'a', 0o600);
  if ((await handle.stat()).size > LOG_BYTES_MAX) await handle.truncate(0);
  return handle;
}

async function lastLines(dataDir: string): Promise<string> {
  const text = await readFile(join(dataDir, 'postgres.log'), 'utf8');
  return text.trimEnd().split('\n').slice(-3).join(' | ');
}

/** Started detached and without our environment: Ctrl-C goes to the hub, which stops its server last, and no secret of ours reaches it. */
async function spawnServer(folder: Folder, port: number): Promise<number> {
  const { postgres } = serverBinaries();
  await using log = await openLog(folder.dataDir);
  const settings = [...SETTINGS, `port=${port}`, ...(folder.options.settings ?? [])];
  const command = commandAs(folder.account, postgres, ['-D', folder.cluster, ...settings.flatMap((setting) => ['-c', setting])]);
  const child = spawn(command.file, command.args, {
    ...command.ids,
    cwd: '/',
    detached: true,
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' },
    stdio: ['ignore', log.fd, log.fd],
  });
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  if (child.pid === undefined) throw unavailable('PostgreSQL could not be started.');
  return child.pid;
}

/** True when ready; false when it ended instead. */
async function untilReady(folder: Folder, pid: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS; waitedMs += 10) {
    folder.options.signal.throwIfAborted();
    const record = await readServerRecord(folder.cluster);
    if (record?.pid === pid && record.status === 'ready') return true;
    // A process that was just forked has not entered its folder yet, so only its death counts.
    if (await untilDead(pid, 10)) return false;
  }
  throw unavailable(
    `PostgreSQL (process ${pid}) was not ready after ${READY_TIMEOUT_MS / 1000} s. Its log is postgres.log in the data folder.`,
  );
}

/** A pid file whose process is somebody else's would make PostgreSQL refuse to start; one of a dead process it handles itself. */
async function liveRecord(folder: Folder) {
  const record = await readServerRecord(folder.cluster);
  if (record === undefined) return undefined;
  if (await isServerOf(record.pid, folder.cluster)) return record;
  if (!(await untilDead(record.pid, 1))) await rm(join(folder.cluster, 'postmaster.pid'), { force: true });
  return undefined;
}

async function startServer(folder: Folder, port?: number): Promise<{ pid: number; port: number }> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const chosen = port ?? (await freePort());
    const pid = await spawnServer(folder, chosen);
    if (await untilReady(folder, pid)) return { pid, port: chosen };
    folder.options.log.warn({ attempt, reason: await lastLines(folder.dataDir) }, 'PostgreSQL ended while it started');
    await sleep(200 * attempt, undefined, { signal: folder.options.signal });
  }
  throw unavailable(`PostgreSQL does not start: ${await lastLines(folder.dataDir)}`);
}

async function adoptOrStart(folder: Folder): Promise<{ pid: number; port: number }> {
  const record = await liveRecord(folder);
  if (record === undefined) return await startServer(folder);
  folder.options.log.info({ pid: record.pid, port: record.port }, 'a PostgreSQL that outlived its hub is used again');
  // One that is being stopped never becomes ready: then its end is awaited and a new one started.
  if (record.status !== 'stopping' && (await untilReady(folder, record.pid))) return { pid: record.pid, port: record.port };
  if (!(await untilDead(record.pid, 30_000)))
    throw unavailable(`PostgreSQL (process ${record.pid}) is being stopped and does not end. End it, then start again.`);
  return await startServer(folder);
}

/** Starts it again on the same port when it dies while the hub lives; connections come back by themselves. */
function watch(folder: Folder, server: { pid: number; port: number }): () => Promise<void> {
  let stopped = false;
  let busy: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    if (stopped || (await isServerOf(server.pid, folder.cluster)) || stopped) return;
    folder.options.log.error({ pid: server.pid }, 'PostgreSQL has ended; it is started again');
    server.pid = (await liveRecord(folder))?.pid ?? (await startServer(folder, server.port)).pid;
  };
  const timer = setInterval(() => {
    busy = busy.then(look).catch((error: unknown) => folder.options.log.error({ error }, 'PostgreSQL could not be started again'));
  }, WATCH_MS);
  timer.unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await busy;
  };
}

async function prepare(options: EmbeddedOptions): Promise<Folder> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = await realpath(options.dataDir);
  const own = 'or set DATABASE_URL to a PostgreSQL of your own.';
  const toData = await reachingAccount(dataDir, await serverAccount(), {
    what: 'The data folder',
    advice: `Set NOVACRON_DATA to a folder outside of it, such as /var/lib/novacron, ${own}`,
    own: dataDir,
  });
  const account = await reachingAccount(dirname(serverBinaries().postgres), toData, {
    what: 'The program PostgreSQL',
    advice: `Move this folder to a place that everybody may enter, such as /opt or /srv, ${own}`,
  });
  return { dataDir, cluster: join(dataDir, 'postgres'), account, options };
}

/** While another process keeps the server, this one only connects to it; when that process ends, this one takes its place. */
async function waitForKeeper(folder: Folder): Promise<{ release: () => Promise<void> } | { port: number }> {
  for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS; waitedMs += 50) {
    folder.options.signal.throwIfAborted();
    const release = await lockFolder(folder.cluster, 'postgres');
    if (release !== undefined) return { release };
    const record = await readServerRecord(folder.cluster);
    if (record?.status === 'ready' && (await isServerOf(record.pid, folder.cluster))) return { port: record.port };
    await sleep(50, undefined, { signal: folder.options.signal });
  }
  throw unavailable('Another process holds the data folder, but its PostgreSQL does not become ready. End that process, then start again.');
}

/** Starts the server of the data folder, or adopts the one that runs there. There are never two on a folder. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const folder = await prepare(options);
  const urlOf = (secret: string, port: number): string => `postgresql://novacron:${encodeURIComponent(secret)}@127.0.0.1:${port}/novacron`;
  const found = await waitForKeeper(folder);
  if ('port' in found) return { url: urlOf((await keptPassword(folder.dataDir)).password, found.port), close: async () => undefined };
  try {
    const { password, isNew } = await keptPassword(folder.dataDir);
    await ensureCluster({
      ...folder,
      password,
      passwordIsNew: isNew,
      signal: options.signal,
      durable: !(options.settings ?? []).includes('fsync=off'),
    });
    const server = await adoptOrStart(folder);
    const unwatch = watch(folder, server);
    return {
      url: urlOf(password, server.port),
      async close() {
        await unwatch();
        await stopServer(server.pid);
        await found.release();
      },
    };
  } catch (error) {
    await found.release();
    throw HubError.is(error) || options.signal.aborted
      ? error
      : unavailable(`PostgreSQL could not be started: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}
