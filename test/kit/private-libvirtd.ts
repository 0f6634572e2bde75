// What every private libvirtd of the tests shares, whether its host stands alone (libvirt-host.ts) or in a lab (test/lab).
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A host's PID 1, and the lines that it says; none is lost while nobody waits for it. */
export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: AsyncIterator<string>;
}

/** What QEMU can do takes libvirt more than a second to find out, and is the same for all hosts of this machine; libvirt itself checks whether it still holds. */
const CAPABILITIES = fileURLToPath(new URL('../../node_modules/.cache/novacron/qemu-capabilities', import.meta.url));
/** Longest path of a unix socket on Linux, without the final zero byte. */
const SOCKET_PATH_BYTES_MAX = 107;
const START_TIMEOUT_MS = 60_000;

/** Why a host cannot be put into namespaces of its own on this machine; null when it can. `programs` are what it runs. */
export function namespacesMissing(programs: readonly string[]): string | null {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  const dirs = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = ['unshare', 'mount', 'hostname', ...programs].filter((name) => !dirs.some((dir) => existsSync(join(dir, name))));
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  const tried = spawnSync('unshare', ['--mount', '--net', '--uts', '--ipc', '--pid', '--fork', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? null : `unshare is refused: ${tried.stderr.trim()}`;
}

export const socketPathOf = (root: string): string => join(root, 'run', 'libvirt-sock');

/** The URI of a libvirtd whose socket stands under `root`, usable from anywhere on the machine. */
export const uriOf = (root: string): string => `qemu+unix:///system?socket=${socketPathOf(root)}`;

/** Settings of a file of libvirt's. */
export type Settings = Readonly<Record<string, string | number | readonly string[]>>;

/** The folders of one host under `root`, and libvirt's settings; `daemon` and `qemu` go before the usual ones. */
export async function layOutLibvirtd(root: string, settings: { hostUuid: string; daemon?: Settings; qemu?: Settings }): Promise<void> {
  const length = Buffer.byteLength(socketPathOf(root));
  if (length > SOCKET_PATH_BYTES_MAX)
    throw new Error(`The path of the host's socket has ${length} bytes, Linux allows ${SOCKET_PATH_BYTES_MAX}.`);
  for (const part of ['run', 'libvirt/qemu', 'lib/images', 'log', 'cache/qemu']) await mkdir(join(root, part), { recursive: true });
  await mkdir(CAPABILITIES, { recursive: true });
  await symlink(CAPABILITIES, join(root, 'cache/qemu/capabilities'));
  const daemon = {
    auth_unix_rw: 'none',
    unix_sock_rw_perms: '0700',
    host_uuid: settings.hostUuid,
    max_clients: 200,
    max_client_requests: 20,
    ...settings.daemon,
  };
  await writeFile(join(root, 'libvirt/libvirtd.conf'), toLines(daemon));
  const qemu = {
    user: 'root',
    group: 'root',
    dynamic_ownership: 0,
    remember_owner: 0,
    security_driver: 'none',
    namespaces: [],
    cgroup_controllers: [],
    stdio_handler: 'file',
    ...settings.qemu,
  };
  await writeFile(join(root, 'libvirt/qemu.conf'), toLines(qemu));
}

const toLines = (settings: Settings): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');

/** Listens to a host's PID 1 that was just started. */
export function listenTo(child: Running['child']): Running {
  // A command may race with the end of the host; the answer that never comes is the error that counts.
  child.stdin.on('error', () => undefined);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

export const hasEnded = ({ child }: Running): boolean => child.exitCode !== null || child.signalCode !== null;

/** The next line that the host says; throws when it ends instead. `what` is awaited, for the message. */
export async function nextLine(running: Running, what: string): Promise<string> {
  const { value, done } = await running.lines.next();
  if (done !== true) return value;
  if (!hasEnded(running)) await once(running.child, 'exit');
  throw new Error(`${what}: the host ended (exit code ${running.child.exitCode ?? running.child.signalCode}).`);
}

/** Waits until libvirtd answers its first question, which it does only when all its drivers are up. */
export async function libvirtdAnswered(root: string, running: Running): Promise<void> {
  const endsAt = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (await answersOnce(socketPathOf(root), endsAt - Date.now())) return;
    if (Date.now() > endsAt || hasEnded(running)) throw new Error(`libvirtd did not come up:\n${await logTail(root)}`);
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

/** The last lines of libvirtd's log, for a message. */
export async function logTail(root: string): Promise<string> {
  const text = await readFile(join(root, 'libvirtd.log'), 'utf8').catch(() => '(no log)');
  return text.split('\n').slice(-30).join('\n');
}
