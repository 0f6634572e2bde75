import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { probeAccelerator } from '../../../core/setup/accelerator.ts';
import { TINY_READY } from '../../../core/setup/tiny-image.ts';
import { libvirtHostMissing } from '../../kit/libvirt-host.ts';
import { tinyImage } from '../../kit/tiny-image.ts';

// Programs stand in for QEMU, and a device that everybody has for /dev/kvm: what we make of it is tested here; only the last test asks this machine.
const device = '/dev/null';
const signal = new AbortController().signal;
let dir: string;
let scripts: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nova-kvm-'));
  scripts = await mkdtemp(join(tmpdir(), 'nova-kvm-'));
  const image = dirname((await tinyImage()).kernelPath);
  await symlink(image, join(dir, basename(image)));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
  await rm(scripts, { recursive: true });
});

async function qemuThat(does: string): Promise<string> {
  const file = join(scripts, `qemu-${Math.random().toString(36).slice(2)}`);
  await writeFile(file, `#!/bin/sh\n${does}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('the probe', () => {
  test('a machine without the device runs guests emulated, and no guest is tried', async () => {
    const found = await probeAccelerator({ dir, signal, device: '/nonexistent/kvm', qemu: await qemuThat('exit 1') });
    expect(found).toEqual({ is: 'tcg', reason: expect.stringContaining('has no /nonexistent/kvm') });
  });

  test('a guest that never answers means emulation, said with the limit', async () => {
    const found = await probeAccelerator({ dir, signal, device, qemu: await qemuThat('exec sleep 60'), timeoutMs: 200 });
    expect(found).toEqual({ is: 'tcg', reason: expect.stringContaining('did not come up within 0.2 s') });
  });

  test('a QEMU that refuses KVM means emulation, said in its own words', async () => {
    const found = await probeAccelerator({
      dir,
      signal,
      device,
      qemu: await qemuThat('echo "failed to initialize kvm: Busy" >&2; exit 1'),
    });
    expect(found).toEqual({ is: 'tcg', reason: expect.stringContaining('failed to initialize kvm: Busy') });
  });

  test('no QEMU at all means emulation, and the finding is not kept', async () => {
    const found = await probeAccelerator({ dir, signal, device, qemu: '/nonexistent/qemu' });
    expect(found).toEqual({ is: 'tcg', reason: expect.stringContaining('could not be probed') });
    expect(existsSync(join(dir, 'accelerator.json'))).toBe(false);
  });

  test('a probe that is called off throws the reason and leaves no guest', async () => {
    const stop = new AbortController();
    const probe = probeAccelerator({ dir, signal: stop.signal, device, qemu: await qemuThat('exec sleep 60') });
    setTimeout(() => stop.abort(new Error('called off')), 50);
    await expect(probe).rejects.toThrow('called off');
  });

  test('a guest that answers means KVM; the finding is kept until QEMU changes or the machine boots', async () => {
    const answering = await qemuThat(`echo run >>${scripts}/runs; echo '${TINY_READY}'; exec sleep 60`);
    expect((await probeAccelerator({ dir, signal, device, qemu: answering })).is).toBe('kvm');
    expect((await probeAccelerator({ dir, signal, device, qemu: answering })).is).toBe('kvm');
    expect(await readFile(join(scripts, 'runs'), 'utf8')).toBe('run\n');
    const other = await qemuThat('exit 1 # another program');
    expect((await probeAccelerator({ dir, signal, device, qemu: other })).is).toBe('tcg');
  });

  test('a finding that was cut off is found again', async () => {
    await writeFile(join(dir, 'accelerator.json'), '{"key":');
    expect((await probeAccelerator({ dir, signal, device, qemu: await qemuThat(`echo '${TINY_READY}'; exec sleep 60`) })).is).toBe('kvm');
  });
});

test('on this machine the real probe ends within its limit with one line', async (context) => {
  const missing = libvirtHostMissing();
  if (missing !== null) context.skip(missing);
  const found = await probeAccelerator({ dir, signal });
  expect(['kvm', 'tcg']).toContain(found.is);
  expect(found.reason).toMatch(/^[^\n]+\.$/);
});
