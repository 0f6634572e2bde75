import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HubError } from '../contract/errors.ts';
import type { Log } from '../contract/declare.ts';

/** The files of the built-in guest image `tiny`: a Linux of 96 MiB for direct kernel boot. */
export interface TinyImage {
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Changes with the recipe; folders of other versions may stand beside it. */
  readonly version: string;
  /** What the kernel needs on its command line; `tiny.name=HOSTNAME` and `tiny.address=ADDRESS/BITS` may follow. */
  readonly commandLine: string;
}

export interface TinyImageOptions {
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** The line on the serial console that says the guest is up begins so. */
export const TINY_READY = 'NOVACRON-TINY READY';
/** With less memory the kernel never comes up and says nothing. */
export const TINY_MEMORY_BYTES_MIN = 96 * 1024 * 1024;
const COMMAND_LINE = 'console=ttyS0 quiet panic=1 random.trust_cpu=on';

const RECIPE = fileURLToPath(new URL('tiny', import.meta.url));
const KERNEL_PACKAGE = 'linux-image-cloud-amd64';
/** Modules of Debian's cloud kernel that a virtio guest needs; what is built in is left out by modprobe. */
const MODULES = [
  'virtio_pci',
  'virtio_blk',
  'virtio_net',
  'virtio_balloon',
  'virtio_console',
  'virtio-rng',
  'button',
  'evdev',
  'vfat',
  'nls_cp437',
  'nls_ascii',
];
/** A hub may be waiting, and without the image it has work to do as well. */
const IMPATIENT = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::https::Timeout=15'];
/** A build that is this old was left behind by a process that died. */
const ABANDONED_AFTER_MS = 3_600_000;

const run = promisify(execFile);

/**
 * Builds the image under `dir` unless it is there, from Debian's cloud kernel, busybox and the guest agent. Takes some seconds the first
 * time, a millisecond later. Safe to call twice at once, and after a build that was cut off.
 * Throws `image_unavailable` (503) when a package cannot be had; the message says what to install or try.
 */
export async function ensureTinyImage(dir: string, options: TinyImageOptions = {}): Promise<TinyImage> {
  const version = await recipeVersion();
  const target = join(dir, `tiny-${version}`);
  const image = {
    kernelPath: join(target, 'vmlinuz'),
    initrdPath: join(target, 'initrd.img'),
    version,
    commandLine: COMMAND_LINE,
  };
  if (await isWhole(target)) return image;
  await mkdir(dir, { recursive: true });
  await sweep(dir);
  const build = await mkdtemp(join(dir, '.building-'));
  try {
    options.log?.info({ version }, 'Building the guest image tiny (once; takes some seconds).');
    await buildInto(build, version, options.signal ?? new AbortController().signal);
    await publish(build, target);
    return image;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw unavailable(error);
  } finally {
    await rm(build, { recursive: true, force: true });
  }
}

async function recipeVersion(): Promise<string> {
  const hash = createHash('sha256').update(MODULES.join());
  for (const name of (await readdir(RECIPE)).toSorted()) hash.update(`\0${name}\0`).update(await readFile(join(RECIPE, name)));
  return hash.digest('hex').slice(0, 12);
}

/** `sizes.json` is written last; a file whose length is not the one in it was cut off or touched. */
async function isWhole(target: string): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(target, 'sizes.json'), 'utf8')) as Record<string, number>;
    for (const name of ['vmlinuz', 'initrd.img']) {
      if ((await stat(join(target, name))).size !== sizes[name]) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function sweep(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith('.building-') && !name.startsWith('.broken-')) continue;
    const found = await stat(join(dir, name)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(join(dir, name), { recursive: true, force: true });
  }
}

/** One rename makes the folder appear whole. Another build may have been quicker: then its result is as good. */
async function publish(build: string, target: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await rename(join(build, 'out'), target);
      return;
    } catch (error) {
      if (await isWhole(target)) return;
      if (attempt === 2) throw error;
      const broken = join(dirname(target), `.broken-${randomUUID()}`);
      await rename(target, broken).catch(() => undefined);
      await rm(broken, { recursive: true, force: true });
    }
  }
}

async function buildInto(build: string, version: string, signal: AbortSignal): Promise<void> {
  const out = join(build, 'out');
  const root = join(build, 'root');
  await mkdir(out);
  const { kernel, agent } = await unpackPackages(build, signal);
  await layOut(root, version);
  const release = await only(join(kernel, 'lib/modules'));
  await copyModules({ kernel, release, root }, signal);
  await copyAgent(join(agent, 'usr/sbin/qemu-ga'), root, signal);
  await copyFile(join(kernel, 'boot', `vmlinuz-${release}`), join(out, 'vmlinuz'));
  await pack(root, join(out, 'initrd.img'), signal);
  const sizes: Record<string, number> = {};
  for (const name of ['vmlinuz', 'initrd.img']) sizes[name] = (await stat(join(out, name))).size;
  await writeFile(join(out, 'sizes.json'), JSON.stringify(sizes));
}

