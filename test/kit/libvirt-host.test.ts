import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { startLibvirtHost, type LibvirtHost } from './libvirt-host.ts';

const run = promisify(execFile);
const virsh = async (host: LibvirtHost, ...args: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', host.uri, ...args])).stdout.trim();
const names = async (host: LibvirtHost): Promise<string[]> => (await virsh(host, 'list', '--name')).split('\n').filter(Boolean).toSorted();

/** A machine with nothing to boot: enough to have a process. */
async function startEmptyGuest(host: LibvirtHost, name: string): Promise<void> {
  const file = join(host.dir, `${name}.xml`);
  const os = `<os><type arch='x86_64'>hvm</type></os>`;
  await writeFile(file, `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory>${os}</domain>`);
  await virsh(host, 'define', file);
  await virsh(host, 'start', name);
}

test('a command for a host after a power cut is refused until it is restarted', async () => {
  await using host = await startLibvirtHost();
  await host.crash();
  await expect(host.kill()).rejects.toThrow('restart() it first');
  await host.restart();
  expect(await names(host)).toEqual([]);
});

test('a guest that does not run cannot be killed', async () => {
  await using host = await startLibvirtHost();
  await expect(host.killQemu('nobody')).rejects.toThrow('no running guest nobody');
});

test('guests outlive a killed libvirtd, and die one by one or all in a power cut', async () => {
  await using host = await startLibvirtHost();
  await startEmptyGuest(host, 'one');
  await startEmptyGuest(host, 'two');
  await host.kill();
  await expect(virsh(host, 'list')).rejects.toThrow('Connection refused');
  expect((await host.guests()).toSorted()).toEqual(['one', 'two']);
  await host.restart();
  expect(await names(host)).toEqual(['one', 'two']);
  await host.killQemu('one');
  await expect.poll(() => names(host), { timeout: 10_000 }).toEqual(['two']);
  await host.crash();
  await host.restart();
  expect(await names(host)).toEqual([]);
  expect(await virsh(host, 'domstate', 'two')).toBe('shut off');
});

test('two hosts stand side by side, know nothing of each other, and leave nothing behind', async () => {
  const folders: string[] = [];
  {
    await using first = await startLibvirtHost({ name: 'first' });
    await using second = await startLibvirtHost({ name: 'second' });
    folders.push(first.dir, second.dir);
    await startEmptyGuest(first, 'same-name');
    expect(await virsh(first, 'hostname')).toBe('first');
    expect(await virsh(second, 'hostname')).toBe('second');
    expect(await names(second)).toEqual([]);
    await startEmptyGuest(second, 'same-name');
    expect(await virsh(second, 'capabilities')).toContain(second.hostUuid);
  }
  expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
});

test('a host that fails to start says so and leaves no folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nova-'));
  vi.stubEnv('TMPDIR', folder);
  try {
    await expect(startLibvirtHost({ name: 'x'.repeat(100) })).rejects.toThrow('start of host');
    expect(await readdir(folder)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  }
});

test('a test process that is killed takes its host along, folder and all', async () => {
  const program = `import { startLibvirtHost } from './test/kit/libvirt-host.ts';
const host = await startLibvirtHost(); console.log(host.dir); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const folder = line.toString().trim();
  expect(existsSync(folder)).toBe(true);
  child.kill('SIGKILL');
  await expect.poll(() => existsSync(join(folder, '..')), { timeout: 20_000 }).toBe(false);
});
