import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from 'node-libvirt';
import { isStale, labsDir, listLabs, removeStaleLabs, type LabRecord } from './folder.ts';
import { startLab, type Lab } from './lab.ts';
import type { Machine } from './machine.ts';
import { run } from './namespaces.ts';

const pings = (from: Machine, to: string): Promise<boolean> =>
  from.run(['busybox', 'ping', '-c', '1', '-W', '1', to]).then(
    () => true,
    () => false,
  );

describe('three hosts', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ hosts: 3, storage: 'shared' });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('each is reached from the client by TCP, TLS and SSH, and from outside by its socket, as a host of its own', async () => {
    const uuids = new Set<string>();
    for (const host of lab.hosts) {
      for (const uri of [host.uris.tcp, host.uris.tls, host.uris.ssh])
        expect(await lab.client.shell(`virsh -q -c ${uri} hostname`)).toBe(host.name);
      await using conn = await connect(host.uri);
      expect(await conn.getHostname()).toBe(host.name);
      const uuid = /<uuid>(.*)<\/uuid>/.exec(await conn.getCapabilities())?.[1];
      expect(uuid).toBe(host.hostUuid);
      uuids.add(host.hostUuid);
    }
    expect(uuids.size).toBe(3);
  });

  test('one host reaches another with its own certificate, and a name that the certificate does not have is refused', async () => {
    const [h1] = lab.hosts;
    expect(await h1?.shell('virsh -q -c qemu+tls://h2/system hostname')).toBe('h2');
    await lab.client.shell(`echo '${lab.host('h2').address} elsewhere' >>/etc/hosts`);
    await expect(lab.client.shell('virsh -q -c qemu+tls://elsewhere/system hostname')).rejects.toThrow('elsewhere');
    await expect(lab.client.shell('virsh -q -c qemu+ssh://root@elsewhere/system hostname')).rejects.toThrow('Host key verification failed');
  });

  test("code outside of the lab comes in through a forwarded port, by TLS with the client's certificate", async () => {
    await using door = await lab.forward('h2', 16514);
    const { stdout } = await run(['virsh', '-q', '-c', `qemu+tls://127.0.0.1:${door.port}/system?pkipath=${lab.pkiPath}`, 'hostname']);
    expect(stdout.trim()).toBe('h2');
    await using closed = await lab.forward('h2', 9);
    await expect(run(['virsh', '-c', `qemu+tcp://127.0.0.1:${closed.port}/system`, 'hostname'])).rejects.toThrow('error:');
  });

  test('all hosts see one shared pool', async () => {
    const volume = `${lab.pool.name} seen.raw`;
    await lab.host('h1').shell(`virsh -q vol-create-as ${volume} 1M --format raw`);
    await lab.host('h2').shell(`virsh -q pool-refresh ${lab.pool.name}`);
    expect(await lab.host('h2').shell(`virsh -q vol-path seen.raw ${lab.pool.name}`)).toBe(join(lab.pool.path, 'seen.raw'));
  });

  test('a power failure ends the host at once and takes it off the network; it comes back with its definitions', async () => {
    const h3 = lab.host('h3');
    const os = `<os><type arch='x86_64'>hvm</type></os>`;
    await h3.shell('virsh define <(cat) && virsh start one', {
      input: `<domain type='qemu'><name>one</name><memory unit='MiB'>32</memory>${os}</domain>`,
    });
    const qemu = await h3.shell('cat /run/libvirt/qemu/one.pid');
    expect(await h3.shell(`kill -0 ${qemu} && echo lives`)).toBe('lives');
    await h3.crash();
    expect(h3.isUp).toBe(false);
    expect(await pings(lab.client, 'h3')).toBe(false);
    await expect(h3.shell('true')).rejects.toThrow('h3 is down; bring it back with up()');
    await expect(connect(h3.uri)).rejects.toThrow('libvirt-sock');
    await h3.up();
    expect(await h3.shell('virsh domstate one')).toBe('shut off');
    expect(await lab.client.shell(`virsh -q -c ${h3.uris.tls} hostname`)).toBe('h3');
  });

  test('a host that was ended by somebody else is down, and comes up again', async () => {
    const h3 = lab.host('h3');
    process.kill(h3.pid, 'SIGKILL');
    await expect.poll(() => h3.isUp).toBe(false);
    await h3.up();
    expect(await lab.client.shell(`virsh -q -c ${h3.uris.tcp} hostname`)).toBe('h3');
  });

  test('a cut cable cuts off one host, stays cut through a power failure, and heals', async () => {
    const [h1, h2] = [lab.host('h1'), lab.host('h2')];
    await h2.cut();
    expect(await pings(lab.client, 'h2')).toBe(false);
    expect(await pings(lab.client, 'h1')).toBe(true);
    await h2.crash();
    await h2.up();
    expect(await pings(h1, 'h2')).toBe(false);
    await h2.heal();
    await expect.poll(() => pings(h1, 'h2')).toBe(true);
  });

  test('a command that is called off ends on its machine too', async () => {
    const h1 = lab.host('h1');
    const calledOff = AbortSignal.timeout(300);
    await expect(h1.run(['sleep', '4321'], { signal: calledOff })).rejects.toThrow('aborted');
    const sleeping = 'grep -azl "^sleep.4321" /proc/[0-9]*/cmdline 2>/dev/null | wc -l';
    await expect.poll(() => h1.shell(sleeping)).toBe('0');
  });

  test('what there is not is refused by name', async () => {
    expect(() => lab.host('h9')).toThrow('There is no host h9 in this lab; there are: h1, h2, h3.');
    await expect(lab.link('h1', 'h9', null)).rejects.toThrow('There is no h9');
    await expect(lab.link('h1', 'h1', null)).rejects.toThrow('two different stations');
    await expect(lab.link('h1', 'h2', { lossRatio: 2 })).rejects.toThrow('loss is 0 to 1');
    await expect(lab.host('h1').shape({ rateMbit: 0 })).rejects.toThrow('more than 0');
    await expect(startLab({ hosts: 0 })).rejects.toThrow('1 to 9 hosts');
    await expect(lab.host('h1').shell('echo broken >&2; exit 3')).rejects.toMatchObject({ result: { exitCode: 3, stderr: 'broken\n' } });
  });
});

