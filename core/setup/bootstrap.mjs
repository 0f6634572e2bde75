// The way in for every npm script: node core/setup/bootstrap.mjs TASK [arguments].
// Plain JavaScript for any Node >= 20, because it is what brings Node 24 and everything else that a fresh machine lacks.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './debian.mjs';
import { areInstalled, ensureApart, ensureDependencies, findNode } from './dependencies.mjs';
import { ensureLibvirtd } from './libvirtd.mjs';
import { lock, tryLock } from './lock.mjs';
import { ensurePages, pageFolders } from './pages.mjs';
import { follow } from './run.mjs';
import { complain, say, Stop } from './say.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const VITEST = ['node_modules/vitest/vitest.mjs', 'run'];

// No warning of how the job library asks its new PostgreSQL connections, which a person can do nothing about; and a small nursery for each of the hub's
// threads, which keeps 50 MB that are used for moments only.
const HUB_FLAGS = JSON.parse(readFileSync(join(ROOT, 'core/setup/hub-flags.json'), 'utf8'));

const GRAFANA_APP = 'plugins/grafana/app';

/** `packages`: groups in packages.json; `apart`: a folder with npm packages of its own; `pages`: builds the web pages; `run`: what Node 24 gets, one list after the other; `flags`: for Node itself. */
const TASKS = {
  setup: { does: 'brings all that the other tasks need, and runs nothing', packages: ['up', 'test'], pages: true, run: [] },
  up: { does: 'starts the hub', packages: ['up'], mayGoOn: true, pages: true, hub: true, flags: HUB_FLAGS, run: [['core/main.ts', 'up']] },
  novacron: { does: 'the command line: npm run novacron -- vm list', run: [['core/main.ts']] },
  test: { does: "all tests but the lab's own", packages: ['up', 'test'], pages: true, run: [[...VITEST, '--project', '!lab']] },
  'test:lab': { does: "the lab's own tests", packages: ['up', 'test'], run: [[...VITEST, '--project', 'lab']] },
  'test:unit': { does: 'the tests that need no hub, no hypervisor and no browser', run: [[...VITEST, '--project', 'unit']] },
  'test:grafana': {
    does: "the app for Grafana: types, lint, and its tests with Grafana's own packages (500 MB, installed on first use)",
    packages: ['test'],
    apart: GRAFANA_APP,
    run: [
      ['node_modules/typescript/bin/tsc', '--noEmit', '--project', GRAFANA_APP],
      ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '--config', `${GRAFANA_APP}/oxlint.json`, GRAFANA_APP],
      [`${GRAFANA_APP}/node_modules/vitest/vitest.mjs`, 'run', '--root', GRAFANA_APP],
    ],
  },
  check: {
    does: 'types, lint, format, dead code',
    run: [
      ['node_modules/typescript/bin/tsc', '--noEmit', '--project', '.'],
      ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
      ['node_modules/oxfmt/bin/oxfmt', '--check'],
      ['node_modules/knip/bin/knip.js'],
      ['core/setup/write-error-table.ts', '--check'],
      ['core/plugins/write-config-schema.ts', '--check'],
      ['core/surfaces/write-notebook-actions.ts', '--check'],
    ],
  },
  generate: {
    does: 'writes the generated files anew: error table, schema of plugins.json, actions as functions of notebooks',
    run: [['core/setup/write-error-table.ts'], ['core/plugins/write-config-schema.ts'], ['core/surfaces/write-notebook-actions.ts']],
  },
  fmt: { does: 'formats all files', run: [['node_modules/oxfmt/bin/oxfmt']] },
  'demo:foresight': {
    does: 'a disk fills, is foreseen, and grows by a button; measured',
    packages: ['up'],
    pages: true,
    run: [['test/foresight/main.ts']],
  },
  smoke: { does: 'the first journey, once, measured', packages: ['up'], pages: true, run: [['test/smoke/main.ts']] },
  bench: { does: 'one benchmark: npm run bench -- NAME', packages: ['up', 'test'], run: [['test/bench/main.ts']] },
  crash: { does: 'the crash matrix', packages: ['up'], run: [['test/crash/main.ts']] },
  lab: { does: 'several hypervisor hosts on this machine: npm run lab -- up', packages: ['up', 'test'], run: [['test/lab/main.ts']] },
  'lab:tour': { does: 'a round through the lab, measured', packages: ['up', 'test'], run: [['test/lab/tour/main.ts']] },
};

