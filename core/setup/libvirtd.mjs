// The machine's libvirtd: found, or asked of systemd, or started by us, with its log daemon, and then stopped by us.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, lives } from './lock.mjs';
import { ask } from './run.mjs';
import { say, warn } from './say.mjs';

const SOCKETS = ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'];
const LOG_SOCKET = '/run/libvirt/virtlogd-sock';
const LOG_FOLDER = '/var/log/libvirt/';
// Where process 1 buries no dead children (a container without an init), libvirtd waits half a minute for each QEMU that it asked.
const START_TIMEOUT_MS = 40_000;
const STOP_TIMEOUT_MS = 5000;

/** What QEMU needs where no systemd gives it a user and a slice. Only our libvirtd sees it; /etc stays as it is. */
const QEMU_CONF = [
  '# Written by the hub for the libvirtd that it starts itself; laid over /etc/libvirt/qemu.conf in that process only.',
  'user = "root"',
  'group = "root"',
  'dynamic_ownership = 0',
  'remember_owner = 0',
  'security_driver = "none"',
  'namespaces = []',
  '',
].join('\n');

/**
 * Sees to it that a libvirtd answers on this machine, and returns what ends it: nothing, unless it is one that the hub started
 * (now, or before a crash). Guests live on when it stops. A machine without libvirt is no error: the hub says so itself.
 */
export async function ensureLibvirtd(dataDir) {
  const folder = join(dataDir, 'libvirtd');
  if (await anyAnswers(SOCKETS, 1000)) return readOwner(folder, 'libvirtd') ? adopt(folder) : nothing;
  if (!existsSync('/usr/sbin/libvirtd')) return nothing;
  if (existsSync('/run/systemd/system')) return startBySystemd();
  if (process.getuid() !== 0) {
    warn('libvirtd does not run and only root can start it: sudo libvirtd --daemon');
    return nothing;
  }
  await end(folder, 'libvirtd');
  return startOurs(folder);
}

const nothing = async () => undefined;

async function startBySystemd() {
  say('Starting libvirtd (systemctl start libvirtd) …');
  const { status, stderr } = ask('systemctl', ['start', 'libvirtd.socket', 'libvirtd.service']);
  if (status !== 0) warn(`systemctl could not start libvirtd: ${stderr.trim()}`);
  else if (!(await anyAnswers(SOCKETS, START_TIMEOUT_MS)))
    warn('libvirtd was started by systemd but does not answer: journalctl -u libvirtd');
  return nothing;
}

async function startOurs(folder) {
  say('Starting libvirtd …');
  mkdirSync(folder, { recursive: true });
  await ensureLogger(folder);
  const conf = join(folder, 'qemu.conf');
  writeFileSync(conf, QEMU_CONF);
  const script = 'mount --bind "$0" /etc/libvirt/qemu.conf && exec /usr/sbin/libvirtd';
  const inOwnMounts = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, conf];
  await launch(folder, { name: 'libvirtd', sockets: SOCKETS, command: inOwnMounts });
  return () => stop(folder);
}

/** One that outlived its hub; its log daemon may not have. */
async function adopt(folder) {
  await ensureLogger(folder);
  return () => stop(folder);
}

/** Without virtlogd no guest starts. One that runs is used, whosever it is; its answer to libvirtd's question is an error, but an answer. */
async function ensureLogger(folder) {
  if (await anyAnswers([LOG_SOCKET], 1000)) return;
  await launch(folder, { name: 'virtlogd', sockets: [LOG_SOCKET], command: ['/usr/sbin/virtlogd'] });
}

/** In a group of its own, so that Ctrl-C reaches the hub first and the daemon is stopped after it. */
async function launch(folder, { name, sockets, command: [file, ...args] }) {
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'w');
  const child = spawn(file, args, { detached: true, stdio: ['ignore', output, output] });
  child.on('error', (error) => warn(`${name} could not be started: ${error.message}`));
  child.unref();
  if (child.pid) writeFileSync(ownerFile(folder, name), JSON.stringify(identify(child.pid)));
  if (!(await anyAnswers(sockets, START_TIMEOUT_MS, () => child.exitCode === null))) warn(`${name} did not come up:\n${tail(log)}`);
}

async function stop(folder) {
  await end(folder, 'libvirtd');
  // The guests that live on write into its pipes; without them it goes too, else the next start finds it.
  const logger = readOwner(folder, 'virtlogd');
  if (logger && !keepsLogs(logger.pid)) await end(folder, 'virtlogd');
}

async function end(folder, name) {
  const owner = readOwner(folder, name);
  if (!owner) return;
  process.kill(owner.pid, 'SIGTERM');
  const endsAt = Date.now() + STOP_TIMEOUT_MS;
  while (lives(owner) && Date.now() < endsAt) await sleep(20);
  if (lives(owner)) process.kill(owner.pid, 'SIGKILL');
  rmSync(ownerFile(folder, name), { force: true });
}

const keepsLogs = (pid) => readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`).startsWith(LOG_FOLDER));

/** Of a file that may be closed by now. */
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const ownerFile = (folder, name) => join(folder, `${name}.json`);

/** The living daemon of this name that a hub on this data folder started. */
function readOwner(folder, name) {
  try {
    const owner = JSON.parse(readFileSync(ownerFile(folder, name), 'utf8'));
    return lives(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

const tail = (file) => readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');

async function anyAnswers(sockets, timeoutMs, goOn = () => true) {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const present = sockets.filter((path) => existsSync(path));
    for (const path of present) {
      const said = await answers(path, Math.max(1, endsAt - Date.now()));
      if (said === 'yes') return true;
    }
    if (Date.now() >= endsAt || !goOn()) return false;
    // On the first look an absent or refusing socket is an answer; only while starting is it worth waiting.
    if (timeoutMs < START_TIMEOUT_MS) return false;
    await sleep(25);
  }
}

/** Asks which authentication it wants (procedure 66): libvirtd replies only when all its drivers are up. */
export function answers(path, timeoutMs) {
  const question = Buffer.alloc(28);
  for (const [i, word] of [28, 0x20008086, 1, 66, 0, 0, 0].entries()) question.writeUInt32BE(word, i * 4);
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (said) => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(timeoutMs, () => done('nothing'));
    socket.on('error', (error) => done(error.code === 'EACCES' ? 'forbidden' : 'refused'));
    socket.on('close', () => done('refused'));
    socket.on('data', () => done('yes'));
    socket.on('connect', () => socket.write(question));
  });
}