async function unpackPackages(build: string, signal: AbortSignal): Promise<{ kernel: string; agent: string }> {
  const debs = join(build, 'debs');
  await mkdir(debs);
  try {
    await download(debs, signal);
  } catch (error) {
    // An old list of packages names files that the archive no longer has; only root can renew it.
    if (process.getuid?.() !== 0 || signal.aborted) throw error;
    await run('apt-get', [...IMPATIENT, 'update', '-qq'], { signal });
    await download(debs, signal);
  }
  const unpacked = { kernel: join(build, 'kernel'), agent: join(build, 'agent') };
  for (const file of await readdir(debs)) {
    const into = file.startsWith('linux-image-') ? unpacked.kernel : unpacked.agent;
    await run('dpkg-deb', ['-x', join(debs, file), into], { signal });
  }
  return unpacked;
}

async function download(cwd: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await run('apt-cache', ['depends', KERNEL_PACKAGE], { signal });
  const kernel = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (!kernel) throw new Error(`apt knows no package ${KERNEL_PACKAGE}.`);
  await run('apt-get', [...IMPATIENT, 'download', '-qq', kernel, 'qemu-guest-agent'], { cwd, signal });
}

async function layOut(root: string, version: string): Promise<void> {
  for (const folder of ['bin', 'sbin', 'dev', 'etc', 'lib/modules', 'proc', 'sys']) await mkdir(join(root, folder), { recursive: true });
  await cp('/bin/busybox', join(root, 'bin/busybox'), { dereference: true });
  for (const name of await readdir(RECIPE)) {
    const to = name === 'init' ? join(root, name) : join(root, 'sbin', name);
    await copyFile(join(RECIPE, name), to);
    await chmod(to, 0o755);
  }
  await writeFile(join(root, 'etc/tiny-version'), `${version}\n`);
}

/** The package has no modules.dep, so depmod makes one; modprobe then names each file in the order in which it must be loaded. */
async function copyModules(from: { kernel: string; release: string; root: string }, signal: AbortSignal): Promise<void> {
  const { kernel, release, root } = from;
  await run('depmod', ['-b', kernel, release], { signal });
  const files = new Set<string>();
  for (const module of MODULES) {
    const { stdout } = await run('modprobe', ['-d', kernel, '-S', release, '--show-depends', module], { signal });
    for (const [, file] of stdout.matchAll(/^insmod (\S+)/gm)) if (file) files.add(file);
  }
  for (const file of files) await copyFile(file, join(root, 'lib/modules', basename(file)));
  await writeFile(join(root, 'lib/modules/order'), [...files].map((file) => `${basename(file)}\n`).join(''));
}

/** The agent is a dynamic program: its libraries go to the paths at which this machine has them. */
async function copyAgent(agent: string, root: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await run('ldd', [agent], { signal });
  if (stdout.includes('not found')) throw new Error(`The guest agent lacks libraries:\n${stdout}`);
  await copyFile(agent, join(root, 'bin/qemu-ga'));
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(library, join(root, library), { dereference: true });
  }
}

/** Not compressed: under emulation unpacking costs the guest more than reading. */
async function pack(root: string, to: string, signal: AbortSignal): Promise<void> {
  const names = (await readdir(root, { recursive: true })).toSorted();
  const cpio = spawn('cpio', ['-o', '-H', 'newc', '-R', '0:0', '--quiet'], { cwd: root, signal, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve, reject) => {
    cpio.on('error', reject);
    cpio.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`cpio failed with exit code ${code}.`))));
  });
  cpio.stdin.end(`${names.join('\n')}\n`);
  await Promise.all([pipeline(cpio.stdout, createWriteStream(to)), ended]);
}

async function only(dir: string): Promise<string> {
  const [name] = await readdir(dir);
  if (!name) throw new Error(`The folder ${basename(dir)} of the kernel package is empty.`);
  return name;
}

function unavailable(error: unknown): HubError {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  // apt explains itself in many lines, of which those with an E count.
  const reason = lines.find((line) => line.startsWith('E: ')) ?? lines[0];
  const todo =
    'It needs the Debian packages busybox-static, kmod and cpio, and an archive to download from: install them, run apt-get update, and try again.';
  return new HubError('image_unavailable', `The guest image tiny could not be built. ${todo} The reason was: ${reason}`, {
    status: 503,
    retryable: true,
    cause: error,
  });
}
