import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

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
  settings?: Readonly<Record<string, string | number>>;
  /** Listens for TCP and TLS (see `settings`) on the machine's own loopback, not in a network of its own. Default: false. */
  onLoopback?: boolean;
  /** The daemon's sasl2/libvirt.conf. */
  saslConfig?: string;
  /** A bash script that runs beside libvirtd, in the same namespaces. */
  beside?: string;
}

/** Longest path of a unix socket on Linux, without the final zero byte. */
const SOCKET_PATH_BYTES_MAX = 107;
const START_TIMEOUT_MS = 60_000;
const INIT = fileURLToPath(new URL('libvirt-host-init.sh', import.meta.url));

/** Why `startLibvirtHost` cannot work on this machine; null when it can. */
export function libvirtHostMissing(): string | null {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  const dirs = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = ['unshare', 'mount', 'hostname', 'libvirtd', 'qemu-system-x86_64'].filter(
    (name) => !dirs.some((dir) => existsSync(join(dir, name))),
  );
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  const tried = spawnSync('unshare', ['--mount', '--net', '--uts', '--ipc', '--pid', '--fork', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? null : `unshare is refused: ${tried.stderr.trim()}`;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;
interface Running {
  readonly child: Child;
  readonly lines: Interface;
}

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
      if (!running || running.child.exitCode !== null) throw new Error(`The host ${name} does not run; restart() it first.`);
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
    uri: `qemu+unix:///system?socket=${socketPathOf(root)}`,
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
        await answered(root, running);
      }
    },
    log: () => logTail(root),
    [Symbol.asyncDispose]: async () => {
      await crash();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

const socketPathOf = (root: string): string => join(root, 'run', 'libvirt-sock');

async function prepare(root: string, options: LibvirtHostOptions & { name: string; hostUuid: string }): Promise<void> {
  const { name, hostUuid, settings, saslConfig, beside } = options;
  const length = Buffer.byteLength(socketPathOf(root));
  if (length > SOCKET_PATH_BYTES_MAX)
    throw new Error(`The path of the host's socket has ${length} bytes, Linux allows ${SOCKET_PATH_BYTES_MAX}.`);
  for (const part of ['run', 'etc/qemu', 'lib/images', 'log', 'cache', 'shared']) await mkdir(join(root, part), { recursive: true });
  await writeFile(join(root, 'hosts'), `127.0.0.1 localhost ${name}\n`);
  const daemon = {
    auth_unix_rw: 'none',
    unix_sock_rw_perms: '0700',
    host_uuid: hostUuid,
    max_clients: 200,
    max_client_requests: 20,
    ...settings,
  };
  const lines = Object.entries(daemon).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  await writeFile(join(root, 'etc/libvirtd.conf'), `${lines.join('\n')}\n`);
  if (beside !== undefined) await writeFile(join(root, 'beside.sh'), beside);
  if (saslConfig !== undefined) {
    await mkdir(join(root, 'sasl2'));
    await writeFile(join(root, 'sasl2/libvirt.conf'), saslConfig);
  }
  const qemu = [
    'user = "root"',
    'group = "root"',
    'dynamic_ownership = 0',
    'remember_owner = 0',
    'security_driver = "none"',
    'namespaces = []',
    'cgroup_controllers = []',
    'stdio_handler = "file"',
  ];
  await writeFile(join(root, 'etc/qemu.conf'), `${qemu.join('\n')}\n`);
}

async function boot(root: string, name: string, onLoopback: boolean): Promise<Running> {
  await rm(socketPathOf(root), { force: true });
  // libvirt takes these for guests that still run: after a power cut none does, and the folder is on a disk here, not a tmpfs.
  await rm(join(root, 'run'), { recursive: true, force: true });
  await mkdir(join(root, 'run'));
  const network = onLoopback ? [] : ['--net'];
  const namespaces = ['--mount', ...network, '--uts', '--ipc', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'];
  const child = spawn('unshare', [...namespaces, 'bash', INIT, root, name, ...(onLoopback ? ['--listen'] : [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A command may race with the end of the host; the answer that never comes is the error that counts.
  child.stdin.on('error', () => undefined);
  const running = { child, lines: createInterface({ input: child.stdout }) };
  try {
    await nextLine(running, `start of host ${name}`);
    await answered(root, running);
    return running;
  } catch (error) {
    await end(running);
    throw error;
  }
}

/** PID 1 exits; the kernel then kills all that is in its namespace, and only then unshare exits. */
async function end({ child, lines }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin.end('exit\n');
  const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(forced);
  lines.close();
}

async function answerTo(running: Running, command: string): Promise<string> {
  const line = nextLine(running, command);
  running.child.stdin.write(`${command}\n`);
  return line;
}

async function nextLine({ child, lines }: Running, what: string): Promise<string> {
  const settled = new AbortController();
  try {
    const line = once(lines, 'line', { signal: settled.signal });
    const exit = once(child, 'exit', { signal: settled.signal }).then(() => undefined);
    line.catch(() => undefined);
    exit.catch(() => undefined);
    const first = await Promise.race([line, exit]);
    if (first === undefined) throw new Error(`${what}: the host ended (exit code ${child.exitCode ?? child.signalCode}).`);
    return String(first[0]);
  } finally {
    settled.abort();
  }
}

/** Waits until libvirtd answers its first question, which it does only when all its drivers are up. */
async function answered(root: string, { child }: Running): Promise<void> {
  const endsAt = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (await answersOnce(socketPathOf(root), endsAt - Date.now())) return;
    if (Date.now() > endsAt || child.exitCode !== null) throw new Error(`libvirtd did not come up:\n${await logTail(root)}`);
    await sleep(25);
  }
}

/** Asks for the list of authentication methods: length, program, version, procedure 66, call, serial, status. */
function answersOnce(path: string, timeoutMs: number): Promise<boolean> {
  const question = Buffer.alloc(28);
  [28, 0x2000_8086, 1, 66, 0, 0, 0].forEach((word, i) => question.writeUInt32BE(word, i * 4));
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(Math.max(1, timeoutMs), () => done(false));
    socket
      .on('error', () => done(false))
      .on('close', () => done(false))
      .on('data', () => done(true));
    socket.on('connect', () => socket.write(question));
  });
}

async function logTail(root: string): Promise<string> {
  const text = await readFile(join(root, 'libvirtd.log'), 'utf8').catch(() => '(no log)');
  return text.split('\n').slice(-30).join('\n');
}
