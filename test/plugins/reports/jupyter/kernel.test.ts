import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commands } from '../../../../plugins/reports/cli.ts';
import { createWire } from '../../../../plugins/reports/jupyter/wire.ts';

const run = promisify(execFile);
const projectDir = join(import.meta.dirname, '../../../..');
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-jupyter-'));
  env = { ...process.env, JUPYTER_PATH: folder, HOME: folder, NOVACRON_DATA: folder };
  const context = { env, projectDir, signal: AbortSignal.timeout(10_000), say: () => {}, hub: () => Promise.reject(new Error('no hub')) };
  await commands['kernel install']?.run([], context);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('is installed where Jupyter looks', async () => {
  const { stdout } = await run('jupyter', ['kernelspec', 'list', '--json'], { env }).catch(() =>
    run('jupyter-kernelspec', ['list', '--json'], { env }),
  );
  const { kernelspecs } = JSON.parse(stdout) as { kernelspecs: Record<string, { spec: { display_name: string; interrupt_mode: string } }> };
  expect(kernelspecs['novacron']?.spec).toMatchObject({ display_name: 'NovaCron (TypeScript)', interrupt_mode: 'message' });
});

it('answers what JupyterLab asks: cells, completion, inspection, errors, interrupt, restart', { timeout: 90_000 }, async () => {
  const { stdout } = await run('/usr/bin/python3', [join(import.meta.dirname, 'client.py'), folder], { env, timeout: 80_000 });
  const answers = JSON.parse(stdout) as Record<string, never> & { loop: { seconds: number }; sleep: { seconds: number } };
  expect(answers).toMatchObject({
    info: { status: 'ok', implementation: 'novacron', language_info: { name: 'typescript' } },
    declare: {
      status: 'ok',
      count: 1,
      outputs: [
        ['stream', { name: 'stdout', text: 'one\n' }],
        ['stream', { name: 'stdout', text: 'two\n' }],
        ['execute_result', { data: { 'text/plain': "'web-1'" }, execution_count: 1 }],
      ],
    },
    // Offsets count characters, not halves of them.
    complete: { matches: ['memoryBytes'], cursor_start: 14, cursor_end: 17 },
    inspect: { found: true, data: { 'text/plain': "machine.name: string\n\n'web-1'" } },
    whole: ['complete', 'incomplete', 'invalid'],
    error: { status: 'error', outputs: [['error', { ename: 'TypeError', traceback: expect.arrayContaining(['> 2 | null.x']) }]] },
    aborted: ['error', 'aborted', 'aborted'],
    loop: { ename: 'Interrupted' },
    sleep: { ename: 'Interrupted' },
    after: { status: 'ok', outputs: [['execute_result', { data: { 'text/plain': "'web-1'" } }]] },
    exit: { status: 'error', outputs: [['error', { ename: 'ProcessEnded', evalue: expect.stringContaining('started anew') }]] },
    restarted: { outputs: [['execute_result', { data: { 'text/plain': "'undefined'" } }]] },
    picture: [['text/html', 'image/svg+xml', 'image/png']],
    ended: true,
  });
  expect(answers.loop.seconds).toBeLessThan(3);
  expect(answers.sleep.seconds).toBeLessThan(3);
});

it('is run by nbconvert', { timeout: 60_000 }, async () => {
  const cells = ['const a: number = 20;', 'await Promise.resolve(a + 22)'].map((source) => ({
    cell_type: 'code',
    source,
    metadata: {},
    outputs: [],
    execution_count: null,
  }));
  const kernelspec = { name: 'novacron', display_name: 'NovaCron', language: 'typescript' };
  await writeFile(join(folder, 'two.ipynb'), JSON.stringify({ nbformat: 4, nbformat_minor: 4, metadata: { kernelspec }, cells }));
  await run('jupyter', ['nbconvert', '--to', 'notebook', '--execute', '--output', 'done.ipynb', 'two.ipynb'], {
    env,
    cwd: folder,
    timeout: 50_000,
  });
  const done = JSON.parse(await readFile(join(folder, 'done.ipynb'), 'utf8')) as { cells: { outputs: unknown[] }[] };
  expect(done.cells[1]?.outputs).toMatchObject([{ output_type: 'execute_result', execution_count: 2, data: { 'text/plain': ['42'] } }]);
});

it('leaves no process behind', () => {
  const table = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  expect(table.split('\n').filter((line) => line.includes('kernel run') && line.includes(folder))).toEqual([]);
});

it('ends when the program that started it was killed', { timeout: 30_000 }, async () => {
  const file = join(folder, 'connection.json');
  const names = ['shell_port', 'control_port', 'stdin_port', 'iopub_port', 'hb_port'];
  const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()] as const)));
  await writeFile(file, JSON.stringify({ transport: 'tcp', ip: '127.0.0.1', key: 'k', signature_scheme: 'hmac-sha256', ...ports }));
  const command = `"${process.execPath}" "${join(projectDir, 'core/main.ts')}" kernel run "${file}" & echo $!; wait`;
  const starter = spawn('sh', ['-c', command], { env, cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = await new Promise<number>((resolve) => starter.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))));
  const lives = (): boolean => existsSync(`/proc/${pid}/exe`);
  await expect.poll(() => listens(ports['shell_port'] ?? 0)).toBe(true);
  starter.kill('SIGKILL');
  await expect.poll(lives).toBe(false);
});

it('takes no message that is not signed with the key of the connection', () => {
  const connection = { key: 'secret', signature_scheme: 'hmac-sha256' };
  const frames = createWire(connection).pack({ type: 'execute_request', parent: null, content: { code: '1' } });
  expect(createWire(connection).unpack(frames)?.content).toEqual({ code: '1' });
  expect(createWire({ ...connection, key: 'other' }).unpack(frames)).toBeNull();
  expect(createWire(connection).unpack(frames.slice(0, 3))).toBeNull();
});
