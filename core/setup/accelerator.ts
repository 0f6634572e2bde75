import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensureTinyImage, TINY_MEMORY_BYTES_MIN, TINY_READY, type TinyImage } from './tiny-image.ts';

/** How guests run on this machine, and a line for people that says why. */
export interface Accelerator {
  readonly is: 'kvm' | 'tcg';
  readonly reason: string;
}

export interface AcceleratorOptions {
  /** Folder of the guest image tiny (built there when missing); the finding is kept there as well, until the machine boots or QEMU changes. */
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Default `qemu-system-x86_64`, looked up in PATH. */
  readonly qemu?: string;
  /** Default `/dev/kvm`. */
  readonly device?: string;
  /** Default 5000. */
  readonly timeoutMs?: number;
}

const EMULATED = 'machines run emulated (TCG), several times slower';
const OUTPUT_BYTES_MAX = 100_000;

/**
 * Boots a micro guest under KVM and believes nothing else: there are hosts whose /dev/kvm opens, runs a boot sector, and hangs every
 * kernel. Never throws for what the machine lacks, that is the answer `tcg`; throws the signal's reason when called off.
 */
export async function probeAccelerator(options: AcceleratorOptions): Promise<Accelerator> {
  const { dir, signal, qemu = 'qemu-system-x86_64', device = '/dev/kvm' } = options;
  signal.throwIfAborted();
  const refused = await access(device, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (refused === 'EACCES') return { is: 'tcg', reason: `This user may not open ${device} (it takes the group kvm), so ${EMULATED}.` };
  if (refused !== undefined) return { is: 'tcg', reason: `This machine has no ${device}, so ${EMULATED}.` };
  const file = join(dir, 'accelerator.json');
  const key = await keyOf(qemu);
  const known = await readKnown(file, key);
  if (known) return known;
  let found: Accelerator;
  try {
    const image = await ensureTinyImage(dir, { signal });
    found = await bootGuest(image, { qemu, signal, timeoutMs: options.timeoutMs ?? 5000 });
  } catch (error) {
    signal.throwIfAborted();
    // Nothing was found out, so nothing is kept: the next start may have what this one lacked.
    return { is: 'tcg', reason: `KVM could not be probed (${error instanceof Error ? error.message : String(error)}), so ${EMULATED}.` };
  }
  await keep(file, { key, ...found });
  return found;
}

/** Changes when the machine boots or another QEMU is installed. */
async function keyOf(qemu: string): Promise<string> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown boot');
  const program = qemu.includes('/') ? qemu : `/usr/bin/${qemu}`;
  const { size, mtimeMs } = await realpath(program)
    .then((path) => stat(path))
    .catch(() => ({ size: 0, mtimeMs: 0 }));
  return `${bootId.trim()} ${size} ${mtimeMs}`;
}

async function readKnown(file: string, key: string): Promise<Accelerator | undefined> {
  try {
    const known = JSON.parse(await readFile(file, 'utf8')) as { key: unknown; is: unknown; reason: unknown };
    if (known.key !== key || typeof known.reason !== 'string') return undefined;
    return known.is === 'kvm' || known.is === 'tcg' ? { is: known.is, reason: known.reason } : undefined;
  } catch {
    // No finding yet, or one that was cut off: probing again is cheap.
    return undefined;
  }
}

async function keep(file: string, finding: Accelerator & { key: string }): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(finding));
  await rename(`${file}.${process.pid}`, file);
}

interface Boot {
  readonly qemu: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

function bootGuest(image: TinyImage, { qemu, signal, timeoutMs }: Boot): Promise<Accelerator> {
  const memory = ['-m', `${TINY_MEMORY_BYTES_MIN / 1024 / 1024}M`];
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'];
  const kernel = ['-kernel', image.kernelPath, '-initrd', image.initrdPath, '-append', image.commandLine];
  const guest = spawn(qemu, ['-accel', 'kvm', '-machine', 'q35', ...memory, ...bare, ...kernel], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    let answer: Accelerator | undefined;
    const settle = (found: Accelerator): void => {
      answer ??= found;
      guest.kill('SIGKILL');
    };
    const hung = `KVM hangs on this machine: a guest did not come up within ${timeoutMs / 1000} s though /dev/kvm exists, so ${EMULATED}.`;
    const limit = setTimeout(() => settle({ is: 'tcg', reason: hung }), timeoutMs);
    guest.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-OUTPUT_BYTES_MAX)));
    guest.stdout.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-OUTPUT_BYTES_MAX);
      if (!said.includes(TINY_READY)) return;
      settle({ is: 'kvm', reason: `KVM works: a guest came up in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.` });
    });
    guest.on('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    guest.on('close', () => {
      clearTimeout(limit);
      const last = complaint.trim().split('\n').at(-1) ?? '';
      resolve(answer ?? { is: 'tcg', reason: `QEMU does not start a guest under KVM (${last || 'it said nothing'}), so ${EMULATED}.` });
    });
  });
}
