import { HubError } from 'novacron/plugin';
import { rasterize } from '../../charts/port.ts';
import { createHubCalls, type HubCallOptions } from '../hub-calls.ts';
import { withPng } from '../render/png-beside.ts';
import { startEvaluator, type Evaluator } from '../session/evaluator.ts';
import { completenessOf } from '../session/is-complete.ts';
import type { CellError, CellResult, Output } from '../session/protocol.ts';
import { openSockets, type ReplyTo, type Sockets } from './sockets.ts';
import type { ConnectionFile, Header, Message } from './wire.ts';

export interface KernelOptions {
  readonly connection: ConnectionFile;
  readonly hub: HubCallOptions['connection'];
  /** Folder of the notebook. */
  readonly cwd: string;
  readonly version: string;
}

/** A cell that does not end this long after an interrupt is ended with its process. */
const INTERRUPT_WITHIN_MS = 5000;
const STARTER_LOOK_MS = 2000;

interface Queued {
  readonly message: Message;
  readonly reply: ReplyTo;
}

/** Speaks Jupyter's protocol on one side and runs cells in a process of their own on the other. Resolves after a shutdown request. */
export async function runKernel(options: KernelOptions): Promise<void> {
  // Jupyter that was killed cannot ask its kernels to end.
  const starter = process.ppid;
  const sockets = await openSockets(options.connection);
  const kernel = new Kernel(sockets, options);
  await kernel.start();
  void sockets.serve({
    shell: (message, reply) => kernel.queue({ message, reply }),
    control: (message, reply) => void kernel.control({ message, reply }),
  });
  const timer = setInterval(() => {
    if (process.ppid !== starter) kernel.end();
  }, STARTER_LOOK_MS);
  await kernel.ended;
  clearInterval(timer);
  sockets.close();
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

class Kernel {
  readonly #sockets: Sockets;
  readonly #options: KernelOptions;
  readonly #ended = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  #evaluator: Evaluator | null = null;
  /** What is shown belongs to this request, also when it comes late. */
  #parent: Header | null = null;
  #shown: Promise<void> = Promise.resolve();
  #waiting: Queued[] = [];
  #isBusy = false;
  /** The process of the cells was ended because a cell did not stop. */
  #isEnded = false;
  #runs = 0;

  constructor(sockets: Sockets, options: KernelOptions) {
    this.#sockets = sockets;
    this.#options = options;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    this.#evaluator = await startEvaluator({
      cwd: this.#options.cwd,
      interruptible: true,
      env: withoutToken(process.env),
      output: (output) => this.#show(output),
      answer: createHubCalls({ connection: this.#options.hub, signal: this.#stop.signal }),
    });
  }

  /** Requests of the shell channel are answered one after the other. */
  queue(queued: Queued): void {
    this.#waiting.push(queued);
    if (!this.#isBusy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      await this.#handle(next, (each) => this.#shell(each));
    this.#isBusy = false;
  }

  control(queued: Queued): Promise<void> {
    return this.#handle(queued, (each) => this.#control(each));
  }

  async #handle(queued: Queued, handle: (queued: Queued) => Promise<void>): Promise<void> {
    const { header } = queued.message;
    await this.#sockets.publish('status', header, { execution_state: 'busy' });
    try {
      await handle(queued);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await queued.reply(header.msg_type.replace(/request$/u, 'reply'), {
        status: 'error',
        ename: 'Error',
        evalue: message,
        traceback: [message],
      });
    }
    await this.#sockets.publish('status', header, { execution_state: 'idle' });
  }

  async #shell({ message, reply }: Queued): Promise<void> {
    const { header, content } = message;
    const [code, cursor] = [text(content['code']), fromCodePoints(text(content['code']), Number(content['cursor_pos'] ?? 0))];
    switch (header.msg_type) {
      case 'kernel_info_request':
        return reply('kernel_info_reply', this.#info());
      case 'execute_request':
        return this.#execute({ message, reply });
      case 'complete_request': {
        const { matches, start, end } = await this.#cells().complete(code, cursor);
        const at = { cursor_start: toCodePoints(code, start), cursor_end: toCodePoints(code, end) };
        return reply('complete_reply', { status: 'ok', matches, ...at, metadata: {} });
      }
      case 'inspect_request': {
        const data = await this.#cells().inspect(code, cursor);
        return reply('inspect_reply', { status: 'ok', found: data !== null, data: data ?? {}, metadata: {} });
      }
      case 'is_complete_request': {
        const status = completenessOf(code);
        return reply('is_complete_reply', {
          status,
          ...(status === 'incomplete' && { indent: /^\s*/u.exec(code.split('\n').at(-1) ?? '')?.[0] }),
        });
      }
      case 'history_request':
        return reply('history_reply', { status: 'ok', history: [] });
      case 'comm_info_request':
        return reply('comm_info_reply', { status: 'ok', comms: {} });
      case 'shutdown_request':
        return this.#shutdown({ message, reply });
      default:
    }
  }

  async #control(queued: Queued): Promise<void> {
    const { message, reply } = queued;
    if (message.header.msg_type === 'interrupt_request') {
      this.#interrupt();
      return reply('interrupt_reply', { status: 'ok' });
    }
    if (message.header.msg_type === 'shutdown_request') return this.#shutdown(queued);
    if (message.header.msg_type === 'kernel_info_request') return reply('kernel_info_reply', this.#info());
  }

  #info(): object {
    return {
      status: 'ok',
      protocol_version: '5.3',
      implementation: 'novacron',
      implementation_version: this.#options.version,
      banner: `NovaCron ${this.#options.version}: TypeScript on Node ${process.versions.node}. \`import { nova } from 'novacron/notebook'\` speaks to the hub.`,
      help_links: [],
      language_info: {
        name: 'typescript',
        version: process.versions.node,
        mimetype: 'text/typescript',
        file_extension: '.ts',
        codemirror_mode: 'typescript',
        pygments_lexer: 'typescript',
        nbconvert_exporter: 'script',
      },
    };
  }

  #cells(): Evaluator {
    if (this.#evaluator === null) throw new HubError('notebook_ended', 'The process of the notebook is being started.', { status: 503 });
    return this.#evaluator;
  }

  async #execute({ message: { header, content }, reply }: Queued): Promise<void> {
    const [code, isSilent] = [text(content['code']), content['silent'] === true];
    if (!isSilent) this.#runs += 1;
    const count = this.#runs;
    this.#parent = header;
    if (!isSilent) await this.#sockets.publish('execute_input', header, { code, execution_count: count });
    const result = await this.#run(code, `cell-${count}.ts`);
    await this.#shown;
    if (result.is === 'value') {
      if (result.data !== null && !isSilent) {
        const shown = await withPng({ data: result.data, metadata: {} }, asPng);
        await this.#sockets.publish('execute_result', header, { ...shown, execution_count: count });
      }
      return reply('execute_reply', { status: 'ok', execution_count: count, user_expressions: {}, payload: [] });
    }
    const { name, message, traceback } = result.is === 'error' ? result.error : INTERRUPTED;
    const error = { ename: name, evalue: message, traceback };
    await this.#sockets.publish('error', header, error);
    // Taken out before the answer: what is asked for after it is meant to run.
    const aborted = content['stop_on_error'] === false ? [] : this.#takeRuns();
    await reply('execute_reply', { status: 'error', execution_count: count, ...error });
    await this.#abort(aborted);
  }

  /** The rest of "run all": what was asked for before an error is not run any more. */
  #takeRuns(): readonly Queued[] {
    const runs = this.#waiting.filter(isExecute);
    this.#waiting = this.#waiting.filter((queued) => !isExecute(queued));
    return runs;
  }

  async #abort(runs: readonly Queued[]): Promise<void> {
    for (const { message, reply } of runs) {
      await this.#sockets.publish('status', message.header, { execution_state: 'busy' });
      await reply('execute_reply', { status: 'aborted' });
      await this.#sockets.publish('status', message.header, { execution_state: 'idle' });
    }
  }

  async #run(code: string, name: string): Promise<CellResult> {
    try {
      return await this.#cells().run(code, name);
    } catch (error) {
      if (!HubError.is(error)) throw error;
      // The cell ended its own process, ran out of memory, or went on when it was interrupted.
      const reason = this.#isEnded
        ? `The cell went on for ${INTERRUPT_WITHIN_MS / 1000} s after it was interrupted, so its process was ended.`
        : error.message;
      this.#isEnded = false;
      await this.start();
      const message = `${reason} It was started anew: variables of earlier cells are gone.`;
      return { is: 'error', error: { name: 'ProcessEnded', message, traceback: [message] } };
    }
  }

  #show(output: Output): void {
    const parent = this.#parent;
    const { publish } = this.#sockets;
    this.#shown = this.#shown.then(async () => {
      if (output.is === 'stream') return publish('stream', parent, { name: output.name, text: output.text });
      return publish('display_data', parent, { ...(await withPng(output, asPng)), transient: {} });
    });
  }

  #interrupt(): void {
    const evaluator = this.#evaluator;
    const run = this.#runs;
    if (!this.#isBusy || evaluator === null) return;
    evaluator.interrupt();
    setTimeout(() => {
      if (!this.#isBusy || this.#runs !== run) return;
      this.#isEnded = true;
      evaluator.kill();
    }, INTERRUPT_WITHIN_MS).unref();
  }

  async #shutdown({ message, reply }: Queued): Promise<void> {
    await reply('shutdown_reply', { status: 'ok', restart: message.content['restart'] === true });
    // The reply and the status after it are sent by then.
    setTimeout(() => this.end(), 50);
  }

  end(): void {
    this.#stop.abort();
    this.#evaluator?.kill();
    this.#ended.resolve();
  }
}

const INTERRUPTED: CellError = {
  name: 'Interrupted',
  message: 'The cell was interrupted.',
  traceback: ['Interrupted: the cell was interrupted.'],
};

/** Cells call the hub through this process; what they print should not be able to hold the token. */
const withoutToken = ({ NOVACRON_TOKEN: _token, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv => env;

const isExecute = ({ message }: Queued): boolean => message.header.msg_type === 'execute_request';
const asPng = async (svg: string): Promise<string> => (await rasterize(svg)).toString('base64');

/** Jupyter counts characters, JavaScript halves of them. */
const fromCodePoints = (code: string, position: number): number => Array.from(code).slice(0, position).join('').length;
const toCodePoints = (code: string, position: number): number => Array.from(code.slice(0, position)).length;
