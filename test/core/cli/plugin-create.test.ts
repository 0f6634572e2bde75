import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigFile } from '../../../core/plugins/config-file.ts';
import { loadPlugins } from '../../../core/plugins/load.ts';
import { cli } from './terminal.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let projectDir: string;

beforeEach(async () => {
  projectDir = await mkdtemp(join(tmpdir(), 'novacron-project-'));
  await writeFile(
    join(projectDir, 'plugins.json'),
    '{\n  "hub": { "port": 7780 },\n  "plugins": {\n    "other": { "from": "./plugins/other" }\n  }\n}\n',
  );
});
afterEach(() => rm(projectDir, { recursive: true }));

describe('plugin create', () => {
  it('refuses names that are none, are taken, or lead elsewhere, and writes nothing', async () => {
    for (const name of ['', 'Big', '../x', 'a b', 'x'.repeat(40), 'hub', 'other', '-x'])
      expect((await cli(['plugin', 'create', name], { projectDir })).code).toBe(2);
    expect((await cli(['plugin', 'create'], { projectDir })).code).toBe(2);
    expect(existsSync(join(projectDir, 'plugins'))).toBe(false);
  });

  it('overwrites nothing', async () => {
    await mkdir(join(projectDir, 'plugins', 'mine'), { recursive: true });
    await writeFile(join(projectDir, 'plugins', 'mine', 'index.ts'), 'mine');
    expect((await cli(['plugin', 'create', 'mine'], { projectDir })).code).toBe(2);
    expect(await readFile(join(projectDir, 'plugins', 'mine', 'index.ts'), 'utf8')).toBe('mine');
  });

  it('adds one line to plugins.json and leaves the rest as it was', async () => {
    expect((await cli(['plugin', 'create', 'my-backups'], { projectDir })).code).toBe(0);
    expect(await readFile(join(projectDir, 'plugins.json'), 'utf8')).toBe(
      '{\n  "hub": { "port": 7780 },\n  "plugins": {\n    "my-backups": { "from": "./plugins/my-backups" },\n    "other": { "from": "./plugins/other" }\n  }\n}\n',
    );
    await writeFile(join(projectDir, 'plugins.json'), '{"plugins":{}}');
    expect((await cli(['plugin', 'create', 'again'], { projectDir })).code).toBe(0);
    expect(JSON.parse(await readFile(join(projectDir, 'plugins.json'), 'utf8'))).toEqual({
      plugins: { again: { from: './plugins/again' } },
    });
  });

  it('writes about thirty lines that load and pass their own test', async () => {
    for (const folder of ['core', 'test/kit', 'test/lab']) await cp(join(root, folder), join(projectDir, folder), { recursive: true });
    for (const file of ['package.json', 'vitest.config.ts', 'tsconfig.json']) await cp(join(root, file), join(projectDir, file));
    await symlink(join(root, 'node_modules'), join(projectDir, 'node_modules'));
    await writeFile(join(projectDir, 'plugins.json'), '{ "plugins": {} }');
    expect((await cli(['plugin', 'create', 'my-backups'], { projectDir })).code).toBe(0);
    const text = await readFile(join(projectDir, 'plugins', 'my-backups', 'index.ts'), 'utf8');
    expect(text.split('\n').length).toBeLessThan(32);
    const file = await readConfigFile(join(projectDir, 'plugins.json'));
    expect(await loadPlugins(file, {})).toMatchObject([{ is: 'loaded', plugin: { name: 'my-backups' }, config: { greeting: 'Hello' } }]);
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const run = promisify(execFile)(process.execPath, [vitest, 'run', 'test/plugins/my-backups'], {
      cwd: projectDir,
      env: { ...process.env, NO_COLOR: '1' },
    });
    await expect(run).resolves.toMatchObject({ stdout: expect.stringMatching(/1 passed/u) as unknown });
  }, 60_000);
});