async function runTask([name, ...args]) {
  const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : undefined;
  if (!task) throw new Stop(`Which task? ${name ? `There is no "${name}". ` : ''}There are:\n${listOfTasks()}`);
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Stop(`Node ${process.versions.node} is too old even for setup; install Node 20 or newer.`);
  const dataDir = resolve(ROOT, process.env.NOVACRON_DATA || '.data');
  const started = [];
  try {
    if (task.hub) started.push(takeHubLock(dataDir));
    const node = await prepare(task);
    if (task.hub) started.push({ end: await ensureLibvirtd(dataDir) });
    return await runAll(task, { node, args, onStart: (pid) => started[0]?.add?.(pid) });
  } finally {
    for (const each of started.toReversed()) await each.end();
  }
}

const listOfTasks = () =>
  Object.entries(TASKS)
    .map(([task, { does }]) => `    ${task.padEnd(12)} ${does}`)
    .join('\n');

/** One hub on one data folder; the second one says so. */
function takeHubLock(dataDir) {
  const got = tryLock(join(dataDir, 'up.lock'));
  if (!('release' in got))
    throw new Stop(`The hub is running already (process ${got.heldBy}) on the data folder ${dataDir}.${whereItIs(dataDir)}`);
  return { add: got.add, end: got.release };
}

function whereItIs(dataDir) {
  try {
    return ` It is at ${JSON.parse(readFileSync(join(dataDir, 'cli.json'), 'utf8')).url}`;
  } catch {
    return '';
  }
}

/** Brings what the task needs; two at once in this clone wait for each other. Returns the Node to run it with. */
async function prepare(task) {
  const needsMore = !areInstalled(ROOT) || (task.packages && task.packages.length > 0) || (task.pages && pageFolders(ROOT).length > 0);
  if (!needsMore) return findNode(ROOT);
  const turn = await lock(join(ROOT, '.cache/setup.lock'), (pid) => say(`Waiting for another setup in this folder (process ${pid}) …`));
  try {
    await ensureDependencies(ROOT);
    const node = findNode(ROOT);
    if (task.packages) await ensurePackages(task.packages, { mayGoOn: task.mayGoOn });
    if (task.apart) await ensureApart(join(ROOT, task.apart));
    if (task.pages) await ensurePages(ROOT, node);
    return node;
  } finally {
    turn.release();
  }
}

async function runAll(task, { node, args, onStart }) {
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` };
  env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/novacron/compile');
  // DuckDB's queries share these threads with files, names and password hashes.
  env.UV_THREADPOOL_SIZE ??= '16';
  // Many threads would each keep freed memory for themselves.
  env.MALLOC_ARENA_MAX ??= '2';
  // Freed memory is given back as soon as there is so much of it; by itself glibc keeps ever more, and a hub that drew a picture stays 25 MB larger.
  env.MALLOC_TRIM_THRESHOLD_ ??= '131072';
  let worst = 0;
  for (const [i, command] of task.run.entries()) {
    if (!existsSync(join(ROOT, command[0]))) throw new Stop(`${command[0]} is missing; take it from the repository again.`);
    if (task.run.length > 1) say(command[0].split('/').at(-1).replace(/\..*$/, ''));
    const code = await follow(node, [...(task.flags ?? []), ...command, ...(i === task.run.length - 1 ? args : [])], {
      cwd: ROOT,
      env,
      onStart,
    });
    worst ||= code;
    if (code >= 128) break;
  }
  return worst;
}

/** Sets the exit code; what a person can mend is said in a sentence, everything else is a fault of ours and keeps its stack trace. */
export async function main(argv) {
  try {
    process.exitCode = await runTask(argv);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    complain(error.message);
    process.exitCode = 1;
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
