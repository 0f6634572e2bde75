import type { Duplex } from 'node:stream';
import { ConnectionError } from '../errors.ts';
import type { Target } from '../uri.ts';
import { choose, isOn } from '../uri.ts';
import type { Limits } from './opened.ts';
import { runWire } from './program-wire.ts';
import { socketNames } from './socket-path.ts';

/** Words of the ssh program that say whose fault it is. */
const untrustedWords = /host key verification failed|host key is known for|remote host identification has changed/i;
const deniedWords = /permission denied|too many authentication failures/i;

/** The system's ssh with a program at the other end that passes bytes on to the daemon's socket there. */
export async function dialSsh(target: Target, limits: Limits): Promise<Duplex> {
  const { host, parameters } = target;
  if (parameters.sshauth !== undefined) {
    process.emitWarning('sshauth= is ignored: the ssh program uses the ways to sign in that its own configuration names.', {
      code: 'LIBVIRT_URI_SSHAUTH',
    });
  }
  return runWire(parameters.command ?? 'ssh', sshArguments(target, process.stdin.isTTY), {
    ...limits,
    toError: (said) => new ConnectionError(codeFor(said), `There is no way to libvirt on ${host} by ssh: ${said}`),
  });
}

function codeFor(said: string): 'untrusted' | 'auth_failed' | 'connect_failed' {
  if (untrustedWords.test(said)) return 'untrusted';
  return deniedWords.test(said) ? 'auth_failed' : 'connect_failed';
}

/** All that follows the word `ssh`. Without a terminal ssh asks nobody anything. */
export function sshArguments(target: Target, terminal: boolean): string[] {
  const { host, port, user, parameters } = target;
  expectName('host', host, hostPattern);
  if (user !== undefined) expectName('user', user, userPattern);
  return [
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(parameters.keyfile === undefined ? [] : ['-o', fileOption('IdentityFile', parameters.keyfile)]),
    ...(parameters.known_hosts === undefined ? [] : ['-o', fileOption('UserKnownHostsFile', parameters.known_hosts)]),
    ...hostKeyOptions(target),
    ...(terminal && !isOn(parameters.no_tty) ? [] : ['-o', 'BatchMode=yes']),
    '-T',
    '-e',
    'none',
    '--',
    host,
    remoteCommand(target),
  ];
}

function hostKeyOptions(target: Target): string[] {
  const check = isOn(target.parameters.no_verify) ? 'ignore' : choose(target, 'known_hosts_verify', ['normal', 'auto', 'ignore']);
  // An unknown key is the person's own ssh configuration's matter; one that has changed is refused by `auto` too.
  const option = { normal: [], auto: ['-o', 'StrictHostKeyChecking=accept-new'], ignore: ['-o', 'StrictHostKeyChecking=no'] };
  return option[check];
}

/** What ssh itself would take for an option, and what a `Match exec` or `ProxyCommand` of the person's configuration would give to a shell. */
const hostPattern = /^[\p{L}\p{N}_:][\p{L}\p{N}._:%-]*$/u;
const userPattern = /^[^\s'"`$\\;&<>|(){}\p{Cc}-][^'"`$\\;&<>|(){}\p{Cc}]*$/u;

function expectName(what: string, name: string, pattern: RegExp): void {
  if (pattern.test(name)) return;
  throw new ConnectionError('bad_uri', `"${name}" is no ${what} that can be given to ssh.`);
}

/** ssh reads these values in its own language of quotes and % signs. */
function fileOption(name: string, path: string): string {
  if (/["\p{Cc}]|\$\{/u.test(path)) throw new ConnectionError('bad_uri', `The path "${path}" has characters that ssh cannot be given.`);
  return `${name}="${path.replaceAll('\\', '\\\\').replaceAll('%', '%%')}"`;
}

/** Both find the socket by themselves, so that this side need not know how the other host is set up. */
const nativeScript = 'exec virt-ssh-helper "$1"';
const netcatScript = [
  'socket=$2',
  'if [ -z "$socket" ]; then case $3 in',
  'session) folder=${XDG_RUNTIME_DIR:-$HOME/.cache}/libvirt;; *) folder=/run/libvirt;;',
  'esac; for name in $4; do socket=$folder/$name; [ -S "$socket" ] && break; done; fi',
  // Some kinds of netcat go on after the end of their input unless they are told not to.
  'if "$1" -q 2>&1 | grep -q "requires an argument"; then exec "$1" -q0 -U "$socket"; else exec "$1" -U "$socket"; fi',
].join('\n');

/** One word for the shell of the other host. Nothing of the URI is part of a script; all of it is quoted. */
function remoteCommand(target: Target): string {
  const { parameters, path, driver, driverUri } = target;
  const modes = { auto: socketNames(driver), direct: [`virt${driver}d-sock`], legacy: ['libvirt-sock'] };
  const names = modes[choose(target, 'mode', ['auto', 'direct', 'legacy'])].join(' ');
  const netcat = shell(netcatScript, [parameters.netcat ?? 'nc', parameters.socket ?? '', path.slice(1), names]);
  const native = shell(nativeScript, [driverUri]);
  const proxy = choose(target, 'proxy', ['auto', 'netcat', 'native']);
  // The helper takes no word on sockets, so whoever names one means netcat.
  const onlyNetcat = proxy === 'auto' && (parameters.socket !== undefined || parameters.netcat !== undefined);
  if (proxy === 'netcat' || onlyNetcat) return netcat;
  if (proxy === 'native') return native;
  return shell(`if command -v virt-ssh-helper >/dev/null 2>&1; then ${native}; else ${netcat}; fi`, []);
}

function shell(script: string, args: readonly string[]): string {
  return ['exec', 'sh', '-c', quote(script), 'sh', ...args.map(quote)].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
