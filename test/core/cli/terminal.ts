import { PassThrough } from 'node:stream';
import { runCli, type CliOptions } from '../../../core/cli/client.ts';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions extends Partial<Pick<CliOptions, 'dataDir' | 'env' | 'signal' | 'projectDir'>> {
  /** What a person types; only then is there a terminal. */
  readonly typed?: string;
  /** Called with all that was printed to standard error so far. */
  onNote?(text: string): void;
}

/** Runs one command with streams in memory. */
export async function cli(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { dataDir = '/nonexistent', env = {}, signal = new AbortController().signal, typed, projectDir } = options;
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  if (typed !== undefined) stdin.end(`${typed}\n`);
  const out = collect();
  const err = collect(options.onNote);
  const code = await runCli(argv, {
    dataDir,
    env,
    signal,
    stdin,
    stdout: out.stream,
    stderr: err.stream,
    ...(projectDir !== undefined && { projectDir }),
  });
  return { code, out: out.text(), err: err.text() };
}

function collect(onText?: (text: string) => void): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    onText?.(text);
  });
  return { stream, text: () => text };
}
