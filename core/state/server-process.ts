import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What PostgreSQL writes into postmaster.pid of its folder. */
export interface ServerRecord {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

const gone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'ENOTDIR');

async function readOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (gone(error)) return undefined;
    throw error;
  }
}

export async function readServerRecord(folder: string): Promise<ServerRecord | undefined> {
  const lines = (await readOrNothing(join(folder, 'postmaster.pid')))?.split('\n') ?? [];
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() };
}

/** A zombie counts as dead: it holds no file and no port. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readOrNothing(`/proc/${pid}/stat`);
  if (stat === undefined) return false;
  const state = stat.slice(stat.lastIndexOf(')') + 2).charAt(0);
  return state !== 'Z' && state !== 'X';
}

/** PostgreSQL works inside its data folder, so its working directory tells it from a stranger that got the same pid later. */
export async function isServerOf(pid: number, folder: string): Promise<boolean> {
  try {
    return (await isAlive(pid)) && (await readlink(`/proc/${pid}/cwd`)) === folder;
  } catch (error) {
    if (gone(error)) return false;
    throw error;
  }
}

export async function untilDead(pid: number, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 10) {
    if (!(await isAlive(pid))) return true;
    await sleep(10);
  }
  return !(await isAlive(pid));
}

/** Fast shutdown (SIGINT), then, when that hangs, an immediate one (SIGQUIT), after which the next start recovers from the log. */
export async function stopServer(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (gone(error)) return;
      throw error;
    }
    if (await untilDead(pid, 15_000)) return;
  }
}
