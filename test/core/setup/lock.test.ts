import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, lock, tryLock, type HeldLock } from '../../../core/setup/lock.mjs';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nova-lock-'));
  file = join(dir, 'deep', 'up.lock');
});
afterEach(() => rm(dir, { recursive: true }));

const taken = (): HeldLock => {
  const got = tryLock(file);
  if (!('release' in got)) throw new Error(`held by ${got.heldBy}`);
  return got;
};

/** Can be taken now; is given back at once. */
function isFree(): boolean {
  const got = tryLock(file);
  if ('release' in got) got.release();
  return 'release' in got;
}

async function ended(child: ChildProcess): Promise<number> {
  const { pid = 0 } = child;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return pid;
}

test('the second to come hears who has it', () => {
  const first = taken();
  expect(tryLock(file)).toEqual({ heldBy: process.pid });
  first.release();
  expect(isFree()).toBe(true);
});

test('a lock of a dead process is taken over', async () => {
  taken().release();
  const child = spawn('sleep', ['60']);
  const owner = identify(child.pid ?? 0);
  await ended(child);
  await writeFile(file, JSON.stringify([owner]));
  expect(isFree()).toBe(true);
});

test('a lock whose process id went to another process is taken over', async () => {
  taken().release();
  await writeFile(file, JSON.stringify([{ pid: process.pid, birth: '1' }]));
  expect(isFree()).toBe(true);
});

test('a lock that was cut off in writing is taken over', async () => {
  taken().release();
  await writeFile(file, '[{"pid":');
  expect(isFree()).toBe(true);
});

test('a child that outlives the one who took the lock keeps it', async () => {
  const held = taken();
  const child = spawn('sleep', ['60']);
  await writeFile(file, JSON.stringify([{ pid: 2 ** 22 - 1, birth: '1' }, identify(child.pid ?? 0)]));
  expect(tryLock(file)).toEqual({ heldBy: child.pid });
  held.release();
  await ended(child);
  expect(isFree()).toBe(true);
});

test('the one who waits gets it next, and no draft is left', async () => {
  const held = taken();
  const heard: number[] = [];
  const waiting = lock(file, (pid) => heard.push(pid));
  held.release();
  (await waiting).release();
  expect(heard).toEqual([process.pid]);
  expect(await readdir(join(dir, 'deep'))).toEqual([]);
});
