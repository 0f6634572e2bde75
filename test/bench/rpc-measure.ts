// What the parts of the bench "rpc" measure with.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
const script = fileURLToPath(new URL('rpc.py', import.meta.url));
const replay = fileURLToPath(new URL('rpc-replay.ts', import.meta.url));
/** Debian's, which has python3-libvirt; another python in the PATH has not. */
export const python = '/usr/bin/python3';
/** Both sides are measured this often in turns, and the median counts: a busy machine then disturbs both alike. */
const rounds = 5;

export interface Measure {
  wallMs: number;
  cpuMs: number;
}
/** Measures by who did it. */
export type Measures = Record<string, Measure>;

/** Starts the clocks; what it returns stops them. */
export function startClocks(): () => Measure {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 };
  };
}

/** Wall time and CPU time of this process while it does something, after doing a little of it to warm up. */
export async function measure(work: (count: number) => Promise<unknown>, count: number): Promise<Measure> {
  await work(Math.max(1, Math.floor(count / 10)));
  const stop = startClocks();
  await work(count);
  return stop();
}

/** The same by python3-libvirt, or another program's run (`-`, `run`, its words). */
export async function measurePython(...args: readonly (string | number)[]): Promise<Measure> {
  const { stdout } = await run(python, [script, ...args.map(String)]);
  return JSON.parse(stdout) as Measure;
}

/** A python that listens: `ready` when it does, then its measure. */
export async function listenPython(uri: string, count: number, ready: () => Promise<unknown>): Promise<Measure> {
  const child = spawn(python, [script, uri, 'events', String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') await ready();
    last = line;
  }
  return JSON.parse(last) as Measure;
}

/** A daemon that gives the answer of another one, without the time that one needs for it. */
export async function startReplay(of: string): Promise<{ uri: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [replay, of], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (value === undefined) throw new Error('The replay of the statistics has not come up.');
  return {
    uri: value,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** Each contender once a round; the median of the rounds. */
export async function compare(contenders: Record<string, () => Promise<Measure>>, signal: AbortSignal): Promise<Measures> {
  const measures = Object.fromEntries(Object.keys(contenders).map((name) => [name, [] as Measure[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      signal.throwIfAborted();
      measures[name]!.push(await contender());
    }
  }
  return Object.fromEntries(Object.entries(measures).map(([name, all]) => [name, median(all)]));
}

function median(measures: readonly Measure[]): Measure {
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  return { wallMs: middle(measures.map((one) => one.wallMs)), cpuMs: middle(measures.map((one) => one.cpuMs)) };
}
