import type { Command } from '../contract/commands.ts';
import { HubError } from '../contract/errors.ts';
import type { ActionDescription, Parsed } from '../contract/services.ts';
import { closest } from '../surfaces/suggest.ts';
import { parseWords } from '../surfaces/words.ts';
import { VERSION } from '../version.ts';
import { createApi } from './api.ts';
import { exportAudit, verifyOffline, verifyOnline } from './audit.ts';
import { callAction, type CallDeps } from './call.ts';
import { findHub } from './connection.ts';
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.ts';
import { helpLines, localHelp } from './help.ts';
import { readOptions, usage, type Options } from './options.ts';
import { createPlugin } from './plugin-create.ts';
import { PROJECT, pluginCommands } from './plugin-commands.ts';
import { createScreen, type Screen, type Streams } from './screen.ts';

export interface CliOptions extends Streams {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Fires to stop watching; default: Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Where plugins.json is; default: the project this file belongs to. */
  readonly projectDir?: string;
}

/** Runs one command and returns its exit code (see `exit-codes.ts`; a plugin's command may have its own); never throws for what a person can mend. */
export async function runCli(argv: readonly string[], cli: CliOptions): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  if (cli.signal === undefined) process.once('SIGINT', onInterrupt);
  const signal = cli.signal ?? interrupt.signal;
  let screen = createScreen(cli, { options: readOptionsOrDefault([]), env: cli.env });
  try {
    const { options, words } = readOptions(argv);
    screen = createScreen(cli, { options, env: cli.env });
    return await run({ cli, options, words, screen, signal });
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    if (!HubError.is(error)) throw error;
    screen.error(error);
    return exitCodeOf(error);
  } finally {
    screen.endProgress();
    process.removeListener('SIGINT', onInterrupt);
  }
}

const readOptionsOrDefault = (argv: readonly string[]): Options => readOptions(argv).options;

interface Run {
  readonly cli: CliOptions;
  readonly options: Options;
  readonly words: readonly string[];
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

async function run({ cli, options, words, screen, signal }: Run): Promise<number> {
  const [noun, verb, ...rest] = words;
  if (options.version) {
    screen.lines([VERSION]);
    return EXIT.ok;
  }
  const wantsHelp = words.includes('--help') || words.includes('-h');
  if (!wantsHelp && noun === 'plugin' && verb === 'create') return createPlugin(rest, { screen, options, projectDir: cli.projectDir });
  if (!wantsHelp && noun === 'audit' && verb === 'verify' && rest.length > 0)
    return verifyOffline({ screen, options }, { words: rest, dataDir: cli.dataDir });
  const commands = await pluginCommands(cli.projectDir);
  const command = commands.get(`${noun} ${verb}`);
  if (!wantsHelp && command !== undefined) return runCommand(command, rest, { cli, screen, signal });
  const isHelp = noun === undefined || noun === 'help' || wantsHelp;
  const connection = await findHub(cli.dataDir, cli.env).catch((error: unknown) => {
    if (isHelp) return null;
    const near = closest(`${noun} ${verb}`, [...LOCAL, ...commands.keys()], 1).filter((known) => known.startsWith(`${noun} `));
    if (near.length > 0) usage(`I do not understand '${noun} ${verb}'. Did you mean: ${near[0]}? No hub is asked for that.`);
    throw error;
  });
  if (connection === null) {
    screen.lines(localHelp([...commands.values()]));
    return EXIT.ok;
  }
  const deps: CallDeps = { api: createApi(connection), screen, streams: cli, options, signal };
  if (!wantsHelp && noun === 'audit' && verb === 'verify') return verifyOnline(deps);
  if (!wantsHelp && noun === 'audit' && verb === 'export') return exportAudit(deps, rest[0]);
  return runAction(deps, words, commands);
}

function runCommand(
  command: Command,
  words: readonly string[],
  { cli, screen, signal }: Pick<Run, 'cli' | 'screen' | 'signal'>,
): Promise<number> {
  return command.run(words, {
    env: cli.env,
    projectDir: cli.projectDir ?? PROJECT,
    signal,
    say: (line) => screen.lines([line]),
    hub: () => findHub(cli.dataDir, cli.env),
  });
}

async function runAction(deps: CallDeps, words: readonly string[], commands: ReadonlyMap<string, Command>): Promise<ExitCode> {
  const { body } = await deps.api.request<{ readonly actions: readonly ActionDescription[] }>('GET', '/actions', { signal: deps.signal });
  const parsed = parseWords(words, body.actions);
  if (parsed.is === 'help') return showHelp(deps, parsed.actions, parsed.actions.length === body.actions.length ? commands : null);
  if (parsed.is === 'unknown') return refuse(parsed, [words.slice(0, 2).join(' '), [...LOCAL, ...commands.keys()]]);
  const { action, missing } = parsed;
  if (missing.length > 0) usage(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. Usage: novacron ${action.usage}`);
  return callAction(deps, action, parsed.input);
}

function showHelp(
  { screen, options }: CallDeps,
  actions: readonly ActionDescription[],
  all: ReadonlyMap<string, Command> | null,
): ExitCode {
  if (options.json) screen.json(actions);
  else screen.lines(helpLines(actions, all && [...all.values()]));
  return EXIT.ok;
}

/** Commands that need no action; a slip in them deserves a suggestion too. */
const LOCAL = ['audit verify', 'audit export', 'plugin create', 'up', 'doctor'];

function refuse({ words, suggestions }: Parsed & { is: 'unknown' }, [typed, known]: readonly [string, readonly string[]]): never {
  const local = closest(typed, known, 1);
  const all = [...suggestions, ...local].slice(0, 5);
  const hint = all.length === 0 ? 'novacron help lists what there is.' : `Did you mean: ${all.join(' | ')}?`;
  usage(`I do not understand '${words}'. ${hint}`);
}
