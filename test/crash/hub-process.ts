import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface HubSetup {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly hypervisor: Readonly<Record<string, unknown>>;
  readonly logLevel: 'silent' | 'debug';
}

export interface StepMessage {
  readonly is: 'step';
  readonly gate: number;
  readonly phase: 'before' | 'after' | 'undo';
  readonly step: string;
  readonly jobId: string;
  readonly action: string;
}

export type FromHub =
  | { readonly is: 'ready' }
  | StepMessage
  | { readonly is: 'answer'; readonly seq: number; readonly value?: unknown; readonly error?: string };

type Question =
  | { readonly is: 'execute'; readonly action: string; readonly input: unknown }
  | { readonly is: 'job'; readonly id: string }
  | { readonly is: 'cancel'; readonly id: string }
  | { readonly is: 'verify' }
  | { readonly is: 'stop' };
export type ToHub = { readonly is: 'go'; readonly gate: number } | (Question & { readonly seq: number });

const CHILD = fileURLToPath(new URL('hub-child.ts', import.meta.url));
const READY_TIMEOUT_MS = 60_000;

/** A hub in a process of its own, which may be killed and started again on the same data. */
export class HubProcess implements AsyncDisposable {
  readonly #setup: HubSetup;
  readonly #onStep: (message: StepMessage) => Promise<void>;
  #child: ChildProcess | undefined;
  #seq = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();

  /** `onStep` may take its time: the step goes on when it is done, unless the hub was killed. */
  constructor(setup: HubSetup, onStep: (message: StepMessage) => Promise<void>) {
    this.#setup = setup;
    this.#onStep = onStep;
  }

  async start(): Promise<void> {
    const child = fork(CHILD, [JSON.stringify(this.#setup)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    const ready = Promise.withResolvers<void>();
    child.on('message', (message: FromHub) => {
      if (message.is === 'ready') ready.resolve();
      else if (message.is === 'answer') this.#answered(message);
      else void this.#step(child, message);
    });
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.#child = undefined;
      ready.reject(new Error(`The hub ended while it started (${code ?? signal}).`));
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('The hub was killed.'));
      this.#waiting.clear();
    });
    const timer = setTimeout(() => ready.reject(new Error('The hub did not start in time.')), READY_TIMEOUT_MS);
    await ready.promise.finally(() => clearTimeout(timer));
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  ask(question: Question): Promise<unknown> {
    if (this.#child === undefined) return Promise.reject(new Error('The hub does not run.'));
    const seq = ++this.#seq;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(seq, waiting);
    this.#child.send({ ...question, seq });
    return waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
    // A hub that dies on its way out is as gone as one that says goodbye.
    await this.ask({ is: 'stop' }).catch(() => undefined);
    await exited;
    clearTimeout(forced);
    this.#child = undefined;
  }

  async #step(child: ChildProcess, message: StepMessage): Promise<void> {
    await this.#onStep(message);
    if (child.connected && child === this.#child) child.send({ is: 'go', gate: message.gate } satisfies ToHub);
  }

  #answered({ seq, value, error }: Extract<FromHub, { is: 'answer' }>): void {
    const waiting = this.#waiting.get(seq);
    this.#waiting.delete(seq);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }
}
