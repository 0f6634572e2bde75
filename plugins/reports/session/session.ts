import { Console } from 'node:console';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { HubError } from 'novacron/plugin';
import { compileCell, IMPORT, TURN, type CompiledCell } from './compile.ts';
import { describeThrown } from './failures.ts';
import { bundleOf, isBundle } from './mime.ts';
import type { CellResult, MimeBundle, Output } from './protocol.ts';

export interface SessionOptions {
  /** Where relative imports begin: the folder of the notebook. */
  readonly cwd: string;
  /** The hub's own folder: packages that are not found from `cwd` are looked for here. */
  readonly projectDir: string;
  /** Set to 1 from another thread to stop the loops of the cell that runs. */
  readonly stopped: Int32Array;
  output(output: Output): void;
}

class Interrupted extends Error {}

/**
 * Runs cells of TypeScript in this very process and realm (so that `instanceof` means what it says), one after the other. What a cell
 * declares are properties of `globalThis`, which later cells see and may declare again. It is no wall: what runs foreign cells is a process with limits.
 */
export class Session {
  readonly #options: SessionOptions;
  #running: PromiseWithResolvers<CellResult> | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    const streamOf = (name: 'stdout' | 'stderr'): Writable =>
      new Writable({
        decodeStrings: false,
        write: (chunk: string | Buffer, _encoding, done) => {
          options.output({ is: 'stream', name, text: String(chunk) });
          done();
        },
      });
    define('console', new Console({ stdout: streamOf('stdout'), stderr: streamOf('stderr') }));
    define('display', (value: unknown, metadata?: Readonly<Record<string, unknown>>) => this.display(value, metadata));
    define(TURN, () => {
      if (Atomics.load(options.stopped, 0) === 1) throw new Interrupted();
    });
    define(IMPORT, (specifier: string, attributes?: ImportCallOptions, names: readonly string[] = []) =>
      this.#import(specifier, { attributes, names }),
    );
  }

  /** Shows a value now, as the last expression of a cell would be; or representations by media type as they are. */
  async display(value: unknown, metadata: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const data: MimeBundle | null = isBundle(value) ? value : await bundleOf(value);
    if (data !== null) this.#options.output({ is: 'display', data, metadata });
  }

  /** `name`: the file name of the cell in errors, `cell-3.ts`. Never rejects. */
  async run(code: string, name: string): Promise<CellResult> {
    const running = Promise.withResolvers<CellResult>();
    Atomics.store(this.#options.stopped, 0, 0);
    this.#running = running;
    try {
      return await Promise.race([running.promise, evaluate(code, name)]);
    } finally {
      this.#running = null;
    }
  }

  /** Ends the wait for the cell that runs. What it waited for may go on by itself, up to its next turn of a loop. */
  interrupt(): void {
    this.#running?.resolve({ is: 'interrupted' });
  }

  async #import(
    specifier: string,
    { attributes, names }: { readonly attributes: ImportCallOptions | undefined; readonly names: readonly string[] },
  ): Promise<object> {
    const found = (await import(this.#locate(specifier), attributes)) as object;
    const missing = names.find((name) => !(name in found));
    if (missing !== undefined)
      throw new SyntaxError(`'${specifier}' does not export '${missing}'. Is it misspelt? A type is imported as \`type ${missing}\`.`);
    return found;
  }

  #locate(specifier: string): string {
    const { cwd, projectDir } = this.#options;
    if (/^(?:node|data|file|https?):/u.test(specifier)) return specifier;
    if (/^\.{0,2}\//u.test(specifier)) return pathToFileURL(resolve(cwd, specifier)).href;
    if (specifier === 'novacron' || specifier.startsWith('novacron/')) return resolveFrom(projectDir, specifier);
    try {
      return resolveFrom(cwd, specifier);
    } catch {
      // Not there, or only for `require`: the hub's own packages are the second place.
      return resolveFrom(projectDir, specifier);
    }
  }
}

/** As `import` would resolve it in a file of that folder. */
function resolveFrom(folder: string, specifier: string): string {
  try {
    return import.meta.resolve(specifier, pathToFileURL(join(folder, 'cell.ts')).href);
  } catch (error) {
    const require = createRequire(join(folder, 'cell.js'));
    try {
      const found = require.resolve(specifier);
      return found.startsWith('/') ? pathToFileURL(found).href : found;
    } catch {
      throw new HubError(
        'notebook_import',
        `There is no package '${specifier}' here. The hub's own packages and node: modules can be imported.`,
        {
          status: 422,
          cause: error,
        },
      );
    }
  }
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
}

/** Names that exist as plain variables keep their value until the cell gives them a new one. */
function declare(names: readonly string[]): void {
  for (const name of names) {
    const known = Object.getOwnPropertyDescriptor(globalThis, name);
    if (known?.writable !== true) define(name, undefined);
  }
}

async function evaluate(code: string, name: string): Promise<CellResult> {
  let returnAt: CompiledCell['returnAt'] = null;
  try {
    const { names, functions, body, shift, ...cell } = compileCell(code);
    returnAt = cell.returnAt;
    const scripts = [
      ...(functions === null ? [] : [new Script(functions, { filename: name })]),
      new Script(body, { filename: name, columnOffset: -shift }),
    ];
    declare(names);
    let value: unknown;
    for (const script of scripts) value = script.runInThisContext({ displayErrors: false });
    return { is: 'value', data: await bundleOf(await value) };
  } catch (error) {
    if (error instanceof Interrupted) return { is: 'interrupted' };
    return { is: 'error', error: describeThrown({ error, code, name, returnAt }) };
  }
}
