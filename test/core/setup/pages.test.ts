import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensurePages, pageFolders } from '../../../core/setup/pages.mjs';

const HERE = fileURLToPath(new URL('../../../', import.meta.url));

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nova-pages-'));
  await mkdir(join(root, 'node_modules'));
  await symlink(join(HERE, 'node_modules/vite'), join(root, 'node_modules/vite'));
  await writeFile(join(root, 'package-lock.json'), '{}');
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  await mkdir(join(root, 'plugins/panel/web'), { recursive: true });
  await mkdir(join(root, 'plugins/plain'));
  await writeFile(
    join(root, 'plugins/panel/vite.config.ts'),
    `export default { root: 'web', build: { outDir: '../dist', emptyOutDir: true } };`,
  );
  await writeFile(join(root, 'plugins/panel/web/index.html'), '<title>one</title>');
  await mkdir(join(root, 'bots/alone/app'), { recursive: true });
  await writeFile(join(root, 'bots/alone/app/vite.config.ts'), 'export default {};');
  await writeFile(join(root, 'bots/alone/app/package.json'), '{}');
});
afterEach(() => rm(root, { recursive: true }));

const page = (): Promise<string> => readFile(join(root, 'plugins/panel/dist/index.html'), 'utf8');

test('only folders with a Vite config count, and not those that are packages of their own', () => {
  expect(pageFolders(root)).toEqual([join(root, 'plugins/panel')]);
});

test('a page that does not build stops setup by its name, and is tried again', async () => {
  await rm(join(root, 'plugins/panel/web/index.html'));
  await expect(ensurePages(root, process.execPath)).rejects.toThrow('plugins/panel could not be built');
  await writeFile(join(root, 'plugins/panel/web/index.html'), '<title>mended</title>');
  await ensurePages(root, process.execPath);
  expect(await page()).toContain('mended');
});

test('a page is built once, and again only when a source of it changed or its result is gone', async () => {
  await ensurePages(root, process.execPath);
  const { mtimeMs } = await stat(join(root, 'plugins/panel/dist/index.html'));
  await ensurePages(root, process.execPath);
  expect((await stat(join(root, 'plugins/panel/dist/index.html'))).mtimeMs).toBe(mtimeMs);
  await writeFile(join(root, 'plugins/panel/web/index.html'), '<title>two</title>');
  await ensurePages(root, process.execPath);
  expect(await page()).toContain('two');
  await rm(join(root, 'plugins/panel/dist'), { recursive: true });
  await ensurePages(root, process.execPath);
  expect(await page()).toContain('two');
});
