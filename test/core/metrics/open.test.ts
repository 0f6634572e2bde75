import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Metric } from '../../../core/contract.ts';
import { closeStore, openStore } from '../../../core/metrics/open.ts';
import { planTables } from '../../../core/metrics/schema.ts';
import { METRICS, NEVER, NOW, openTest, rowsOf, testFolder, valuesOf } from './kit.ts';

const gauge: Metric = { unit: 'count', kind: 'gauge', help: 'For a test.' };
const counter: Metric = { unit: 'count', kind: 'counter', help: 'For a test.' };
const declare = (metrics: Record<string, Metric>) => ({ declared: [{ plugin: 'p', metrics: { thing: metrics } }] });

describe('opening the metrics store', () => {
  test('a second one on the same folder in this process is refused, also after the first one failed to open', async () => {
    await using folder = await testFolder();
    await using first = await openTest(folder.dataDir);
    await expect(openTest(join(folder.dataDir, '..', folder.dataDir.split('/').at(-1) ?? ''))).rejects.toMatchObject({
      code: 'metrics_locked',
      status: 503,
    });
    expect(first.declared().has('vm.cpuRatio')).toBe(true);
  });

  test('a database that another process holds is refused with its process id', async () => {
    await using folder = await testFolder();
    await closeStore(await openStore({ folder: join(folder.dataDir, 'metrics'), tables: [] }));
    const script = `const { DuckDBInstance } = await import('@duckdb/node-api'); await DuckDBInstance.create(process.argv[1]); console.log('open'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, join(folder.dataDir, 'metrics', 'metrics.duckdb')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      const refused = openTest(folder.dataDir);
      await expect(refused).rejects.toMatchObject({ code: 'metrics_locked', status: 503 });
      await expect(refused).rejects.toThrow(String(child.pid));
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await using again = await openTest(folder.dataDir);
    expect(again.latest('vm')).toEqual([]);
  });

  test('a file that is no database is refused with what to do', async () => {
    await using folder = await testFolder();
    await writeFile(join(folder.dataDir, 'metrics.duckdb'), 'this is not a database '.repeat(1000));
    await expect(openStore({ folder: folder.dataDir, tables: [] })).rejects.toMatchObject({ code: 'metrics_unreadable', status: 503 });
  });

  test.each([
    ['a plugin with a quote', [{ plugin: 'p"', metrics: { vm: {} } }]],
    ['a table with a quote', [{ plugin: 'p', metrics: { 'vm"; drop table x': {} } }]],
    ['a table with two dots', [{ plugin: 'p', metrics: { 'a.b.c': {} } }]],
    ['a metric with a space', [{ plugin: 'p', metrics: { vm: { 'a b': gauge } } }]],
    ['a metric with the name of a fixed column', [{ plugin: 'p', metrics: { vm: { entity: gauge } } }]],
    ['two metrics that differ in case only', [{ plugin: 'p', metrics: { vm: { cpuRatio: gauge, cpuratio: gauge } } }]],
    ['two tables that become one name', [{ plugin: 'p', metrics: { 'a-b': {}, 'a.b': {} } }]],
  ])('refuses %s', (_, declared) => {
    expect(() => planTables(declared)).toThrow(expect.objectContaining({ code: 'metrics_name_invalid' }));
  });

  test('two plugins may share a table key, never a metric', async () => {
    await using folder = await testFolder();
    const both = (name: string) => [
      { plugin: 'p', metrics: { vm: { a: gauge } } },
      { plugin: 'q', metrics: { vm: { [name]: gauge } } },
    ];
    await expect(openTest(folder.dataDir, { declared: both('a') })).rejects.toMatchObject({ code: 'metrics_name_invalid' });
    await using metrics = await openTest(folder.dataDir, { declared: both('b') });
    await metrics.write('q', [{ table: 'vm', at: NOW, rows: [{ entity: 'x', values: { b: 1 } }] }]);
    const frame = await metrics.query({ metric: 'vm.b', targets: ['x'], from: NOW, to: NOW + 1, stepSeconds: 1, aggregate: 'last' }, NEVER);
    expect(valuesOf(frame)).toEqual([1]);
    expect(rowsOf(await metrics.sql('select b from q_vm', { signal: NEVER }))).toEqual([[1]]);
  });

  test('a new metric becomes a column, a removed one keeps its values, hot and sealed', async () => {
    await using folder = await testFolder();
    const first = await openTest(folder.dataDir, declare({ a: gauge, old: counter }));
    await first.write('p', [{ table: 'thing', at: NOW - 4 * 86_400_000, rows: [{ entity: 'x', values: { a: 1, old: 10 } }] }]);
    await first.write('p', [{ table: 'thing', at: NOW, rows: [{ entity: 'x', values: { a: 2, old: 20 } }] }]);
    await first.seal('2026-01-05');
    await first.close();
    await using second = await openTest(folder.dataDir, declare({ fresh: counter, a: gauge }));
    await second.write('p', [{ table: 'thing', at: NOW + 1000, rows: [{ entity: 'x', values: { a: 3, fresh: 5 } }] }]);
    expect(rowsOf(await second.sql('select a, old, fresh from thing order by time', { signal: NEVER }))).toEqual([
      [1, 10, null],
      [2, 20, null],
      [3, null, 5],
    ]);
    await expect(second.write('p', [{ table: 'thing', at: NOW, rows: [{ entity: 'x', values: { old: 1 } }] }])).rejects.toMatchObject({
      code: 'metrics_unknown',
    });
  });

  test('a gauge that becomes a counter is refused', async () => {
    await using folder = await testFolder();
    const open = (metric: Metric) => openStore({ folder: folder.dataDir, tables: planTables(declare({ a: metric }).declared) });
    await closeStore(await open(gauge));
    await expect(open(counter)).rejects.toMatchObject({ code: 'metrics_kind_changed' });
  });

  test('the tables of a plugin that is gone stay readable', async () => {
    await using folder = await testFolder();
    const first = await openTest(folder.dataDir, declare({ a: gauge }));
    await first.write('p', [{ table: 'thing', at: NOW, rows: [{ entity: 'x', values: { a: 1 } }] }]);
    await first.close();
    await using second = await openTest(folder.dataDir);
    expect(rowsOf(await second.sql('select a from p_thing', { signal: NEVER }))).toEqual([[1]]);
    expect([...second.declared().keys()]).toEqual(
      Object.entries(METRICS).flatMap(([table, byName]) => Object.keys(byName).map((name) => `${table}.${name}`)),
    );
  });

  test('acknowledged writes survive a kill at any moment, each scrape whole', async () => {
    await using folder = await testFolder();
    const child = spawn(process.execPath, [new URL('./writing-child.ts', import.meta.url).pathname, folder.dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = 0;
    for await (const line of child.stdout) {
      written = Number(String(line).trim().split('\n').at(-1));
      if (written >= 15) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using metrics = await openTest(folder.dataDir);
    const found = rowsOf(
      await metrics.sql('select count(*), count(distinct time), (select count(*) from vm_disk) from vm', { signal: NEVER }),
    )[0] as number[];
    expect(found[1]).toBeGreaterThanOrEqual(written);
    expect(found[0]).toBe((found[1] ?? 0) * 100);
    expect(found[2]).toBe(found[0]);
  });

  // In KiB: the first is reached by the journal, so one write fails; the second by a checkpoint, after which DuckDB must be opened anew.
  test.each([
    [3000, 'metrics_disk_full', 'only'],
    [18_500, 'metrics_broken', 'read'],
  ])(
    'at a disk full with files of %i KiB writes are refused as %s, go on by themselves once there is room, and lose nothing acknowledged',
    async (kib, code, mode) => {
      await using folder = await testFolder();
      const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url));
      const shell = ['-c', `ulimit -S -f ${kib}; exec "$0" "$1" "$2" ${mode}`, process.execPath, child, folder.dataDir];
      const { stdout } = await promisify(execFile)('bash', shell);
      expect(JSON.parse(stdout)).toMatchObject({ codes: [code], lost: 0, torn: 0, wroteAfter: true });
    },
    60_000,
  );
});
