import { execFile } from 'node:child_process';
import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { HubError } from '../contract.ts';

const run = promisify(execFile);

/**
 * Whom the server runs as. PostgreSQL refuses root, so root hands it to the system user `postgres`; anyone else runs it as themselves.
 * `passes`: with the right to walk through folders that are closed to that user, for a clone below /root.
 */
export type Account = { readonly uid: number; readonly gid: number; readonly passes?: boolean } | { readonly uid?: undefined };

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

const PASS = 'dac_read_search';

/** How a program is started as the account. */
export function commandAs(account: Account, file: string, args: readonly string[]): Command {
  if (account.uid === undefined) return { file, args, ids: {} };
  const { uid, gid, passes } = account;
  if (passes !== true) return { file, args, ids: { uid, gid } };
  const rights = ['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=-all,+${PASS}`);
  return { file: 'setpriv', args: [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...rights, '--', file, ...args], ids: {} };
}

async function idsOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    // `id` exits with 1 when there is no such user; that is the answer.
    return undefined;
  }
}

export async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const known = await idsOf('postgres');
  if (known !== undefined) return known;
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      'postgres',
    ]);
  } catch (cause) {
    throw new HubError(
      'state_account',
      'PostgreSQL may not run as root and the user "postgres" could not be made. Make it: useradd --system --user-group postgres',
      { cause },
    );
  }
  const made = await idsOf('postgres');
  if (made === undefined)
    throw new HubError(
      'state_account',
      'The system user "postgres" was made but cannot be found. Look at /etc/passwd and /etc/nsswitch.conf.',
    );
  return made;
}

/** Asked of the system itself, as that user, so that access lists and rights count too. (`test -x` would leave out the right to pass.) */
async function mayEnter(folder: string, account: Account): Promise<boolean> {
  const { file, args, ids } = commandAs(account, 'stat', ['--format=', `${folder}/.`]);
  try {
    await run(file, args, { ...ids, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

async function firstBarrier(folder: string, account: Account): Promise<string | undefined> {
  const parents: string[] = [];
  for (let parent = folder; parent !== dirname(parent); parent = dirname(parent)) parents.unshift(parent);
  for (const parent of parents) {
    if (!(await mayEnter(parent, account))) return parent;
  }
  return undefined;
}

export interface ReachOptions {
  /** What people call the folder, for the message. */
  readonly what: string;
  /** What they can do about it. */
  readonly advice: string;
  /** Our own folder, which may be opened for passing through (not for listing) without asking. */
  readonly own?: string;
  /** May the account be given the right to pass closed folders? Containers often withhold it. Default true. */
  readonly mayPass?: boolean;
}

/** The account that reaches the folder: the plain one, or else one that passes. Throws `state_folder` with the parent that is closed to both. */
export async function reachingAccount(folder: string, account: Account, options: ReachOptions): Promise<Account> {
  if (account.uid === undefined || (await mayEnter(folder, account))) return account;
  const { what, advice, own, mayPass = true } = options;
  let barrier = await firstBarrier(folder, account);
  if (barrier !== undefined && barrier === own) {
    await chmod(own, ((await stat(own)).mode & 0o7777) | 0o011);
    barrier = await firstBarrier(folder, account);
  }
  if (barrier === undefined) return account;
  const passing = { ...account, passes: true };
  if (mayPass && (await mayEnter(folder, passing))) return passing;
  throw new HubError('state_folder', `${what} lies below "${barrier}", which the system user "postgres" cannot enter. ${advice}`, {
    details: { folder, barrier },
  });
}
