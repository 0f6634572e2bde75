import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { listenTo, type Running } from '../kit/private-libvirtd.ts';

export interface RunOptions {
  /** What the program reads on stdin; nothing by default. */
  readonly input?: string;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/** What a program said and how it ended. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A program that did not end with exit code 0, and what it said. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly result: RunResult;
  constructor(command: readonly string[], result: RunResult) {
    super(`${command.join(' ')}: exit code ${result.exitCode}\n${`${result.stdout}${result.stderr}`.trim().slice(-4000)}`);
    this.result = result;
  }
}

/** Runs a program to its end. Throws a RunError when its exit code is not 0. */
export async function run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: 'pipe', ...(options.signal && { signal: options.signal }) });
  // A program may end without reading all of it; its exit code tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (exitCode !== 0) throw new RunError(command, { stdout, stderr, exitCode });
  return { stdout, stderr, exitCode };
}

/** The words before a command that run it in the network namespace of a process. */
export const inNetworkOf = (pid: number): [string, ...string[]] => ['nsenter', `--target=${pid}`, '--net', '--'];

/** The words before a command that run it on the machine whose PID 1 is `pid`. nsenter waits outside; ended, it takes the command along. */
export const onMachineOf = (pid: number): [string, ...string[]] => {
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid'];
  return ['nsenter', `--target=${pid}`, ...namespaces, '--', 'setpriv', '--pdeathsig=KILL', '--'];
};

/** Runs lines of `ip` in the network namespace of a process. */
export const ip = (pid: number, lines: readonly string[]): Promise<RunResult> =>
  run([...inNetworkOf(pid), 'ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });

/** Starts a PID 1 whose complaints go to a file. */
export async function startInit(command: readonly [string, ...string[]], logPath: string): Promise<Running> {
  const [program, ...args] = command;
  const log = await open(logPath, 'w');
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', log.fd] });
  await log.close();
  return listenTo(child as Running['child']);
}
