import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEvaluator, type Evaluator } from '../../../../plugins/reports/session/evaluator.ts';
import type { HubRequest, Output } from '../../../../plugins/reports/session/protocol.ts';

const outputs: Output[] = [];
const asked: HubRequest[] = [];
let cells: Evaluator;
let count = 0;

beforeAll(async () => {
  cells = await startEvaluator({
    cwd: tmpdir(),
    interruptible: true,
    output: (output) => void outputs.push(output),
    answer: async (request) => {
      asked.push(request);
      return { is: 'output', output: [{ name: 'web-1' }] };
    },
  });
});
afterAll(async () => {
  cells.kill();
  await cells.ended;
});

const run = (code: string) => cells.run(code, `cell-${(count += 1)}.ts`);
const value = (text: string) => ({ is: 'value', data: { 'text/plain': text } });
const errorOf = async (code: string) => {
  const result = await run(code);
  if (result.is !== 'error') throw new Error(`no error: ${JSON.stringify(result)}`);
  return result.error;
};

describe('cells of a notebook', () => {
  it('see what earlier cells declared, and may declare it again', async () => {
    await run('const a: number = 1; function twice(x: number) { return 2 * x }');
    expect(await run('const b = twice(a); b')).toEqual(value('2'));
    expect(await run('const a = 5; twice(a)')).toEqual(value('10'));
  });

  it('await at the top, import node: modules, packages of the hub, and dynamically', async () => {
    expect(await run('await Promise.resolve(7)')).toEqual(value('7'));
    expect(await run('import { join as j } from "node:path";\nimport { z } from "zod";\n[j("a", "b"), z.string().parse("c")]')).toEqual(
      value("[ 'a/b', 'c' ]"),
    );
    expect(await run('typeof (await import("node:fs")).readFile')).toEqual(value("'function'"));
  });

  it('name a package that is not there', async () => {
    expect((await errorOf('import x from "no-such-package"')).message).toContain("no package 'no-such-package'");
  });

  it('say of a name that a module does not export that it is not there, on its line', async () => {
    const error = await errorOf('1;\nimport { join, jion as j } from "node:path"; j');
    expect(error.message).toContain("'node:path' does not export 'jion'");
    expect(error.traceback.join('\n')).toContain('> 2 |');
  });

  it('live in one realm with what they import', async () => {
    expect(
      await run('import { types } from "node:util"; [new Date() instanceof Date, types.isDate(new Date()), [] instanceof Array]'),
    ).toEqual(value('[ true, true, true ]'));
  });

  it('show what they print at once, and what they display as it is', async () => {
    outputs.length = 0;
    await run('console.log("hi", { a: 1 }); console.error("oh"); display({ "text/html": "<b>x</b>" }); display([1])');
    expect(outputs).toEqual([
      { is: 'stream', name: 'stdout', text: 'hi { a: 1 }\n' },
      { is: 'stream', name: 'stderr', text: 'oh\n' },
      { is: 'display', data: { 'text/html': '<b>x</b>' }, metadata: {} },
      { is: 'display', data: { 'text/plain': '[ 1 ]' }, metadata: {} },
    ]);
  });

  it('show an object in the way that it asks for', async () => {
    expect(await run('({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<i>y</i>" }) })')).toEqual({
      is: 'value',
      data: { 'text/html': '<i>y</i>' },
    });
  });

  it('say the line and column of what went wrong, and nothing of what runs them', async () => {
    const { name, message, traceback } = await errorOf('const g = (x: unknown): never => {\n  throw new RangeError("boom");\n};\n\n  g(1)');
    const file = `cell-${count}.ts`;
    expect({ name, message }).toEqual({ name: 'RangeError', message: 'boom' });
    expect(traceback.slice(1, 4)).toEqual([
      '  1 | const g = (x: unknown): never => {',
      '> 2 |   throw new RangeError("boom");',
      '    |         ^',
    ]);
    expect(traceback.slice(-2)).toEqual([`    at g (${file}:2:9)`, `    at ${file}:5:3`]);
  });

  it('say the line of a syntax error', async () => {
    expect((await errorOf('const a = 1;\nconst b = ;')).traceback).toContain('> 2 | const b = ;');
  });

  it('take an error of a function back to the cell that declared it', async () => {
    await run('function fails() {\n  return null!.x;\n}');
    const declared = count;
    expect((await errorOf('fails()')).traceback.at(-2)).toBe(`    at fails (cell-${declared}.ts:2:16)`);
  });

  it('report what they did not wait for, and go on', async () => {
    outputs.length = 0;
    await run('Promise.reject(new Error("stray")); 0');
    await expect
      .poll(() => outputs.map((output) => (output.is === 'stream' ? output.text : '')).join(''))
      .toContain('Not awaited: Error: stray');
    expect(await run('1')).toEqual(value('1'));
  });

  it.each(['while (true) {}', 'await 1; while (true) {}', 'while (true) await 1', 'await new Promise(() => {})'])(
    'are interrupted: %s',
    async (code) => {
      setTimeout(() => cells.interrupt(), 100);
      expect(await run(code)).toEqual({ is: 'interrupted' });
      expect(await run('1 + 1')).toEqual(value('2'));
    },
  );
});

describe('completion and inspection', () => {
  it('know the values that are there', async () => {
    await run('const machine = { name: "web-1", memoryBytes: 1, get trap() { throw new Error("never read") } }');
    const { matches, start, end } = await cells.complete('f(machine.me', 12);
    expect([matches, start, end]).toEqual([['memoryBytes'], 10, 12]);
    expect((await cells.complete('machi', 5)).matches).toContain('machine');
    expect((await cells.inspect('machine.name', 11))?.['text/plain']).toBe("machine.name: string\n\n'web-1'");
    expect(await cells.inspect('machine.trap', 12)).toBeNull();
  });
});

describe('the helper', () => {
  it('offers every action as a function that asks the hub', async () => {
    await run("import { nova } from 'novacron/notebook'");
    expect(await run('(await nova.vm.list({ tag: "web" }))[0].name')).toEqual(value("'web-1'"));
    expect(asked).toEqual([{ is: 'call', action: 'vm.list', input: { tag: 'web' } }]);
    expect((await cells.complete('nova.vm.li', 10)).matches).toEqual(['list']);
    expect((await cells.complete('nova.me.', 8)).matches).toContain('linkCode');
    expect((await cells.inspect('nova.vm.delete', 14))?.['text/plain']).toContain('Risk: disrupt');
    expect((await cells.inspect('nova.forecast', 13))?.['text/plain']).toContain('forecast vm');
    expect((await cells.inspect('nova.metric', 11))?.['text/plain']).toBe(
      'nova.metric: function\n\nasync function metric(name, options = {})',
    );
    expect(await run('nova.vm.list')).toEqual(value('[Function: vm.list]'));
  });

  it('binds what is put into SQL', async () => {
    asked.length = 0;
    await run('await nova.sql`select ${"it\'s"}, ${3}, ${new Date(0)} where entity in ${["a", "b"]}`').catch(() => null);
    expect(asked[0]).toMatchObject({
      input: { sql: "select 'it''s', 3, TIMESTAMP '1970-01-01 00:00:00.000' where entity in ('a', 'b')" },
    });
  });
});
