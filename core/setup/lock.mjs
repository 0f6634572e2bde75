// Lock files that know when their owner is dead.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// State and start tick of a process, as Linux tells them; undefined elsewhere. The start tells it from a later one with the same pid.
function factsOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, birth: fields[18] ?? '' };
  } catch {
    return undefined;
  }
}

/** Is the process that wrote this line still there? One that is dead but not yet buried is not. */
export function lives({ pid, birth }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  const facts = factsOf(pid);
  return facts === undefined || (facts.state !== 'Z' && (birth === '' || facts.birth === birth));
}

export const identify = (pid) => ({ pid, birth: factsOf(pid)?.birth ?? '' });

function readOwners(file) {
  try {
    const owners = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(owners) ? owners : [];
  } catch {
    return [];
  }
}

/**
 * Takes the lock, or says who has it: { release, add } or { heldBy: pid }. `add` names a second process whose life
 * keeps the lock, so that a child that outlives us is not forgotten.
 */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify([identify(process.pid)]));
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link appears with its content in one step, and fails when the name is taken.
      try {
        linkSync(draft, file);
        return held(file);
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const owner = readOwners(file).find((each) => lives(each));
      if (owner) return { heldBy: owner.pid };
      discard(file);
    }
    return { heldBy: readOwners(file)[0]?.pid ?? 0 };
  } finally {
    rmSync(draft, { force: true });
  }
}

function held(file) {
  return {
    add(pid) {
      writeFileSync(`${file}.${process.pid}`, JSON.stringify([identify(process.pid), identify(pid)]));
      renameSync(`${file}.${process.pid}`, file);
    },
    release() {
      if (readOwners(file)[0]?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

/** Takes a stale lock away. If another was quicker and the name is a living one's by now, it is put back. */
function discard(file) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readOwners(aside).some((each) => lives(each))) linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Takes the lock, waiting for whoever has it; `onWait` hears the pid once. */
export async function lock(file, onWait) {
  for (let waits = 0; ; waits++) {
    const got = tryLock(file);
    if ('release' in got) return got;
    if (waits === 0) onWait(got.heldBy);
    await sleep(200);
  }
}
