import { stripVTControlCharacters } from 'node:util';
import type { Job } from '../contract/jobs.ts';
import type { View } from '../contract/shown.ts';
import { toSafe, viewLines, type TerminalOptions } from '../surfaces/terminal.ts';
import type { Options } from './options.ts';

export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
}

/** Results go to standard output; questions, progress and errors to standard error, so that a pipe gets results only. */
export interface Screen {
  view(view: View): void;
  json(value: unknown): void;
  lines(lines: readonly string[]): void;
  note(text: string): void;
  error(error: { readonly code: string; readonly message: string; readonly details?: object }): void;
  /** One line that is overwritten by the next one; on a terminal only. */
  progress(text: string): void;
  endProgress(): void;
  clear(): void;
}

export function createScreen({ stdout, stderr }: Streams, { options, env }: { options: Options; env: NodeJS.ProcessEnv }): Screen {
  const color = stdout.isTTY === true && env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb';
  const terminal: TerminalOptions = { color, ...(stdout.isTTY === true && stdout.columns !== undefined && { columnsMax: stdout.columns }) };
  let isOpen = false;
  const endProgress = (): void => {
    if (isOpen) stderr.write('\r\u001b[K');
    isOpen = false;
  };
  const print = (lines: readonly string[]): void => {
    endProgress();
    stdout.write(lines.map((line) => `${line}\n`).join(''));
  };
  return {
    lines: print,
    view: (view) => print(viewLines(view, terminal)),
    json: (value) => print([JSON.stringify(value, null, options.watch ? 0 : 2)]),
    note(text) {
      endProgress();
      stderr.write(`${toSafe(text)}\n`);
    },
    error({ code, message, details }) {
      endProgress();
      const text = options.json ? JSON.stringify({ error: { code, message, ...details } }) : `${toSafe(message)} (${code})`;
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (options.json || stderr.isTTY !== true) return;
      isOpen = true;
      const width = (stderr.columns ?? 80) - 1;
      stderr.write(`\r\u001b[K${stripVTControlCharacters(text).replaceAll(/\s+/gu, ' ').slice(0, width)}`);
    },
    endProgress,
    clear() {
      if (stdout.isTTY === true) stdout.write('\u001b[H\u001b[2J');
    },
  };
}

/** `running 40 %  Copying the image`. */
export function progressOf({ title, state }: Job): string {
  if (state.is === 'waiting') return `${title}: waiting for ${state.for}`;
  if (state.is !== 'running') return `${title}: ${state.is}`;
  const done = state.fraction === null ? '' : ` ${Math.round(state.fraction * 100)} %`;
  const what = state.message ?? state.step;
  return `${title}: running${done}${what === null ? '' : `  ${what}`}`;
}
