import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { libvirtHostMissing } from '../../kit/libvirt-host.ts';

const MODULE = fileURLToPath(new URL('../../../core/setup/libvirtd.mjs', import.meta.url));

/** A machine of its own, as far as libvirt sees: bash is process 1, because somebody must bury libvirt's dead children. */
const MACHINE = `
set -eu
mount -t proc proc /proc
umount -R -l /sys 2>/dev/null || true
mount -t sysfs sysfs /sys
mount -t tmpfs run /run
mkdir -p "$1/etc" "$1/lib" "$1/log" "$1/cache"
cp /etc/libvirt/*.conf "$1/etc"
mount --bind "$1/etc" /etc/libvirt
for part in lib log cache; do mount --bind "$1/$part" "/var/$part/libvirt"; done
"$2" "$1/story.mjs"
exit $?
`;

const STORY = `
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { answers, ensureLibvirtd } from ${JSON.stringify(MODULE)};
const dir = new URL('.', import.meta.url).pathname;
const virsh = (...args) => { const { status, stdout } = spawnSync('virsh', ['-q', '-c', 'qemu:///system', ...args], { encoding: 'utf8' }); return status === 0 ? stdout.trim() : 'refused'; };
const SOCKET = '/run/libvirt/libvirt-sock';
const LOG_SOCKET = '/run/libvirt/virtlogd-sock';
const told = {};
told.before = await answers(SOCKET, 1000);
const stop = await ensureLibvirtd(dir + 'one');
told.started = await answers(SOCKET, 1000);
process.kill(JSON.parse(readFileSync(dir + 'one/libvirtd/virtlogd.json', 'utf8')).pid, 'SIGKILL');
await ensureLibvirtd(dir + 'one');
told.logDaemonAgain = await answers(LOG_SOCKET, 1000);
virsh('create', dir + 'guest.xml');
const adopted = await ensureLibvirtd(dir + 'one');
const foreign = await ensureLibvirtd(dir + 'two');
await foreign();
told.afterForeignStop = virsh('list', '--name');
await adopted();
told.stopped = virsh('list', '--name');
await stop();
const again = await ensureLibvirtd(dir + 'one');
told.guestOutlives = virsh('list', '--name');
told.confOutside = spawnSync('grep', ['-c', '^dynamic_ownership', '/etc/libvirt/qemu.conf'], { encoding: 'utf8' }).stdout.trim();
told.logsWhileItLives = (await answers(LOG_SOCKET, 1000)) + ' ' + existsSync('/var/log/libvirt/qemu/guest.log');
virsh('destroy', 'guest');
await again();
told.logsAfter = await answers(LOG_SOCKET, 1000);
console.log(JSON.stringify(told));
`;

test('libvirtd is started where none runs, adopted after a crash of the hub, left alone when it is not ours, and stopped without its guests and their log daemon', async (context) => {
  const missing = libvirtHostMissing();
  if (missing !== null) context.skip(missing);
  const dir = await mkdtemp(join(tmpdir(), 'nova-libvirtd-'));
  try {
    await mkdir(join(dir, 'one'));
    await writeFile(join(dir, 'story.mjs'), STORY);
    const guest = `<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory><os><type arch='x86_64'>hvm</type></os></domain>`;
    await writeFile(join(dir, 'guest.xml'), guest);
    const namespaces = ['--mount', '--net', '--uts', '--ipc', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'];
    const { stdout } = await promisify(execFile)('unshare', [...namespaces, 'bash', '-c', MACHINE, 'machine', dir, process.execPath]);
    expect(JSON.parse(stdout)).toEqual({
      before: 'refused',
      started: 'yes',
      logDaemonAgain: 'yes',
      afterForeignStop: 'guest',
      stopped: 'refused',
      guestOutlives: 'guest',
      confOutside: '0',
      logsWhileItLives: 'yes true',
      logsAfter: 'refused',
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
