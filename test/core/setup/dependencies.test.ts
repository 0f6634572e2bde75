import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { areInstalled, isInPlace } from '../../../core/setup/dependencies.mjs';

type Packages = Record<string, { version?: string; optional?: boolean; link?: boolean }>;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nova-npm-'));
  await mkdir(join(root, 'node_modules/node/bin'), { recursive: true });
  await writeFile(join(root, 'node_modules/node/bin/node'), '');
});
afterEach(() => rm(root, { recursive: true }));

const lockFile = (packages: Packages): Promise<void> => writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages }));
const inPlace = (packages: Packages): Promise<void> =>
  writeFile(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
const wanted: Packages = { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0', optional: true } };

test('a lock file that is missing is said, not guessed at', () => {
  expect(() => areInstalled(root)).toThrow('package-lock.json is missing');
});

test('a fresh clone is not installed', async () => {
  await lockFile(wanted);
  expect(areInstalled(root)).toBe(false);
});

test('a package of another version is not the one that the lock file names', async () => {
  await lockFile(wanted);
  await inPlace({ 'node_modules/a': { version: '1.0.1' } });
  expect(areInstalled(root)).toBe(false);
});

test('a Node that its install script did not bring is missing', async () => {
  await lockFile(wanted);
  await inPlace({ 'node_modules/a': { version: '1.0.0' } });
  await rm(join(root, 'node_modules/node/bin/node'));
  expect(areInstalled(root)).toBe(false);
  expect(isInPlace(root)).toBe(true);
});

test('an optional package may be absent, a folder of this repository needs no version', async () => {
  await lockFile({ ...wanted, 'plugins/x/lib': { version: '0.1.0' } });
  await inPlace({ 'node_modules/a': { version: '1.0.0' } });
  expect(areInstalled(root)).toBe(true);
});
