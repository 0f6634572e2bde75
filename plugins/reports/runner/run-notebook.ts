import { HubError } from 'novacron/plugin';
import { withPng, type Rasterize } from '../render/png-beside.ts';
import { startEvaluator, type Evaluator, type EvaluatorOptions } from '../session/evaluator.ts';
import type { CellError, CellResult, Output } from '../session/protocol.ts';
import { confine, type Isolation, type Limits } from './isolation.ts';
import type { Cell, Notebook, NotebookOutput } from './notebook.ts';
import { checkParameters, injectParameters, parametersOf, type ParameterValue } from './parameters.ts';

export interface RunOptions {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What the notebook calls now, epoch milliseconds: with the same instant it reads the same data. */
  readonly at: number;
  readonly limits: Limits;
  /** Folder of the notebook. */
  readonly cwd: string;
  readonly projectDir: string;
  readonly signal: AbortSignal;
  readonly answer: EvaluatorOptions['answer'];
  readonly rasterize: Rasterize;
  progress(fraction: number, message: string): void;
}

/** Why a run stopped before its end. `cell` counts code cells from 1, the injected one too. */
export interface RunFailure {
  readonly code: 'report_cell_failed' | 'report_timeout' | 'report_memory' | 'report_output_large' | 'report_process_ended';
  readonly message: string;
  readonly cell: number;
}

export interface NotebookRun {
  /** The notebook with the outputs, also those before a failure. */
  readonly notebook: Notebook;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly failure: RunFailure | null;
  readonly isolation: Isolation;
}

/** Runs a notebook from top to bottom in a confined process. Rejects only when `signal` fires or a parameter does not fit. */
export async function runNotebook(notebook: Notebook, options: RunOptions): Promise<NotebookRun> {
  options.signal.throwIfAborted();
  const declared = parametersOf(notebook);
  const parameters = checkParameters(declared, options.parameters);
  const copy = injectParameters(notebook, parameters);
  const { isolation, ...confinement } = await confine(options.limits, options);
  const recorder = new Recorder(options);
  const shown = Object.fromEntries(declared.map(({ name, default: value }) => [name, parameters[name] ?? value]));
  const env = {
    PATH: process.env['PATH'],
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    NOVACRON_PARAMETERS: JSON.stringify(shown),
    NOVACRON_AT: String(options.at),
  };
  const evaluator = await startEvaluator({
    cwd: options.cwd,
    ...confinement,
    env,
    output: (output) => recorder.take(output, () => evaluator.kill()),
    answer: options.answer,
  });
  const stop = (): void => evaluator.kill();
  options.signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => {
    recorder.isLate = true;
    stop();
  }, options.limits.timeoutMs);
  try {
    const failure = await runCells(copy, { evaluator, recorder, options });
    return { notebook: copy, parameters, failure, isolation };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
    evaluator.kill();
    await evaluator.ended;
  }
}

interface Running {
  readonly evaluator: Evaluator;
  readonly recorder: Recorder;
  readonly options: RunOptions;
}

async function runCells({ cells }: Notebook, { evaluator, recorder, options }: Running): Promise<RunFailure | null> {
  const code = cells.filter((cell) => cell.cell_type === 'code');
  for (const cell of code) {
    cell.outputs = [];
    cell['execution_count'] = null;
  }
  for (const [index, cell] of code.entries()) {
    const number = index + 1;
    options.progress(index / code.length, `cell ${number} of ${code.length}`);
    recorder.begin(cell);
    cell['execution_count'] = number;
    const result = await evaluator
      .run(cell.source, `cell-${number}.ts`)
      .catch((error: unknown) => endOf(error, { evaluator, recorder, options }));
    options.signal.throwIfAborted();
    const failure = await recorder.end(result, number);
    if (failure !== null) return failure;
  }
  return null;
}

type Ended = { readonly is: 'ended'; readonly code: RunFailure['code']; readonly message: string };

