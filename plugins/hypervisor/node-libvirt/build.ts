// npm run build [-- FOLDER]: makes the folder that is published (default: dist): JavaScript, declarations, and a package.json for them.
// Publish with `npm publish dist`. This folder's own package.json is for use without a build, and private so that nobody publishes it by mistake.
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const here = import.meta.dirname;
const outDir = resolve(process.argv[2] ?? join(here, 'dist'));

/** `./src/testing/index.ts` as what the compiler makes of it. */
function built(source: string): { types: string; default: string } {
  const path = source.replace('./src/', './').replace(/\.ts$/, '');
  return { types: `${path}.d.ts`, default: `${path}.js` };
}

const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
rmSync(outDir, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '--project', join(here, 'tsconfig.build.json'), '--outDir', outDir], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// The compiler rewrites the names of imported files in JavaScript only.
for (const name of globSync('**/*.d.ts', { cwd: outDir })) {
  const file = join(outDir, name);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(['"])(\.{1,2}\/[^'"]+)\.ts\1/g, '$1$2.js$1'));
}

const {
  private: _,
  scripts: __,
  exports: sources,
  ...rest
} = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as Record<string, unknown>;
const exports = Object.fromEntries(Object.entries(sources as Record<string, string>).map(([name, source]) => [name, built(source)]));
writeFileSync(join(outDir, 'package.json'), `${JSON.stringify({ ...rest, exports }, null, 2)}\n`);
for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) copyFileSync(join(here, file), join(outDir, file));
