import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabCgroups } from './cgroups.ts';
import { identify, lives, type Owner } from '../../core/setup/lock.mjs';

/** A lab as its folder tells of it: all that another process needs to find it, and to clear up after it. */
export interface LabRecord {
  /** 1 to 250; name, folder and addresses follow from it. */
  readonly number: number;
  readonly dir: string;
  /** Whoever started the lab; the lab lives as long as this process does. */
  readonly owner: Owner;
  /** PID 1 of the lab, once it runs. */
  readonly init: Owner | null;
  readonly createdAt: string;
}

const NUMBER_MAX = 250;
const END_TIMEOUT_MS = 10_000;

/** Where the folders of all labs stand; short, because the paths of unix sockets must be. */
export const labsDir = (): string => (tmpdir().length > 40 ? '/tmp' : tmpdir());

const nameOf = (number: number): string => `nova-lab-${number}`;

/** Takes the lowest free number: the folder appears under its name in one step, its owner's record in it, or the name is taken. */
export async function claimFolder(): Promise<LabRecord> {
  const draft = await mkdtemp(join(labsDir(), '.nova-lab-'));
  const createdAt = new Date().toISOString();
  for (let number = 1; number <= NUMBER_MAX; number++) {
    const record: LabRecord = { number, dir: join(labsDir(), nameOf(number)), owner: identify(process.pid), init: null, createdAt };
    await write(draft, record);
    try {
      await rename(draft, record.dir);
      return record;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  await rm(draft, { recursive: true });
  throw new Error(`There are ${NUMBER_MAX} labs in ${labsDir()} already; remove those of dead processes: npm run lab -- down --stale`);
}

/** Notes the lab's PID 1, so that it can be ended when its owner is dead. */
export async function recordInit(record: LabRecord, pid: number): Promise<LabRecord> {
  const changed = { ...record, init: identify(pid) };
  await write(record.dir, changed);
  return changed;
}

async function write(dir: string, record: LabRecord): Promise<void> {
  await writeFile(join(dir, 'lab.json.new'), JSON.stringify(record));
  await rename(join(dir, 'lab.json.new'), join(dir, 'lab.json'));
}

/** All labs of this machine, by number. */
export const listLabs = (): Promise<LabRecord[]> => recordsIn(/^nova-lab-\d+$/);

async function recordsIn(pattern: RegExp): Promise<LabRecord[]> {
  const names = (await readdir(labsDir())).filter((name) => pattern.test(name));
  const records = await Promise.all(names.map((name) => readRecord(join(labsDir(), name))));
  return records.filter((record) => record !== undefined).toSorted((a, b) => a.number - b.number);
}

async function readRecord(dir: string): Promise<LabRecord | undefined> {
  try {
    return { ...(JSON.parse(await readFile(join(dir, 'lab.json'), 'utf8')) as LabRecord), dir };
  } catch (error) {
    // It was removed a moment ago, or it is somebody else's folder of that name.
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A lab whose owner is dead is stale. The start tick tells the owner from a later process with the same number. */
export const isStale = ({ owner }: LabRecord): boolean => !lives(owner);

/** Ends and removes all labs whose owner is dead; returns their numbers. */
export async function removeStaleLabs(): Promise<number[]> {
  const stale = (await listLabs()).filter(isStale);
  // And the folders of those that died before they had a number.
  const drafts = (await recordsIn(/^\.nova-lab-/)).filter(isStale);
  for (const record of [...stale, ...drafts]) await removeLab(record);
  return stale.map(({ number }) => number);
}

/** Ends the lab's PID 1, with which the kernel ends all its hosts and guests, and removes its control groups and the folder. */
export async function removeLab({ dir, init }: LabRecord): Promise<void> {
  if (init !== null && lives(init)) await end(init);
  if (init !== null) await (await LabCgroups.of(basename(dir), init.pid)).remove();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}

async function end(init: Owner): Promise<void> {
  process.kill(init.pid, 'SIGKILL');
  for (let waitedMs = 0; lives(init); waitedMs += 20) {
    if (waitedMs > END_TIMEOUT_MS) throw new Error(`Process ${init.pid}, PID 1 of a lab, does not end.`);
    await sleep(20);
  }
}