/** The process is gone: for which of the limits? */
async function endOf(error: unknown, { evaluator, recorder, options }: Running): Promise<Ended> {
  if (!HubError.is(error)) throw error;
  const { limits } = options;
  const { said, code, signal } = await evaluator.ended;
  if (recorder.isLate)
    return {
      is: 'ended',
      code: 'report_timeout',
      message: `The notebook ran longer than ${limits.timeoutMs / 1000} s and was stopped. Ask for less, or raise timeoutSeconds.`,
    };
  if (recorder.isFull)
    return {
      is: 'ended',
      code: 'report_output_large',
      message: `The notebook showed more than ${limits.outputBytesMax} bytes and was stopped.`,
    };
  if (/heap (?:limit|out of memory)|out of memory|allocation fail/iu.test(said))
    return {
      is: 'ended',
      code: 'report_memory',
      message: `The cell needed more than ${Math.round(limits.memoryBytesMax / 2 ** 20)} MiB of memory and was stopped. Work on less data at once, or raise memoryMebibytes.`,
    };
  return {
    is: 'ended',
    code: 'report_process_ended',
    message: `The cell ended the process of the notebook (${signal ?? `exit code ${code}`}).`,
  };
}

/** Turns what a cell shows into outputs of the file, in order. */
class Recorder {
  isLate = false;
  isFull = false;
  readonly #options: RunOptions;
  #outputs: NotebookOutput[] = [];
  #pending: Promise<void> = Promise.resolve();
  #bytes = 0;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  begin(cell: Cell): void {
    this.#outputs = cell.outputs = [];
  }

  take(output: Output, onFull: () => void): void {
    const outputs = this.#outputs;
    this.#bytes += output.is === 'stream' ? output.text.length : JSON.stringify(output.data).length;
    if (this.#bytes > this.#options.limits.outputBytesMax) {
      this.isFull = true;
      return onFull();
    }
    this.#pending = this.#pending.then(async () => {
      if (output.is === 'stream') addText(outputs, output);
      else outputs.push({ output_type: 'display_data', ...(await withPng(output, this.#options.rasterize)) });
    });
  }

  async end(result: CellResult | Ended, number: number): Promise<RunFailure | null> {
    await this.#pending;
    if (result.is === 'value') {
      if (result.data !== null) {
        const shown = await withPng({ data: result.data, metadata: {} }, this.#options.rasterize);
        this.#outputs.push({ output_type: 'execute_result', execution_count: number, ...shown });
      }
      return null;
    }
    const error = errorOf(result);
    // What Node says as it dies stands before the reason in plain words, and helps nobody.
    if (result.is === 'ended') this.#outputs.splice(0, Infinity, ...this.#outputs.filter(({ name }) => name !== 'stderr'));
    this.#outputs.push({ output_type: 'error', ename: error.name, evalue: error.message, traceback: [...error.traceback] });
    const code = result.is === 'ended' ? result.code : 'report_cell_failed';
    return { code, message: result.is === 'ended' ? error.message : `Cell ${number}: ${error.name}: ${error.message}`, cell: number };
  }
}

const NAMES: Readonly<Record<RunFailure['code'], string>> = {
  report_cell_failed: 'Error',
  report_timeout: 'TimeLimit',
  report_memory: 'MemoryLimit',
  report_output_large: 'OutputLimit',
  report_process_ended: 'ProcessEnded',
};

function errorOf(result: Exclude<CellResult | Ended, { is: 'value' }>): CellError {
  if (result.is === 'error') return result.error;
  if (result.is === 'interrupted')
    return { name: 'Interrupted', message: 'The cell was interrupted.', traceback: ['The cell was interrupted.'] };
  return { name: NAMES[result.code], message: result.message, traceback: [`${NAMES[result.code]}: ${result.message}`] };
}

function addText(outputs: NotebookOutput[], { name, text }: Extract<Output, { is: 'stream' }>): void {
  const last = outputs.at(-1);
  if (last?.output_type === 'stream' && last['name'] === name) last['text'] = `${String(last['text'])}${text}`;
  else outputs.push({ output_type: 'stream', name, text });
}
