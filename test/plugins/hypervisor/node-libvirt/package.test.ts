import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LibvirtHost } from '../../../kit/libvirt-host.ts';
import { libvirtHostMissing, startLibvirtHost } from '../../../kit/libvirt-host.ts';
import { connect } from 'node-libvirt';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../../', import.meta.url));
const source = join(root, 'plugins/hypervisor/node-libvirt');

let dir: string;
let app: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nlv-package-'));
  app = join(dir, 'app');
  await mkdir(app);
  await run(process.execPath, [join(source, 'build.ts'), join(dir, 'dist')]);
  const { stdout } = await run('npm', ['pack', '--silent', join(dir, 'dist')], { cwd: dir });
  await writeFile(join(app, 'package.json'), '{ "name": "app", "version": "1.0.0", "type": "module" }');
  const quiet = ['--offline', '--no-audit', '--no-fund', '--cache', join(dir, 'cache')];
  await run('npm', ['install', ...quiet, join(dir, stdout.trim())], { cwd: app });
}, 120_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the packed package has no dependency, says what it is and works in an empty folder, in plain JavaScript', async () => {
  const installed = JSON.parse(await readFile(join(app, 'node_modules/node-libvirt/package.json'), 'utf8')) as Record<string, unknown>;
  expect(installed).toMatchObject({ name: 'node-libvirt', license: 'Apache-2.0', engines: { node: '>=22' } });
  expect(Object.keys(installed)).not.toContain('dependencies');
  expect(Object.keys(installed)).not.toContain('private');
  await writeFile(
    join(app, 'main.js'),
    `import { connect, remoteProcedures } from 'node-libvirt';
     import { FakeLibvirt } from 'node-libvirt/testing';
     const fake = await FakeLibvirt.start();
     fake.answer(remoteProcedures.connectGetHostname, () => ({ hostname: 'packed' }));
     const conn = await connect(fake.uri);
     console.log(await conn.getHostname());
     await conn.close();
     await fake[Symbol.asyncDispose]();`,
  );
  expect((await run(process.execPath, ['main.js'], { cwd: app })).stdout).toBe('packed\n');
  // What is not in exports is nobody's business.
  await expect(run(process.execPath, ['-e', `import('node-libvirt/session.js')`], { cwd: app })).rejects.toThrow(
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
  );
});

test('it never speaks of what it was made for, nor of the machine it was made on', async () => {
  // grep ends with 1 when it finds nothing, and with 2 when it fails.
  const found = run('grep', ['-rliE', `novacron|chatops|\\bhub\\b|file://|${root}`, 'node_modules/node-libvirt'], { cwd: app });
  await expect(found).rejects.toMatchObject({ code: 1, stdout: '' });
});

const missing = libvirtHostMissing();
if (missing) console.warn(`The examples of the README are not run: ${missing}.`);

describe.skipIf(missing)('the examples of the README', () => {
  let host: LibvirtHost;
  beforeAll(async () => {
    const readme = await readFile(join(source, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/```ts\n(\/\/ (\d)\..*?)```/gs)];
    if (examples.length !== 6) throw new Error(`The README has ${examples.length} examples that can be run.`);
    host = await startLibvirtHost();
    for (const [, code = '', number] of examples)
      await writeFile(join(app, `${number}.ts`), code.replaceAll(/'qemu(\+\w+)?:[^']*'/g, `'${host.uri}'`));
    await using conn = await connect(host.uri);
    for (const name of ['images', 'copies']) {
      const pool = await conn.storagePoolDefineXML(
        `<pool type='dir'><name>${name}</name><target><path>${host.dir}/${name}</path></target></pool>`,
      );
      await pool.build();
      await pool.create();
      if (name === 'images') await pool.storageVolCreateXML(`<volume><name>web-1.img</name><capacity unit='MiB'>8</capacity></volume>`);
    }
  }, 60_000);
  afterAll(() => host?.[Symbol.asyncDispose]());
  const example = async (number: number) => (await run(process.execPath, [`${number}.ts`], { cwd: app })).stdout;

  test('are what the declarations of the packed package allow', async () => {
    const options = {
      module: 'nodenext',
      target: 'esnext',
      strict: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: app }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  test('run on a real libvirtd and say what they should', async () => {
    const following = spawn(process.execPath, ['3.ts'], { cwd: app, stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      let heard = '';
      following.stdout.on('data', (text: Buffer) => {
        heard += text.toString();
      });
      await expect.poll(() => heard).toContain('listening');
      expect(await example(2)).toMatch(/maxMemKib: 32768[^]*gone/);
      await expect.poll(() => following.exitCode).toBe(0);
      expect(heard).toMatch(/web-1 0 0[^]*web-1 2 0[^]*web-1 1 0/);
    } finally {
      following.kill();
    }
    expect(await example(1)).toBe('');
    expect(await example(4)).toBe('copied 8388608\n');
    expect(await example(5)).toMatch(/The libvirt daemon closed the connection[^]*148d0864/);
    expect(await example(6)).toBe('web-1 0\nweb-1 2\n');
  });
});
