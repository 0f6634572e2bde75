import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

// test/core, test/plugins and test/bots mirror the source; the other folders of test/ have purposes of their own.
const mirrored = globSync('test/{core,plugins,bots,notebooks}/**/*.test.{ts,tsx}').toSorted();

test('each mirrored test stands in a folder that its source has too', () => {
  const folders = new Set(mirrored.map((file) => dirname(file).slice('test/'.length)));
  expect([...folders].filter((folder) => !existsSync(folder))).toEqual([]);
});

test('no test is left that imports a source file that is gone', () => {
  const dead = globSync('test/**/*.{ts,tsx}').flatMap((file) => {
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^'"\n]*from '(\.{1,2}\/[^']+)'/gm);
    return [...imports].flatMap(([, path = '']) => (existsSync(join(dirname(file), path)) ? [] : [`${file}: ${path}`]));
  });
  expect(dead).toEqual([]);
});

test('core, plugins and bots hold no test files', () => {
  expect(globSync('{core,plugins,bots}/**/*.test.{ts,tsx}').filter((file) => !file.includes('node_modules'))).toEqual([]);
});
