import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What this machine enforces on the process of a notebook; kept with each run, so that nobody believes more. */
export interface Isolation {
  /** `none`: a network namespace of its own; calls of the hub go through the runner. `open`: this machine does not allow one. */
  readonly network: 'none' | 'open';
  /**
   * `room`: a root directory with the notebook's code and nothing else, so no socket of another program either, and no process but its own to send signals to.
   * `node only`: Node's permission model alone keeps files from it.
   */
  readonly files: 'room' | 'node only';
  /** Are memory outside of JavaScript's heap, processor time and files limited by the kernel? */
  readonly resources: 'kernel' | 'heap only';
  /** Are the process's capabilities taken away? */
  readonly capabilities: 'none' | 'inherited';
}

export interface Limits {
  readonly timeoutMs: number;
  /** Of JavaScript's heap, and, `OVERHEAD_BYTES` more, of all the process writes to. */
  readonly memoryBytesMax: number;
  readonly outputBytesMax: number;
}

const run = promisify(execFile);
/** Node maps 0.6 GB of its own before the first cell, little of which it ever touches. */
const OVERHEAD_BYTES = 2 ** 30;
const PROBE_TIMEOUT_MS = 5000;

async function works(command: readonly string[], cwd = '/'): Promise<boolean> {
  const [program = '', ...args] = command;
  try {
    await run(program, args, { cwd, timeout: PROBE_TIMEOUT_MS });
    return true;
  } catch {
    // Not Linux, not installed, or not allowed: then there is less isolation, and it is said.
    return false;
  }
}

/** Ends with its starter, whatever it computes. */
const APART = ['--net', '--pid', '--mount', '--fork', '--kill-child', '--'];
const ROOMS = [
  ['unshare', ...APART],
  ['unshare', '--user', '--map-root-user', ...APART],
];
/** Where no room can be made, there is at least no network. */
const UNSHARE = [
  ['unshare', '--net', '--'],
  ['unshare', '--user', '--map-current-user', '--net', '--'],
];
const ROOM = join(import.meta.dirname, 'room.sh');
const DROP = ['setpriv', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'];
const PRLIMIT = ['prlimit', '--core=0:0'];

interface Allowed {
  readonly room: readonly string[] | undefined;
  readonly unshare: readonly string[];
  readonly drop: readonly string[];
  readonly hasPrlimit: boolean;
}

let probed: Promise<Allowed> | null = null;

/** Looked at once: what the machine allows does not change while the hub runs. */
const probe = () =>
  (probed ??= (async () => {
    const node = [...(await within([process.execPath])), '--', process.execPath, '--version'];
    const rooms = await Promise.all(ROOMS.map((start) => works([...start, 'sh', ROOM, ...node], '/usr')));
    const allowed = await Promise.all(UNSHARE.map((start) => works([...start, 'true'])));
    const [canDrop, hasPrlimit] = await Promise.all([works([...DROP, 'true']), works([...PRLIMIT, 'true'])]);
    return {
      room: ROOMS[rooms.indexOf(true)],
      unshare: UNSHARE[allowed.indexOf(true)] ?? [],
      drop: canDrop ? DROP : [],
      hasPrlimit,
    };
  })());

export interface Confinement {
  readonly wrapper: readonly string[];
  readonly nodeFlags: readonly string[];
  readonly isolation: Isolation;
}

/** What a notebook may read: the code that it imports, and the folder it stands in; where they really are, too. Nothing is written, no process or native code started. */
async function readable(projectDir: string, cwd: string): Promise<Set<string>> {
  const names = ['package.json', 'node_modules', 'core/contract.ts', 'core/contract', 'plugins', 'notebooks'];
  const paths = [...names.map((name) => join(projectDir, name)), cwd];
  return new Set([...paths, ...(await Promise.all(paths.map((path) => realpath(path))))]);
}

/** Folders that every room has. */
const SHARED = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'];

/** What must be put into a room for these: where they really are, once each, those above before those below. */
async function within(paths: readonly string[]): Promise<string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path)));
  const sorted = [...new Set([...real, ...paths])].toSorted();
  const isBelow = (path: string, above: string): boolean => path.startsWith(`${above}/`);
  return sorted.filter(
    (path) => ![...SHARED, ...sorted].some((above) => isBelow(path, above) || (SHARED.includes(path) && path === above)),
  );
}

/** How to start the process of a notebook so that it can do no more than it needs. */
export async function confine(
  { timeoutMs, memoryBytesMax }: Limits,
  places: { readonly projectDir: string; readonly cwd: string },
): Promise<Confinement> {
  const { room, unshare, drop, hasPrlimit } = await probe();
  const paths = [...(await readable(places.projectDir, places.cwd))];
  const apart = room === undefined ? unshare : [...room, 'sh', ROOM, ...(await within([process.execPath, ...paths])), '--'];
  const cpuSeconds = Math.ceil(timeoutMs / 1000) * 2 + 10;
  const prlimit = hasPrlimit
    ? ['prlimit', '--core=0:0', `--data=${memoryBytesMax + OVERHEAD_BYTES}`, `--cpu=${cpuSeconds}`, '--fsize=0:0', '--nofile=512:512', '--']
    : [];
  return {
    wrapper: [...apart, ...drop, ...prlimit],
    nodeFlags: [
      `--max-old-space-size=${Math.floor(memoryBytesMax / 2 ** 20)}`,
      '--permission',
      // It would open files that the permission model knows nothing of.
      '--no-experimental-sqlite',
      ...paths.map((path) => `--allow-fs-read=${path}`),
    ],
    isolation: {
      network: apart.length > 0 ? 'none' : 'open',
      files: room === undefined ? 'node only' : 'room',
      resources: hasPrlimit ? 'kernel' : 'heap only',
      capabilities: drop.length > 0 ? 'none' : 'inherited',
    },
  };
}
