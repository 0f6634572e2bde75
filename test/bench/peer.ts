import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, readdir, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What benches share that start servers of others on loopback. */

const TICKS_PER_SECOND = 100;
const START_TRIES = 200;

export const isInstalled = (binary: string): Promise<boolean> =>
  access(binary).then(
    () => true,
    () => false,
  );

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const WALKS_MAX = 50;

async function walkBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Bytes of all files below a folder; looked at again while a server that runs removes some of them. */
export async function folderBytes(folder: string): Promise<number> {
  for (let walk = 1; ; walk++) {
    try {
      return await walkBytes(folder);
    } catch (error) {
      if (walk === WALKS_MAX || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      await sleep(200);
    }
  }
}

/** Seconds of CPU that a process has used, all its threads together. */
export async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export async function ok(answer: Response): Promise<string> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${text.slice(0, 300)}`);
  return text;
}

async function untilUp(url: string): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    const isUp = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error(`${url} did not come up within ${START_TRIES / 10} s`);
}

export interface Peer extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
}

/** Starts a server and waits until `healthUrl` answers; it is ended with SIGTERM. */
export async function startPeer(binary: string, args: readonly string[], healthUrl: string): Promise<Peer> {
  const child = spawn(binary, args, { stdio: 'ignore' });
  const gone = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
  };
  try {
    await untilUp(healthUrl);
  } catch (error) {
    await stop();
    throw error;
  }
  return { child, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}
