// The web pages of plugins and bots, built by Vite when their sources have changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { show } from './run.mjs';
import { say, Stop } from './say.mjs';

const SKIPPED = new Set(['node_modules', 'dist', '.cache']);

/** Folders with a vite.config.ts in plugins/* and bots/*, one or two floors down; a package of its own is not ours to build. */
export function pageFolders(root) {
  const parents = ['plugins', 'bots'].flatMap((name) => foldersIn(join(root, name)));
  return [...parents, ...parents.flatMap(foldersIn)].filter(
    (folder) => existsSync(join(folder, 'vite.config.ts')) && !existsSync(join(folder, 'package.json')),
  );
}

function foldersIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name))
    .map((entry) => join(folder, entry.name));
}

/** Builds those whose sources differ from the ones that their dist/ was built of. */
export async function ensurePages(root, node) {
  const stamps = join(root, 'node_modules/.cache/novacron/pages.json');
  const known = readStamps(stamps);
  for (const folder of pageFolders(root)) {
    const name = relative(root, folder);
    const hash = hashOf(folder, root);
    if (known[name] === hash && existsSync(join(folder, 'dist'))) continue;
    say(`Building the page ${name} …`);
    // In the folder itself: Vite takes it for the root unless the page's config names another.
    const vite = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'];
    const code = await show(node, vite, { cwd: folder });
    if (code !== 0) throw new Stop(`The page ${name} could not be built; what Vite said stands above.`);
    known[name] = hash;
    mkdirSync(dirname(stamps), { recursive: true });
    writeFileSync(stamps, JSON.stringify(known, undefined, 2));
  }
}

function readStamps(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

/** A page may import the core's pure surfaces, its contract, its own plugin and packages; all of them count. */
function hashOf(folder, root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const [area, plugin] = relative(root, folder).split('/');
  for (const source of [join(root, area, plugin), join(root, 'core/surfaces'), join(root, 'core/contract')]) {
    for (const file of filesIn(source)) hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (SKIPPED.has(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    });
}
