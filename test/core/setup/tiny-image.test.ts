import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureTinyImage, TINY_READY, type TinyImage } from '../../../core/setup/tiny-image.ts';
import { startLibvirtHost, type LibvirtHost } from '../../kit/libvirt-host.ts';
import { tinyImage } from '../../kit/tiny-image.ts';

const run = promisify(execFile);
const BOOT_TIMEOUT_MS = 60_000;

describe('the build', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nova-tiny-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('a build that is called off throws the reason and leaves nothing', async () => {
    const fresh = join(dir, 'called-off');
    await expect(ensureTinyImage(fresh, { signal: AbortSignal.abort(new Error('called off')) })).rejects.toThrow('called off');
    expect(await readdir(fresh)).toEqual([]);
  });

  test('without the programs it needs it says which packages to install', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    try {
      await expect(ensureTinyImage(join(dir, 'no-programs'))).rejects.toMatchObject({
        code: 'image_unavailable',
        status: 503,
        message: expect.stringContaining('busybox-static'),
      });
    } finally {
      process.env['PATH'] = path;
    }
  });

  test('two builds at once end with one whole image, and a damaged one is built again', { timeout: 120_000 }, async () => {
    const folder = join(dir, 'twice');
    const [first, second] = await Promise.all([ensureTinyImage(folder), ensureTinyImage(folder)]);
    expect(second).toEqual(first);
    expect(await readdir(folder)).toEqual([`tiny-${first.version}`]);

    await truncate(first.initrdPath, 1000);
    const again = await ensureTinyImage(folder);
    expect(again).toEqual(first);
    expect((await readFile(again.initrdPath)).length).toBeGreaterThan(1_000_000);
    expect(await readdir(folder)).toEqual([`tiny-${first.version}`]);
  });

  test('a folder that a dead build left half-written is no obstacle', { timeout: 120_000 }, async () => {
    const { version } = await tinyImage();
    const folder = join(dir, 'half');
    await mkdir(join(folder, `tiny-${version}`), { recursive: true });
    await writeFile(join(folder, `tiny-${version}`, 'vmlinuz'), 'half');
    const image = await ensureTinyImage(folder);
    expect(existsSync(image.initrdPath)).toBe(true);
  });
});

describe('the guest', () => {
  let image: TinyImage;
  let host: LibvirtHost;
  beforeAll(async () => {
    image = await tinyImage();
    host = await startLibvirtHost();
  }, 120_000);
  afterAll(() => host[Symbol.asyncDispose]());

  const virsh = async (...args: string[]): Promise<string> => (await run('virsh', ['-q', '-c', host.uri, ...args])).stdout.trim();
  const consoleOf = (name: string): Promise<string> => readFile(join(host.dir, `${name}.log`), 'utf8').catch(() => '');
  const saysBy = (name: string, text: string): Promise<void> =>
    expect.poll(() => consoleOf(name), { timeout: BOOT_TIMEOUT_MS }).toContain(text);

  async function start(name: string): Promise<void> {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(host.dir, `${name}.qcow2`), '256M']);
    await writeFile(join(host.dir, `${name}.xml`), domainXml({ name, image, dir: host.dir }));
    await virsh('create', join(host.dir, `${name}.xml`));
    await saysBy(name, `${TINY_READY} version=${image.version} name=${name}`);
  }

  test('it comes up in 96 MiB, burns on command, refuses nonsense, and stops at the power button', { timeout: 180_000 }, async () => {
    await start('burner');
    const terminal = await open(await virsh('ttyconsole', 'burner'), constants.O_RDWR | constants.O_NOCTTY);
    const type = (line: string): Promise<unknown> => terminal.write(`${line}\r`);
    // The hypervisor notices within a second that somebody opened the terminal; what is typed before is lost.
    await expect
      .poll(
        async () => {
          await type('status');
          return consoleOf('burner');
        },
        { timeout: 20_000, interval: 500 },
      )
      .toContain('MemAvailable');
    await type('burn cpu 1 50');
    await saysBy('burner', 'done: burn cpu 1 50');
    await type('burn memory 8 1');
    await saysBy('burner', 'done: burn memory 8 1');
    await type('burn dirty 4 1');
    await saysBy('burner', 'done: burn dirty 4 1, ');
    await type('burn disk 5');
    await saysBy('burner', 'done: burn disk 5');
    await type('burn memory 4000 1');
    await saysBy('burner', 'MiB of memory can be burnt now');
    await type('burn cpu 1 500');
    await saysBy('burner', 'error: burn cpu SECONDS [PERCENT]');
    await terminal.close();

    expect(await virsh('domstats', '--block', 'burner')).toMatch(/block\.0\.wr\.bytes=[1-9]\d{6}/);
    await virsh('shutdown', 'burner', '--mode', 'acpi');
    await expect.poll(() => virsh('list', '--name'), { timeout: 20_000 }).toBe('');
    expect(await consoleOf('burner')).toContain('NOVACRON-TINY STOPPING');
  });

  test('its guest agent answers and shuts it down, its balloon reports memory', { timeout: 180_000 }, async () => {
    await start('agent');
    await expect
      .poll(() => virsh('qemu-agent-command', 'agent', '{"execute":"guest-ping"}').catch(String), { timeout: 20_000 })
      .toContain('"return"');
    await expect.poll(() => virsh('dommemstat', 'agent'), { timeout: 20_000 }).toMatch(/usable \d+/);
    // The guest may be gone before its agent has answered; that it is gone is what counts.
    await virsh('shutdown', 'agent', '--mode', 'agent').catch((error: unknown) => {
      if (!String(error).includes('End of file from agent socket')) throw error;
    });
    await expect.poll(() => virsh('list', '--name'), { timeout: 20_000 }).toBe('');
  });
});

function domainXml({ name, image, dir }: { name: string; image: TinyImage; dir: string }): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>${image.kernelPath}</kernel><initrd>${image.initrdPath}</initrd>
<cmdline>${image.commandLine} tiny.name=${name}</cmdline></os>
<features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features><cpu mode='custom' match='exact'><model>qemu64</model></cpu>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${dir}/${name}.qcow2'/><target dev='vda' bus='virtio'/></disk>
<serial type='pty'><log file='${dir}/${name}.log' append='off'/></serial>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<memballoon model='virtio'><stats period='1'/></memballoon></devices></domain>`;
}
