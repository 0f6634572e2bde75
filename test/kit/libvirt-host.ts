import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  hasEnded,
  layOutLibvirtd,
  libvirtdAnswered,
  listenTo,
  logTail,
  namespacesMissing,
  nextLine,
  socketPathOf,
  uriOf,
  type Running,
  type Settings,
} from './private-libvirtd.ts';

/**
 * A hypervisor host of its own: a private libvirtd in own mount, network, UTS, IPC and PID namespaces, with own
 * state folders and host uuid. Nothing outside changes; several stand side by side; when the test process dies,
 * even by SIGKILL, the host, its guests and its folder go with it.
 */
export interface LibvirtHost extends AsyncDisposable {
  readonly name: string;
  /** `qemu+unix:///system?socket=…`, usable from anywhere on the machine. */
  readonly uri: string;
  readonly socketPath: string;
  /** A folder at the same path inside and outside: put pools, images and console logs there. */
  readonly dir: string;
  readonly hostUuid: string;
  /** SIGKILL of libvirtd only; its guests live on. */
  kill(): Promise<void>;
  /** Starts libvirtd again (after a kill, or kills it first) and waits until it answers; after a crash the whole host. */
  restart(): Promise<void>;
  /** Stops libvirtd in the orderly way (SIGTERM); guests live on. */
  stop(): Promise<void>;
  /** SIGSTOP of libvirtd: it accepts connections and answers nothing. */
  freeze(): Promise<void>;
  /** SIGCONT of libvirtd. */
  thaw(): Promise<void>;
  /** SIGKILL of the QEMU process of one guest. */
  killQemu(guest: string): Promise<void>;
  /** Names of the guests that have a QEMU process file; asks the file system, not libvirtd. */
  guests(): Promise<string[]>;
  /** A power cut: libvirtd and all guests die at once; `restart()` brings the host back with its disks and definitions. */
  crash(): Promise<void>;
  /** The last lines of libvirtd's log, for a failing test's message. */
  log(): Promise<string>;
}

export interface LibvirtHostOptions {
  name?: string;
  /** Settings of libvirtd.conf beside or in place of the usual ones. */
  settings?: Settings;
  /** Listens for TCP and TLS (see `settings`) on the machine's own loopback, not in a network of its own. Default: false. */
  onLoopback?: boolean;
  /** The daemon's sasl2/libvirt.conf. */
  saslConfig?: string;
  /** A bash script that runs beside libvirtd, in the same namespaces. */
  beside?: string;
}

const INIT = fileURLToPath(new URL('libvirt-host-init.sh', import.meta.url));

/** Why `startLibvirtHost` cannot work on this machine; null when it can. */
export const libvirtHostMissing = (): string | null => namespacesMissing(['libvirtd', 'qemu-system-x86_64']);

/** Starts one host; dispose it (`await using`) and everything of it is gone. */
export async function startLibvirtHost(options: LibvirtHostOptions = {}): Promise<LibvirtHost> {
  const missing = libvirtHostMissing();
  if (missing !== null) throw new Error(`No libvirt host can be started here: ${missing}.`);
  const root = await mkdtemp(join(tmpdir().length > 60 ? '/tmp' : tmpdir(), 'nova-host-'));
  const name = options.name ?? `host-${root.slice(-6).toLowerCase()}`;
  const hostUuid = randomUUID();
  let running: Running | undefined;
  const start = (): Promise<Running> => boot(root, name, options.onLoopback ?? false);
  try {
    await prepare(root, { ...options, name, hostUuid });
    running = await start();
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }

  // One command at a time, because answers carry no number.
  let turn: Promise<unknown> = Promise.resolve();
  const ask = (command: string): Promise<string> => {
    const mine = turn.then(() => {
      if (!running || hasEnded(running)) throw new Error(`The host ${name} does not run; restart() it first.`);
      return answerTo(running, command);
    });
    turn = mine.catch(() => undefined);
    return mine;
  };
  const demand = async (command: string): Promise<void> => {
    const answer = await ask(command);
    if (answer !== 'ok') throw new Error(`${command} on host ${name}: ${answer}`);
  };
  const crash = async (): Promise<void> => {
    if (running) await end(running);
    running = undefined;
  };
  return {
    name,
    hostUuid,
    uri: uriOf(root),
    socketPath: socketPathOf(root),
    dir: join(root, 'shared'),
    kill: () => demand('kill'),
    stop: () => demand('stop'),
    freeze: () => demand('freeze'),
    thaw: () => demand('thaw'),
    killQemu: (guest) => demand(`kill-qemu ${guest}`),
    guests: async () => (await ask('guests')).split(' ').filter((word) => word !== '' && word !== 'ok'),
    crash,
    restart: async () => {
      if (!running) running = await start();
      else {
        await demand('start');
        await libvirtdAnswered(root, running);
      }
    },
    log: () => logTail(root),
    [Symbol.asyncDispose]: async () => {
      await crash();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function prepare(root: string, options: LibvirtHostOptions & { name: string; hostUuid: string }): Promise<void> {
  const { name, hostUuid, settings = {}, saslConfig, beside } = options;
  await layOutLibvirtd(root, { hostUuid, daemon: settings });
  await mkdir(join(root, 'shared'));
  await writeFile(join(root, 'hosts'), `127.0.0.1 localhost ${name}\n`);
  if (beside !== undefined) await writeFile(join(root, 'beside.sh'), beside);
  if (saslConfig === undefined) return;
  await mkdir(join(root, 'sasl2'));
  await writeFile(join(root, 'sasl2/libvirt.conf'), saslConfig);
}

async function boot(root: string, name: string, onLoopback: boolean): Promise<Running> {
  await rm(socketPathOf(root), { force: true });
  // libvirt takes these for guests that still run: after a power cut none does, and the folder is on a disk here, not a tmpfs.
  await rm(join(root, 'run'), { recursive: true, force: true });
  await mkdir(join(root, 'run'));
  const network = onLoopback ? [] : ['--net'];
  const namespaces = ['--mount', ...network, '--uts', '--ipc', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'];
  const init = ['bash', INIT, root, name, ...(onLoopback ? ['--listen'] : [])];
  const running = listenTo(spawn('unshare', [...namespaces, ...init], { stdio: ['pipe', 'pipe', 'inherit'] }));
  try {
    await nextLine(running, `start of host ${name}`);
    await libvirtdAnswered(root, running);
    return running;
  } catch (error) {
    await end(running);
    throw error;
  }
}

/** PID 1 exits; the kernel then kills all that is in its namespace, and only then unshare exits. */
async function end(running: Running): Promise<void> {
  if (hasEnded(running)) return;
  const { child } = running;
  const exited = once(child, 'exit');
  child.stdin.end('exit\n');
  const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(forced);
}

async function answerTo(running: Running, command: string): Promise<string> {
  const line = nextLine(running, command);
  running.child.stdin.write(`${command}\n`);
  return line;
}
