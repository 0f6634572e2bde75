// The Debian packages that a task needs: what is missing is installed, or the person is told how.
import { existsSync, readFileSync } from 'node:fs';
import { ask, show } from './run.mjs';
import { say, Stop, warn } from './say.mjs';

const LISTED = JSON.parse(readFileSync(new URL('packages.json', import.meta.url), 'utf8'));

/** Packages of these groups ('up', 'test') that dpkg does not have. */
export function missingPackages(groups) {
  const wanted = groups.flatMap((group) => LISTED[group] ?? []);
  const { stdout } = ask('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted.map(({ name }) => name)]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter(({ name }) => !installed.has(name));
}

/** Brings what is missing, as root; else prints the one command that a person must run. `mayGoOn`: without them the task still has a use. */
export async function ensurePackages(groups, { mayGoOn = false } = {}) {
  if (!existsSync('/usr/bin/dpkg-query') || !existsSync('/usr/bin/apt-get')) return notDebian(groups, mayGoOn);
  const missing = missingPackages(groups);
  if (missing.every(({ optional }) => optional) && (missing.length === 0 || process.getuid() !== 0)) return;
  if (process.getuid() !== 0) {
    const names = missing.map(({ name }) => name).join(' ');
    throw new Stop(
      `These Debian packages are missing:\n${reasons(missing)}\nRun this once, then try again:\n\n` +
        `    sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${names}\n`,
    );
  }
  await installAsRoot(missing, mayGoOn);
}

const reasons = (packages) => packages.map(({ name, why }) => `    ${name.padEnd(28)} ${why}`).join('\n');

async function installAsRoot(missing, mayGoOn) {
  say(`Installing Debian packages that are missing:\n${reasons(missing)}`);
  let known = knownPackages(missing);
  if (known.length < missing.length) {
    await apt(['update', '-qq']);
    known = knownPackages(missing);
  }
  const unknown = missing.filter((each) => !known.includes(each));
  const lacking = unknown.filter(({ optional }) => !optional);
  for (const { name } of unknown)
    warn(`apt knows no package ${name}${lacking.length === 0 ? '; it is optional, going on without it' : ''}.`);
  const names = known.map(({ name }) => name);
  if (names.length > 0 && (await install(names)) !== 0) {
    // An old list of packages names files that the archive no longer has.
    await apt(['update', '-qq']);
    if ((await install(names)) !== 0) lacking.push(...known.filter(({ optional }) => !optional));
  }
  if (lacking.length === 0) return;
  const text = `These Debian packages could not be installed; what apt-get said stands above:\n${reasons(lacking)}`;
  if (!mayGoOn) throw new Stop(`${text}\nIs the archive reachable? Try: apt-get update`);
  warn(`${text}\nThe hub starts without them; machines then run on hosts elsewhere only (README, "Connect a real host").`);
}

/** Those for which apt has a candidate to install. */
function knownPackages(packages) {
  const { stdout } = ask('apt-cache', ['policy', ...packages.map(({ name }) => name)], { env: { ...process.env, LC_ALL: 'C' } });
  const known = new Set();
  let name = '';
  for (const line of stdout.split('\n')) {
    if (/^\S+:$/.test(line)) name = line.slice(0, -1);
    if (/^ {2}Candidate: (?!\(none\))/.test(line)) known.add(name);
  }
  return packages.filter((each) => known.has(each.name));
}

const install = (names) => apt(['install', '--yes', '--no-install-recommends', '-qq', ...names]);

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', APT_LISTCHANGES_FRONTEND: 'none' };
  return show('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0', ...args], { env });
}

function notDebian(groups, mayGoOn) {
  const needed = groups.flatMap((group) => LISTED[group] ?? []);
  const absent = ['libvirtd', 'qemu-system-x86_64', 'qemu-img', 'busybox', 'depmod', 'cpio'].filter((program) => !isProgram(program));
  if (absent.length === 0) return;
  const text =
    `This is not Debian, so setup installs no system packages. Not found: ${absent.join(', ')}.\n` +
    `Install what your system calls these:\n${reasons(needed)}`;
  if (!mayGoOn) throw new Stop(text);
  warn(`${text}\nThe hub starts without them; machines then run on hosts elsewhere only (README, "Connect a real host").`);
}

function isProgram(name) {
  const folders = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`.split(':');
  return folders.some((folder) => existsSync(`${folder}/${name}`));
}
