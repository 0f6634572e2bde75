import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const REPORTER = fileURLToPath(new URL('summary-reporter.ts', import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nova-reporter-'));
  await symlink(join(HERE, 'node_modules'), join(dir, 'node_modules'));
  const absent = `[{ file: 'far.test.ts', project: 'here', reason: 'no host' }, { file: 'other.test.ts', project: 'there', reason: 'no host' }]`;
  const config = `import { SummaryReporter } from ${JSON.stringify(REPORTER)};
export default { test: { name: 'here', reporters: [new SummaryReporter(${absent})] } };`;
  await writeFile(join(dir, 'vitest.config.ts'), config);
});
afterAll(() => rm(dir, { recursive: true }));

const runOn = async (file: string, text: string): Promise<string[]> => {
  await writeFile(join(dir, file), `import { beforeAll, expect, test } from 'vitest';\n${text}`);
  const vitest = join(HERE, 'node_modules/vitest/vitest.mjs');
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, [vitest, 'run', file], { cwd: dir, env: { ...process.env, NO_COLOR: '1' } }, (_error, out) => resolve(out));
  });
  return stdout.trim().split('\n');
};

test('each result is counted, and what was skipped is named with its reason, absent files of this run too', async () => {
  const lines = await runOn(
    'mixed.test.ts',
    `test('a', () => {}); test('b', () => { expect(1).toBe(2); }); test('c', (context) => context.skip('no such machine')); test.skip('d', () => {});`,
  );
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 3 skipped');
  expect(lines.filter((line) => line.startsWith('skipped:'))).toEqual([
    'skipped: mixed.test.ts: c (no such machine)',
    'skipped: mixed.test.ts: d (no reason given)',
    'skipped: far.test.ts (no host)',
  ]);
});

test('a file that cannot be loaded is a failure', async () => {
  expect((await runOn('broken.test.ts', `import './gone.ts'; test('a', () => {});`)).at(-1)).toBe('0 passed, 1 failed, 1 skipped');
});

test('a hook that fails is a failure, though its tests only did not run', async () => {
  const lines = await runOn('hook.test.ts', `beforeAll(() => { throw new Error('no'); }); test('a', () => {});`);
  expect(lines.at(-1)).toMatch(/^0 passed, [1-9]\d* failed, \d+ skipped$/);
});
