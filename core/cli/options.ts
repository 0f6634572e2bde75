import { HubError } from '../contract/errors.ts';

/** What concerns the command line itself; every other word belongs to the action. */
export interface Options {
  readonly json: boolean;
  readonly watch: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly version: boolean;
  /** Folder for the pictures of a result. */
  readonly save: string | null;
}

export const OPTIONS_HELP: readonly (readonly [string, string])[] = [
  ['--json', 'Print the result as JSON, and errors as JSON on standard error.'],
  ['--watch', 'Show the progress of a job line by line; refresh a list every 2 s until Ctrl-C.'],
  ['--yes', 'Confirm the plan without being asked.'],
  ['--no-wait', 'Do not wait for the job to end; print it as it was accepted.'],
  ['--save DIR', 'Write the pictures of a result into this folder.'],
  ['--help', 'Help for a command.'],
];

const FLAGS: Readonly<Record<string, Partial<Options>>> = {
  '--json': { json: true },
  '--watch': { watch: true },
  '-w': { watch: true },
  '--yes': { yes: true },
  '-y': { yes: true },
  '--no-wait': { wait: false },
  '--version': { version: true },
};

/** Takes the options out of the words, up to `--`. */
export function readOptions(argv: readonly string[]): { options: Options; words: string[] } {
  let options: Options = { json: false, watch: false, yes: false, wait: true, version: false, save: null };
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') return { options, words: [...words, ...argv.slice(index)] };
    if (Object.hasOwn(FLAGS, word)) options = { ...options, ...FLAGS[word] };
    else if (word === '--save') {
      options = { ...options, save: argv[index + 1] ?? usage('--save needs a folder.') };
      index += 1;
    } else words.push(word);
  }
  return { options, words };
}

export function usage(message: string): never {
  throw new HubError('cli_usage', message, { status: 400 });
}
