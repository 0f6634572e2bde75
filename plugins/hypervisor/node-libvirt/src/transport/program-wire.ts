import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';
import { ConnectionError } from '../errors.ts';
import type { Limits } from './opened.ts';
import { opened } from './opened.ts';

/** The last words of a program that are kept for the error message. */
const saidBytesMax = 2048;
/** A program that ssh left in the background may hold the error output open for ever. */
const lastWordsMs = 100;

interface ProgramOptions extends Limits {
  /** The error of a program that ended before any data came, from what it said. */
  toError(said: string): ConnectionError;
}

/** Starts a program whose input and output are the connection. It ends with the connection. */
export function runWire(command: string, args: readonly string[], options: ProgramOptions): Promise<Duplex> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  return opened(new ProgramWire(child, options), 'open', {
    ...options,
    toError: (cause) => new ConnectionError('connect_failed', `The program "${command}" cannot be started: ${cause.message}.`, { cause }),
  });
}

class ProgramWire extends Duplex {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly options: ProgramOptions;
  private said = '';
  private heard = false;
  private lastWords: NodeJS.Timeout | undefined;

  constructor(child: ChildProcessWithoutNullStreams, options: ProgramOptions) {
    super({ allowHalfOpen: false });
    this.child = child;
    this.options = options;
    child.once('spawn', () => this.emit('open'));
    child.once('error', (error) => this.destroy(error));
    child.once('close', () => this.ended());
    child.once('exit', () => {
      this.lastWords = setTimeout(() => this.ended(), lastWordsMs);
    });
    // The end of the program tells more than a pipe that broke because of it.
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-saidBytesMax);
    });
    child.stdout.on('data', (bytes: Buffer) => {
      this.heard = true;
      if (!this.push(bytes)) child.stdout.pause();
    });
  }

  private ended(): void {
    // What comes from another machine is shown to people: no control characters.
    const words = this.said.replaceAll(/\p{Cc}+/gu, ' ').trim();
    const how = this.child.signalCode === null ? `exit code ${this.child.exitCode}` : `signal ${this.child.signalCode}`;
    const said = words === '' ? `it ended with ${how} and said nothing.` : words;
    this.destroy(
      this.heard
        ? new ConnectionError('connection_lost', `The program under the connection ended with ${how}: ${said}`)
        : this.options.toError(said),
    );
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(bytes: Buffer, _: string, done: () => void): void {
    this.child.stdin.write(bytes, () => done());
  }

  override _final(done: () => void): void {
    this.child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.lastWords);
    this.child.kill();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream.destroy();
    done(error);
  }
}
