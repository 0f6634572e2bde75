import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { HubError } from 'novacron/plugin';
import {
  INTERRUPT_FD,
  type CellResult,
  type Completion,
  type HubAnswer,
  type HubRequest,
  type MimeBundle,
  type Output,
  type ToCells,
} from './protocol.ts';
import { completionOf, inspectionOf, receive, resultOf } from './received.ts';

export interface EvaluatorOptions {
  /** Folder of the notebook. */
  readonly cwd: string;
  /** Programs that start the process with less than its starter may do: `unshare --net prlimit …`. */
  readonly wrapper?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Default false; costs a thread. */
  readonly interruptible?: boolean;
  output(output: Output): void;
  /** Makes a call of the hub for the notebook. */
  answer(request: HubRequest): Promise<HubAnswer>;
}

/** A process that runs cells. Calls are answered in order; after `ended` they reject with HubError `notebook_ended`. */
export interface Evaluator {
  readonly pid: number;
  run(code: string, name: string): Promise<CellResult>;
  complete(code: string, cursor: number): Promise<Completion>;
  inspect(code: string, cursor: number): Promise<MimeBundle | null>;
  interrupt(): void;
  /** How it ended: an exit code, or the signal that killed it. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly said: string }>;
  kill(): void;
}

type Call<T extends ToCells = ToCells> = T extends { id: number; is: infer Is } ? (Is extends 'answer' ? never : Omit<T, 'id'>) : never;

/** An error as an answer. */
const answerOf = (error: unknown): HubAnswer => {
  const message = error instanceof Error ? error.message : String(error);
  if (!HubError.is(error)) return { is: 'error', code: 'hub_unreachable', message, status: 503, retryable: true };
  return { is: 'error', code: error.code, message, status: error.status, retryable: error.retryable };
};

/** What Node itself said, as a reason. */
const lastLine = (said: string): string => {
  const error = said.split('\n').find((line) => /^\w*Error/u.test(line));
  return error === undefined ? '' : ` ${error}`;
};

const SAID_LENGTH_MAX = 8000;
const CELLS = join(import.meta.dirname, 'cells.ts');

function start({ cwd, wrapper = [], nodeFlags = [], env, interruptible = false }: EvaluatorOptions): ChildProcess {
  const [command = process.execPath, ...args] = [
    ...wrapper,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    ...nodeFlags,
    CELLS,
    ...(interruptible ? ['--interruptible'] : []),
  ];
  return spawn(command, args, {
    cwd,
    env: env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    serialization: 'advanced',
    // A group of its own, so that a signal to the group of a confined process does not reach its starter.
    detached: wrapper.length > 0,
  });
}

const endedError = (how: string): HubError =>
  new HubError('notebook_ended', `The process of the notebook has ended${how}`, { status: 502 });

/** What is written past the console, by a library or by Node itself as it dies. */
function listenTo({ stdout, stderr }: ChildProcess, take: (name: 'stdout' | 'stderr', text: string) => void): void {
  stdout?.setEncoding('utf8').on('data', (text: string) => take('stdout', text));
  stderr?.setEncoding('utf8').on('data', (text: string) => take('stderr', text));
}

/** Resolves when the process is ready for its first cell. HubError `notebook_ended` when it ends before that. */
export async function startEvaluator(options: EvaluatorOptions): Promise<Evaluator> {
  const child = start(options);
  const ready = Promise.withResolvers<void>();
  const calls = new Map<number, PromiseWithResolvers<unknown>>();
  let ids = 0;
  let said = '';

  listenTo(child, (name, text) => {
    said = (said + text).slice(-SAID_LENGTH_MAX);
    options.output({ is: 'stream', name, text });
  });

  child.on('message', (given: unknown) => {
    const message = receive(given);
    if (message === null) return;
    if (message.is === 'ready') ready.resolve();
    else if (message.is === 'output') options.output(message.output);
    else if (message.is === 'ask') void answer(message.id, message.request);
    else {
      calls.get(message.id)?.resolve(message.value);
      calls.delete(message.id);
    }
  });

  const send = (message: ToCells): void => {
    if (child.connected) child.send(message, () => {});
  };

  async function answer(id: number, request: HubRequest): Promise<void> {
    send({ is: 'answer', id, answer: await options.answer(request).catch(answerOf) });
  }

  const ended = new Promise<Awaited<Evaluator['ended']>>((resolve) => {
    const end = (code: number | null, signal: string | null): void => {
      const error = endedError(` (${signal ?? `exit code ${code}`}).${lastLine(said)}`);
      ready.reject(error);
      for (const call of calls.values()) call.reject(error);
      calls.clear();
      resolve({ code, signal, said });
    };
    child.on('error', (error) => {
      said += error.message;
      end(null, null);
    });
    child.on('close', end);
  });

  function call<T>(message: Call, read: (value: unknown) => T): Promise<T> {
    if (!child.connected) return Promise.reject(endedError('.'));
    ids += 1;
    const waiting = Promise.withResolvers<unknown>();
    calls.set(ids, waiting);
    send({ ...message, id: ids });
    return waiting.promise.then(read);
  }

  await ready.promise;
  return {
    pid: child.pid ?? 0,
    run: (code, name) => call({ is: 'run', code, name }, resultOf),
    complete: (code, cursor) => call({ is: 'complete', code, cursor }, completionOf),
    inspect: (code, cursor) => call({ is: 'inspect', code, cursor }, inspectionOf),
    interrupt: () => void (child.stdio[INTERRUPT_FD] as Writable | undefined)?.write('i'),
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}
