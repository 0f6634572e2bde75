import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// A clone in miniature: the real setup, and a task that says what it was given. Debian's tools are stand-ins that keep a record.
const HERE = fileURLToPath(new URL('../../../', import.meta.url));
const SAY = `console.log(JSON.stringify({ args: process.argv.slice(2), node: process.versions.node, cache: process.env.NODE_COMPILE_CACHE }));`;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nova-boot-'));
  await mkdir(join(root, 'core'));
  await mkdir(join(root, 'bin'));
  await symlink(join(HERE, 'node_modules'), join(root, 'node_modules'));
  await symlink(join(HERE, 'package-lock.json'), join(root, 'package-lock.json'));
  await copySetup();
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  await writeFile(join(root, 'core/main.ts'), `const given: string = 'typed';\n${SAY}\n`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Copied, because the root of the clone is where bootstrap.mjs stands. */
async function copySetup(): Promise<void> {
  await cp(join(HERE, 'core/setup'), join(root, 'core/setup'), { recursive: true });
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function bootstrap(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const path = [join(root, 'bin'), process.env['PATH']].join(delimiter);
  const child = spawn(process.execPath, [join(root, 'core/setup/bootstrap.mjs'), ...args], {
    env: { ...process.env, PATH: path, NOVACRON_DATA: join(root, '.data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const stub = async (name: string, script: string): Promise<void> => {
  await writeFile(join(root, 'bin', name), `#!/bin/sh\n${script}\n`);
  await chmod(join(root, 'bin', name), 0o755);
};

describe('a task', () => {
  test('that does not exist is answered with those that do', async () => {
    const { code, stderr } = await bootstrap(['frobnicate']);
    expect(code).toBe(1);
    expect(stderr).toContain('There is no "frobnicate"');
    expect(stderr).toContain('the crash matrix');
  });

  test('that fails passes its exit code on', async () => {
    await writeFile(join(root, 'core/main.ts'), 'process.exit(7);');
    expect((await bootstrap(['novacron'])).code).toBe(7);
  });

  test('runs on the Node of the project with its arguments and a compile cache, and stdout is its own', async () => {
    const { code, stdout, stderr } = await bootstrap(['novacron', 'vm', 'list', '--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      args: ['vm', 'list', '--json'],
      node: expect.stringMatching(/^24\./),
      cache: expect.stringContaining('node_modules'),
    });
    expect(code).toBe(0);
  });
});

describe('Debian packages that are missing', () => {
  const lacks = (name: string): Promise<void> =>
    stub('dpkg-query', `shift 2; for p in "$@"; do [ "$p" = ${name} ] && [ ! -e ${root}/installed ] || echo "$p installed"; done`);

  test('are said with one command to run when nobody here is root', async () => {
    await lacks('cpio');
    // Root gives its rights away; who is not root already has none.
    const asNobody = process.getuid?.() === 0 ? `import process from 'node:process';\nprocess.getuid = () => 1000;\n` : '';
    await writeFile(join(root, 'nobody.mjs'), asNobody);
    const { code, stderr, stdout } = await bootstrap(['up'], { NODE_OPTIONS: `--import ${join(root, 'nobody.mjs')}` });
    expect(stderr).toContain('sudo apt-get update && sudo apt-get install --yes --no-install-recommends cpio\n');
    expect(stderr).toContain('packs the guest image');
    expect(code).toBe(1);
    expect(stdout).toBe('');
  });

  test('are installed by root, with a fresh list when the old one does not know them', async () => {
    await lacks('cpio');
    await stub('apt-cache', `[ -e ${root}/updated ] && printf 'cpio:\\n  Installed: (none)\\n  Candidate: 2.13\\n'`);
    await stub(
      'apt-get',
      `echo "$@" >>${root}/apt.log; case "$*" in *update*) touch ${root}/updated;; *install*) touch ${root}/installed;; esac`,
    );
    const { code } = await bootstrap(['smoke'], { NODE_OPTIONS: await asRoot() });
    expect(await readFile(join(root, 'apt.log'), 'utf8')).toMatch(/update -qq\n.*install --yes --no-install-recommends -qq cpio\n$/);
    // The task itself is not in this clone; setup came as far as it.
    expect(code).toBe(1);
  });

  test('that cannot be had stop a test run, but not the hub', async () => {
    await lacks('cpio');
    await stub('apt-cache', 'exit 0');
    await stub('apt-get', 'echo "E: no route to the archive" >&2; exit 100');
    const smoke = await bootstrap(['smoke'], { NODE_OPTIONS: await asRoot() });
    expect(smoke.code).toBe(1);
    expect(smoke.stderr).toContain('could not be installed');
    const hub = await bootstrap(['up'], { NODE_OPTIONS: await asRoot() });
    expect(hub.stderr).toContain('The hub starts without them');
    expect(JSON.parse(hub.stdout)).toMatchObject({ args: ['up'] });
    expect(hub.code).toBe(0);
  });

  /** Debian's tools are stand-ins, so it is enough to believe that one is root; and no libvirtd may be started for it. */
  async function asRoot(): Promise<string> {
    await writeFile(join(root, 'root.mjs'), `import process from 'node:process';\nprocess.getuid = () => 0;\n`);
    const libvirtd = join(root, 'core/setup/libvirtd.mjs');
    await writeFile(libvirtd, 'export const ensureLibvirtd = async () => async () => undefined;\n');
    return `--import ${join(root, 'root.mjs')}`;
  }
});

describe('the hub', () => {
  /** A hub that says it is up, tells each signal, and stops at the first. */
  const HUB = `process.once('SIGINT', () => { console.log('interrupted'); setTimeout(() => process.exit(0), 600); });
process.once('SIGTERM', () => process.exit(0));
console.log('up ' + process.pid);
setInterval(() => undefined, 1000);`;

  beforeEach(async () => {
    await writeFile(join(root, 'core/setup/libvirtd.mjs'), 'export const ensureLibvirtd = async () => async () => undefined;\n');
    await stub('dpkg-query', 'shift 2; for p in "$@"; do echo "$p installed"; done');
    await writeFile(join(root, 'core/main.ts'), HUB);
  });

  /** `up` in a process group of its own, as a terminal starts it; resolves when the hub is up. */
  async function start(): Promise<{ setup: ChildProcess; hubPid: number; said: () => string }> {
    const setup = spawn(process.execPath, [join(root, 'core/setup/bootstrap.mjs'), 'up'], {
      env: { ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH']}`, NOVACRON_DATA: join(root, '.data') },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    let said = '';
    setup.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 15_000 }).toMatch(/up \d+/);
    return { setup, hubPid: Number(/up (\d+)/.exec(said)?.[1]), said: () => said };
  }

  test('started twice on one data folder: the second says who has it and exits', async () => {
    const { setup } = await start();
    const second = await bootstrap(['up']);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`running already (process ${setup.pid})`);
    setup.kill('SIGTERM');
    expect(await once(setup, 'close')).toEqual([0, null]);
  });

  test('hears Ctrl-C once and may end in its own time, whether the whole group got it or setup alone', async () => {
    for (const whom of ['group', 'setup'] as const) {
      const { setup, said } = await start();
      const { pid = 0 } = setup;
      process.kill(whom === 'group' ? -pid : pid, 'SIGINT');
      expect(await once(setup, 'close')).toEqual([0, null]);
      expect(said().match(/interrupted/g)).toHaveLength(1);
    }
  });

  test('that outlives a killed setup keeps the data folder', async () => {
    const { setup, hubPid } = await start();
    setup.kill('SIGKILL');
    await once(setup, 'exit');
    const second = await bootstrap(['up']);
    process.kill(hubPid, 'SIGKILL');
    expect(second.stderr).toContain(`running already (process ${hubPid})`);
    const { setup: third } = await start();
    third.kill('SIGTERM');
    expect(await once(third, 'close')).toEqual([0, null]);
  });
});
