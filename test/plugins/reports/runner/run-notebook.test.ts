import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rasterize } from '../../../../plugins/charts/port.ts';
import { confine } from '../../../../plugins/reports/runner/isolation.ts';
import { parseNotebook, type Notebook } from '../../../../plugins/reports/runner/notebook.ts';
import { checkParameters, parametersOf } from '../../../../plugins/reports/runner/parameters.ts';
import { runNotebook, type RunOptions } from '../../../../plugins/reports/runner/run-notebook.ts';

const MEBIBYTE = 2 ** 20;
const projectDir = join(import.meta.dirname, '../../../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-runner-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const notebookOf = (...cells: (string | { readonly code: string; readonly tags: readonly string[] })[]): Notebook =>
  parseNotebook(
    JSON.stringify({
      nbformat: 4,
      cells: cells
        .map((cell) => (typeof cell === 'string' ? { code: cell, tags: [] } : cell))
        .map(({ code, tags }) => ({ cell_type: 'code', source: [code], metadata: { tags } })),
    }),
    'test.ipynb',
  );

const limits = { timeoutMs: 15_000, memoryBytesMax: 128 * MEBIBYTE, outputBytesMax: MEBIBYTE };

const run = (notebook: Notebook, options: Partial<RunOptions> = {}) =>
  runNotebook(notebook, {
    parameters: {},
    at: 0,
    limits,
    cwd: folder,
    projectDir,
    signal: AbortSignal.timeout(60_000),
    answer: async () => ({ is: 'output', output: null }),
    rasterize: async (svg) => (await rasterize(svg)).toString('base64'),
    progress: () => {},
    ...options,
  });

const declared = notebookOf({
  code: "const vm: Picker<'vm'> = 'web-1'; // Name or id\nconst days: number = 28; // How far back\nconst kind: 'a' | 'b' = 'a';\nconst deep = false;",
  tags: ['parameters'],
});

describe('parameters', () => {
  it('are read from their cell with types, choices, defaults and help', () => {
    expect(parametersOf(declared)).toEqual([
      { name: 'vm', type: 'string', choices: [], picker: 'vm', default: 'web-1', help: 'Name or id' },
      { name: 'days', type: 'number', choices: [], picker: null, default: 28, help: 'How far back' },
      { name: 'kind', type: 'string', choices: ['a', 'b'], picker: null, default: 'a', help: null },
      { name: 'deep', type: 'boolean', choices: [], picker: null, default: false, help: null },
    ]);
  });

  it('are read as well where TypeScript is more than a type after a name', () => {
    const code =
      "const mode: 'a=b' | 'c' = 'c';\nconst days = 28 satisfies number;\n// const old: number = 1\nlet note: string = 'days: number = 3';";
    expect(parametersOf(notebookOf({ code, tags: ['parameters'] }))).toEqual([
      { name: 'mode', type: 'string', choices: ['a=b', 'c'], picker: null, default: 'c', help: null },
      { name: 'days', type: 'number', choices: [], picker: null, default: 28, help: null },
      { name: 'note', type: 'string', choices: [], picker: null, default: 'days: number = 3', help: null },
    ]);
  });

  it('are checked: names, types, choices', () => {
    const parameters = parametersOf(declared);
    expect(checkParameters(parameters, { days: '7', deep: 'true' })).toEqual({ days: 7, deep: true });
    expect(() => checkParameters(parameters, { day: 7 })).toThrow("no parameter 'day'. It takes: vm, days, kind, deep");
    expect(() => checkParameters(parameters, { days: 'many' })).toThrow("'days' must be a number");
    expect(() => checkParameters(parameters, { kind: 'c' })).toThrow('one of a, b');
  });

  it('are injected in a cell of their own, as papermill does, and win over the defaults', async () => {
    const notebook = notebookOf({ code: 'const days: number = 28;', tags: ['parameters'] }, 'days + 1', 'process.env.NOVACRON_PARAMETERS');
    const { notebook: done, failure } = await run(notebook, { parameters: { days: 3 } });
    expect(failure).toBeNull();
    expect(done.cells.map(({ metadata }) => metadata.tags)).toEqual([['parameters'], ['injected-parameters'], [], []]);
    expect(done.cells[2]?.outputs).toMatchObject([{ data: { 'text/plain': '4' } }]);
    expect(done.cells[3]?.outputs).toMatchObject([{ data: { 'text/plain': `'{"days":3}'` } }]);
    expect(notebook.cells[1]?.outputs).toBeUndefined();
  });
});

describe('a run', () => {
  it('writes outputs as Jupyter does, and a PNG beside each SVG', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>';
    const { notebook } = await run(notebookOf(`console.log('a'); console.log('b'); display({ 'image/svg+xml': '${svg}' }); 7`));
    expect(notebook.cells[0]?.outputs).toEqual([
      { output_type: 'stream', name: 'stdout', text: 'a\nb\n' },
      {
        output_type: 'display_data',
        data: {
          'image/svg+xml': svg,
          'image/png': expect.stringMatching(/^iVBOR/u),
          'text/html': expect.stringMatching(/^<img src="data:image\/png;base64,iVBOR.* width="80">$/u),
        },
        metadata: { 'image/png': { width: 80, height: 40 } },
      },
      { output_type: 'execute_result', execution_count: 1, data: { 'text/plain': '7' }, metadata: {} },
    ]);
  });

  it('stops at the first error, and keeps what was shown before', async () => {
    const { notebook, failure } = await run(notebookOf('1', 'console.log("so far");\nnull.x', '3'));
    expect(failure).toMatchObject({ code: 'report_cell_failed', cell: 2, message: expect.stringContaining('Cell 2: TypeError') });
    expect(notebook.cells.map((cell) => cell.outputs?.map(({ output_type: type }) => type))).toEqual([
      ['execute_result'],
      ['stream', 'error'],
      [],
    ]);
  });

  it('ends when the caller gives up', async () => {
    await expect(run(notebookOf('await new Promise(() => {})'), { signal: AbortSignal.timeout(700) })).rejects.toThrow('timeout');
  });
});

describe('limits', () => {
  it('of time end an endless loop', async () => {
    const { failure, notebook } = await run(notebookOf('while (true) {}'), { limits: { ...limits, timeoutMs: 1500 } });
    expect(failure).toMatchObject({ code: 'report_timeout', message: expect.stringContaining('longer than 1.5 s') });
    expect(notebook.cells[0]?.outputs).toMatchObject([{ output_type: 'error', ename: 'TimeLimit' }]);
  });

  it('of memory end a cell that takes too much, with the limit in words', async () => {
    const { failure } = await run(notebookOf('const a: unknown[] = []; while (true) a.push(new Array(1e5).fill(1))'), {
      limits: { ...limits, memoryBytesMax: 96 * MEBIBYTE },
    });
    expect(failure).toMatchObject({ code: 'report_memory', message: expect.stringContaining('96 MiB') });
  });

  it('of output end a cell that shows too much', async () => {
    const { failure } = await run(
      notebookOf('for (let i = 0; i < 50; i++) { console.log("x".repeat(1e5)); await new Promise(setImmediate); }'),
    );
    expect(failure?.code).toBe('report_output_large');
  });

  it('leave it no files, processes, threads, native code or secrets', async () => {
    const attempts = {
      'read a file': 'readFileSync("/etc/hostname")',
      'read the hub': `readFileSync(${JSON.stringify(join(projectDir, 'plugins.json'))})`,
      'write a file': 'writeFileSync("x", "")',
      'start a process': 'execSync("true")',
      'start a thread': 'new Worker("0", { eval: true })',
      'load native code': 'process.dlopen({ exports: {} }, "/lib/x86_64-linux-gnu/libc.so.6")',
    };
    const notebook = notebookOf(
      'import { readFileSync, writeFileSync } from "node:fs"; import { execSync } from "node:child_process"; import { Worker } from "node:worker_threads"; const said: string[] = [];',
      ...Object.entries(attempts).map(
        ([name, code]) => `try { ${code}; said.push("could ${name}") } catch (error) { said.push(error.code) }`,
      ),
      'display({ "application/json": { said, env: Object.keys(process.env) } })',
    );
    const { notebook: done } = await run(notebook);
    const last = done.cells.at(-1)?.outputs?.[0] as { data: { 'application/json': { said: string[]; env: string[] } } } | undefined;
    const { said, env } = last?.data['application/json'] ?? { said: [], env: [] };
    expect(said).toHaveLength(6);
    expect(new Set(said)).toEqual(new Set(['ERR_ACCESS_DENIED', 'ERR_DLOPEN_DISABLED']));
    expect(env.toSorted()).toEqual(['LANG', 'NOVACRON_AT', 'NOVACRON_PARAMETERS', 'PATH', 'TZ']);
  });

  it('leave it no process to send signals to, no socket of another program and no database, where this machine allows that', async () => {
    const socket = join(folder, 'beside.sock');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    const place = await mkdtemp(join(tmpdir(), 'novacron-place-'));
    const { isolation } = await confine(limits, { projectDir, cwd: place });
    const attempts = [
      `process.kill(${process.pid}, 0)`,
      `await new Promise((resolve, reject) => connect(${JSON.stringify(socket)}).on('connect', resolve).on('error', reject))`,
      `await import('node:sqlite')`,
    ];
    const { notebook } = await run(
      notebookOf(
        "import { connect } from 'node:net'; const said: string[] = [];",
        ...attempts.map((code) => `try { ${code}; said.push('could') } catch (error) { said.push(error.code) }`),
        'display({ "application/json": said })',
      ),
      { cwd: place },
    );
    server.close();
    await rm(place, { recursive: true });
    const shown = notebook.cells.at(-1)?.outputs?.[0] as { data: { 'application/json': string[] } } | undefined;
    const free = ['could', 'could'];
    expect(shown?.data['application/json']).toEqual([
      ...(isolation.files === 'room' ? ['ESRCH', 'ENOENT'] : free),
      'ERR_UNKNOWN_BUILTIN_MODULE',
    ]);
  });

  it('hear nothing of a notebook that speaks in their place but what is a message', async () => {
    const forged = ['{ is: "output" }', 'null', '{ is: "done", id: 1, value: null }', '{ is: "ask", id: 1, request: null }', '"x"'];
    const { failure } = await run(notebookOf(forged.map((text) => `process.send(${text});`).join(' '), '1 + 1'));
    expect(failure).toMatchObject({ code: 'report_cell_failed', message: expect.stringContaining('no result') });
  });

  it('say of a value that JSON cannot hold that it cannot be shown', async () => {
    const { notebook, failure } = await run(
      notebookOf(
        'display({ "application/json": 1n })',
        'const a: unknown[] = []; a.push(a); ({ [Symbol.for("Jupyter.display")]: () => ({ "application/json": a }) })',
      ),
    );
    expect(failure).toBeNull();
    for (const { outputs } of notebook.cells)
      expect(outputs).toMatchObject([{ data: { 'text/plain': expect.stringContaining('cannot be shown') } }]);
  });

  it('leave it what libraries ask of the machine', async () => {
    const { notebook } = await run(
      notebookOf(
        '[process.memoryUsage().rss > 0, crypto.randomUUID().length, new Intl.DateTimeFormat("de", { timeZone: "Asia/Tokyo", hour: "numeric" }).format(0)]',
      ),
    );
    expect(notebook.cells[0]?.outputs).toMatchObject([{ data: { 'text/plain': "[ true, 36, '09 Uhr' ]" } }]);
  });

  it('let a notebook that signals all it can reach end nothing but itself', async () => {
    const { failure } = await run(notebookOf("process.kill(0, 'SIGKILL'); await new Promise((resolve) => setTimeout(resolve, 5000))"));
    expect(failure?.code).toBe('report_process_ended');
  });

  it('end a notebook that computes without a pause, in its room as well', async () => {
    const { failure } = await run(notebookOf('console.log(process.pid); while (true);'), { limits: { ...limits, timeoutMs: 1500 } });
    expect(failure?.code).toBe('report_timeout');
  });

  it('leave it no network where this machine allows that, and say so', async () => {
    const server = createServer((_, reply) => reply.end('reached')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const { isolation } = await confine(limits, { projectDir, cwd: folder });
    const { notebook } = await run(notebookOf(`await fetch('http://127.0.0.1:${port}/').then((r) => r.text(), () => 'cut off')`));
    expect(notebook.cells[0]?.outputs).toMatchObject([
      { data: { 'text/plain': isolation.network === 'none' ? "'cut off'" : "'reached'" } },
    ]);
    server.close();
  });
});