test('labs stand side by side, with local disks at the same path, touch no network of the machine, and leave nothing behind', async () => {
  const before = Object.keys(networkInterfaces());
  const folders: string[] = [];
  {
    await using first = await startLab({ hosts: 1 });
    await using second = await startLab({ hosts: 1 });
    folders.push(first.dir, second.dir);
    expect(first.number).not.toBe(second.number);
    expect(first.host('h1').address).not.toBe(second.host('h1').address);
    expect(first.pool).toEqual(second.pool);
    await first.host('h1').shell(`touch ${first.pool.path}/mine`);
    expect(await second.host('h1').shell(`ls ${second.pool.path}`)).toBe('');
    expect(await pings(first.client, second.host('h1').address)).toBe(false);
    expect(Object.keys(networkInterfaces())).toEqual(before);
  }
  expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
});

/** A process that holds a lab of one host, and the record of that lab. */
async function startOwner(): Promise<{ owner: ChildProcess; record: LabRecord }> {
  const program = `import { startLab } from './test/lab/lab.ts';
const lab = await startLab({ hosts: 1 }); console.log(lab.dir); setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const record = (await listLabs()).find(({ dir }) => dir === line.toString().trim());
  if (!record) throw new Error(`No lab is found in ${line.toString()}`);
  return { owner, record };
}

/** Control groups of that lab. */
const groupsOf = ({ dir, init }: LabRecord): string[] => globSync(`/sys/fs/cgroup/*/${basename(dir)}-${init?.pid}`);
const exists = (pid: number | undefined): boolean => existsSync(`/proc/${pid}`);

test('a test process that is killed takes its lab along, folder and all', async () => {
  const { owner, record } = await startOwner();
  expect(isStale(record)).toBe(false);
  owner.kill('SIGKILL');
  await expect.poll(() => existsSync(record.dir) || exists(record.init?.pid), { timeout: 20_000 }).toBe(false);
  expect(groupsOf(record)).toEqual([]);
});

test('a lab that did not notice the death of its owner is found and removed, and no other', async () => {
  await using living = await startLab({ hosts: 1 });
  const { owner, record } = await startOwner();
  process.kill(record.init?.pid ?? 0, 'SIGSTOP');
  const exited = once(owner, 'exit');
  owner.kill('SIGKILL');
  await exited;
  expect(existsSync(record.dir)).toBe(true);
  expect(await removeStaleLabs()).toContain(record.number);
  expect(existsSync(record.dir) || exists(record.init?.pid)).toBe(false);
  expect(groupsOf(record)).toEqual([]);
  expect(await living.host('h1').shell('hostname')).toBe('h1');
});

test('a process that only has the number of a dead one is left alone', async () => {
  const dir = join(labsDir(), 'nova-lab-999');
  // One that died before it had its number.
  const draft = join(labsDir(), '.nova-lab-dead');
  const stranger = { pid: process.pid, birth: '1' };
  await mkdir(dir);
  try {
    await mkdir(draft);
    for (const each of [dir, draft])
      await writeFile(join(each, 'lab.json'), JSON.stringify({ number: 999, dir, owner: stranger, init: stranger, createdAt: '' }));
    expect(await removeStaleLabs()).toContain(999);
    expect([dir, draft].filter((each) => existsSync(each))).toEqual([]);
  } finally {
    for (const each of [dir, draft]) await rm(each, { recursive: true, force: true });
  }
});

test('a lab that fails to start says why and leaves nothing', async () => {
  const before = (await listLabs()).map(({ dir }) => dir);
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    await expect(startLab()).rejects.toThrow('No lab can be started here: not installed: unshare, ');
  } finally {
    process.env['PATH'] = path;
  }
  expect((await listLabs()).map(({ dir }) => dir)).toEqual(before);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain('nova-lab');
});
