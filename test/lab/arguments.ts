import { parseArgs } from 'node:util';
import type { Command } from './control.ts';

/** What a person typed after `npm run lab --`. */
export type Request =
  | { readonly is: 'up'; readonly hosts: number; readonly storage: 'shared' | 'local' }
  | { readonly is: 'status'; readonly json: boolean }
  | { readonly is: 'shell'; readonly machine: string; readonly command: readonly string[] }
  | { readonly is: 'stale' }
  | { readonly is: 'command'; readonly command: Command };

/** A request that cannot be understood; the message says what to type. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `npm run lab -- COMMAND
    up [--hosts 3] [--storage shared|local]     starts a lab and leaves it running
    status [--json]                             all labs of this machine
    crash HOST | up HOST                        power failure; power back
    cut HOST | heal HOST                        network cable out; in again
    shape HOST --rate 40mbit|none               limits a host's cable
    link A B [--delay 50ms] [--jitter 5ms] [--loss 1%] | --none
    shell HOST [COMMAND …]                      a shell on a host, or on \`client\`
    down [--stale]                              ends the lab; --stale: all whose owner is dead
    --lab NUMBER (before shell)                 which lab, when there are several`;

const OPTIONS = {
  hosts: { type: 'string' },
  storage: { type: 'string' },
  json: { type: 'boolean' },
  stale: { type: 'boolean' },
  none: { type: 'boolean' },
  rate: { type: 'string' },
  delay: { type: 'string' },
  jitter: { type: 'string' },
  loss: { type: 'string' },
  lab: { type: 'string' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** Understands the words of a command line, and which lab they mean when they say so. Throws a UsageError. */
export function parseRequest(argv: readonly string[]): { request: Request; lab: number | undefined } {
  // What comes after the host of `shell` belongs to the command that is to run there.
  const verbAt = argv[0] === '--lab' ? 2 : 0;
  const own = argv[verbAt] === 'shell' ? argv.slice(0, verbAt + 2) : argv;
  try {
    const { positionals, values } = parseArgs({ args: [...own], options: OPTIONS, allowPositionals: true });
    const request = requestOf(positionals, values, argv.slice(own.length));
    return { request, lab: values.lab === undefined ? undefined : numberOf(values.lab, /^(\d+)$/, '--lab is a number, such as 3') };
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function requestOf([verb, ...words]: string[], values: Values, rest: readonly string[]): Request {
  const machine = (): string => {
    if (words[0] === undefined) throw new UsageError(`Which host? Such as: npm run lab -- ${verb} h1`);
    return words[0];
  };
  switch (verb) {
    case 'up':
      return words.length > 0 ? { is: 'command', command: { do: 'up', machine: machine() } } : upOf(values);
    case 'status':
      return { is: 'status', json: values.json ?? false };
    case 'shell':
      return { is: 'shell', machine: machine(), command: rest };
    case 'down':
      return values.stale ? { is: 'stale' } : { is: 'command', command: { do: 'down' } };
    case 'crash':
    case 'cut':
    case 'heal':
      return { is: 'command', command: { do: verb, machine: machine() } };
    case 'shape':
      return { is: 'command', command: { do: 'shape', machine: machine(), rateMbit: rateOf(values.rate) } };
    case 'link':
      return { is: 'command', command: linkOf(words, values) };
    case undefined:
      throw new UsageError(USAGE);
    default:
      throw new UsageError(`There is no command ${verb}.\n${USAGE}`);
  }
}

function upOf({ hosts = '2', storage = 'local' }: Values): Request {
  if (storage !== 'shared' && storage !== 'local') throw new UsageError(`--storage is shared or local, not ${storage}.`);
  return { is: 'up', hosts: numberOf(hosts, /^([1-9])$/, '--hosts is 1 to 9'), storage };
}

function linkOf([a, b]: string[], values: Values): Command {
  if (a === undefined || b === undefined) throw new UsageError('A link is between two: npm run lab -- link h1 h2 --delay 50ms --loss 1%');
  if (values.none) return { do: 'link', a, b, quality: null };
  const time = /^(\d+(?:\.\d+)?)ms$/;
  const quality = {
    ...(values.delay !== undefined && { delayMs: numberOf(values.delay, time, '--delay is a time, such as 50ms') }),
    ...(values.jitter !== undefined && { jitterMs: numberOf(values.jitter, time, '--jitter is a time, such as 5ms') }),
    ...(values.loss !== undefined && { lossRatio: numberOf(values.loss, /^(\d+(?:\.\d+)?)%$/, '--loss is a share, such as 1%') / 100 }),
  };
  if (Object.keys(quality).length === 0)
    throw new UsageError('What is the link to be like? --delay 50ms, --jitter 5ms, --loss 1%, or --none');
  return { do: 'link', a, b, quality };
}

function rateOf(text = ''): number | null {
  return text === 'none' ? null : numberOf(text, /^(\d+(?:\.\d+)?)mbit$/, '--rate is such as 40mbit, or none');
}

function numberOf(text: string, pattern: RegExp, hint: string): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new UsageError(`${hint}${text === '' ? '' : `, not ${text}`}.`);
  return Number(found);
}
