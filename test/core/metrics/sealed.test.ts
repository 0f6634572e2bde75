import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY_MS, NEVER, NOW, openBare, openTest, rowsOf, testFolder, testMetrics, valuesOf, type BareStore } from './kit.ts';

const OLD = NOW - 4 * DAY_MS;
const OLD_DAY = '2026-01-03';
const ALL = 'select epoch_ms(time), entity, cpuTimeSeconds, sent, cpuRatio from vm order by all';
const DISKS = 'select epoch_ms(time), entity, device, readBytes from vm_disk order by all';

const read = (store: BareStore, sql = ALL): Promise<unknown[][]> => store.read(sql);

const counts = async (store: BareStore) => ({
  hot: Number((await store.read('select count(*) from hot.monitoring_vm'))[0]?.[0]),
  sealed: store.store.sealed.filter(({ table }) => !table.includes('~')).reduce((rows, file) => rows + file.rows, 0),
});

const sealedFiles = async (dataDir: string): Promise<string[]> =>
  (await readdir(join(dataDir, 'metrics', 'sealed'), { recursive: true }))
    .filter((name) => name.includes('.') && !name.includes('~'))
    .toSorted();

describe('sealing days', () => {
  test('what is read is the same before and after, whatever counters and gaps there were', async () => {
    await using folder = await testFolder();
    await using metrics = await openBare(folder.dataDir);
    const value = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: null, freq: 4 });
    const row = fc.record({
      sent: value,
      cpuTimeSeconds: value,
      cpuRatio: fc.option(fc.double({ noNaN: true, min: 0, max: 1 }), { nil: null }),
    });
    let day = Date.UTC(2025, 0, 1);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ a: row, b: row }), { minLength: 1, maxLength: 40 }), async (scrapes) => {
        day += DAY_MS;
        for (const [index, { a, b }] of scrapes.entries()) {
          const rows = [
            { entity: 'a', values: a },
            { entity: 'b', values: b },
          ];
          const disks = [a, b].map(({ sent }, index) => ({ entity: 'a', device: `vd${index}`, values: { readBytes: sent } }));
          await metrics.write([
            { table: 'vm', at: day + index * 10_000, rows },
            { table: 'vm.disk', at: day + index * 10_000, rows: disks },
          ]);
        }
        const before = [await read(metrics), await read(metrics, DISKS)];
        await metrics.seal('2026-01-01');
        expect([await read(metrics), await read(metrics, DISKS)]).toEqual(before);
        expect((await counts(metrics)).hot).toBe(0);
      }),
      { numRuns: 12, seed: 11 },
    );
  });

  test('days whose values need other types are read as they are, whichever comes first', async () => {
    await using metrics = await testMetrics();
    const days = [
      { cpuRatio: 1, growth: 5 },
      { cpuRatio: 0.5, growth: 2 ** 40 },
      { cpuRatio: 1 / 3, growth: 7 },
    ];
    const start = Math.floor((NOW - 9 * DAY_MS) / DAY_MS) * DAY_MS;
    for (const [day, { cpuRatio, growth }] of days.entries())
      for (const part of [1, 2]) {
        const at = start + day * DAY_MS + part * 100_000;
        await metrics.write('monitoring', [{ table: 'vm', at, rows: [{ entity: 'a', values: { cpuRatio, sent: part * growth } }] }]);
      }
    await metrics.seal('2026-01-05');
    expect((await metrics.stats()).hotRows).toBe(0);
    const expected = days.flatMap(({ cpuRatio, growth }) => [1, 2].map((part) => [cpuRatio, part * growth]));
    expect(rowsOf(await metrics.sql('select cpuRatio, sent from vm order by time', { signal: NEVER }))).toEqual(expected);
    const range = { targets: ['a'], from: start, to: start + 3 * DAY_MS };
    const ask = { ...range, metric: 'vm.cpuRatio', stepSeconds: 86_400, aggregate: 'mean' } as const;
    expect(valuesOf(await metrics.query(ask, NEVER))).toEqual(days.map(({ cpuRatio }) => cpuRatio));
    const windows = { ...range, from: start + DAY_MS, stepMs: DAY_MS, windowMs: DAY_MS };
    // Percentiles are of samples, means and sums of rollups.
    for (const of of ['quantile', 'mean'] as const) {
      const { values } = await metrics.windows({ ...windows, metric: 'vm.cpuRatio', function: of, parameter: 0.5 }, NEVER);
      expect([...values].map((value) => Number(value.toFixed(12)))).toEqual(days.map(({ cpuRatio }) => Number(cpuRatio.toFixed(12))));
    }
    for (const of of ['last', 'increase'] as const) {
      const { values } = await metrics.windows({ ...windows, metric: 'vm.sent', function: of }, NEVER);
      for (const [day, { growth }] of days.entries()) expect(values[day]).toBeGreaterThanOrEqual(growth);
    }
  });

  test('days that are over are sealed at the start by the clock, the last two and today stay hot', async () => {
    await using folder = await testFolder();
    {
      await using bare = await openBare(folder.dataDir);
      for (const ago of [0, 1, 2, 3, 4])
        await bare.write([{ table: 'vm', at: NOW - ago * DAY_MS, rows: [{ entity: 'a', values: { sent: ago } }] }]);
    }
    await using metrics = await openTest(folder.dataDir);
    await metrics.seal('2020-01-01');
    expect(await metrics.stats()).toMatchObject({ hotRows: 3, sealedRows: 2 });
    expect(await sealedFiles(folder.dataDir)).toEqual(['day=2026-01-03/monitoring_vm-1.parquet', 'day=2026-01-04/monitoring_vm-1.parquet']);
  });

  test('rows that come after their day was sealed become a second file', async () => {
    await using folder = await testFolder();
    await using metrics = await openBare(folder.dataDir);
    await metrics.write([{ table: 'vm', at: OLD, rows: [{ entity: 'a', values: { sent: 100 } }] }]);
    await metrics.seal('2026-01-05');
    await metrics.write([{ table: 'vm', at: OLD + 10_000, rows: [{ entity: 'a', values: { sent: 150 } }] }]);
    await metrics.write([{ table: 'vm', at: OLD + 20_000, rows: [{ entity: 'a', values: { sent: 170 } }] }]);
    await metrics.seal('2026-01-05');
    expect((await read(metrics)).map((row) => row[3])).toEqual([100n, 150n, 170n]);
    expect(await sealedFiles(folder.dataDir)).toEqual([`day=${OLD_DAY}/monitoring_vm-1.parquet`, `day=${OLD_DAY}/monitoring_vm-2.parquet`]);
  });

  test('days past retention go with their folder', async () => {
    await using folder = await testFolder();
    {
      await using bare = await openBare(folder.dataDir);
      for (const ago of [101, 99])
        await bare.write([{ table: 'vm', at: NOW - ago * DAY_MS, rows: [{ entity: 'a', values: { sent: ago } }] }]);
      await bare.seal('2026-01-01');
      expect(await sealedFiles(folder.dataDir)).toHaveLength(2);
    }
    const metrics = await openTest(folder.dataDir, { retainDays: 100 });
    await metrics.close();
    await using bare = await openBare(folder.dataDir);
    expect((await read(bare)).map((row) => row[3])).toEqual([99n]);
    expect(await sealedFiles(folder.dataDir)).toEqual(['day=2025-09-30/monitoring_vm-1.parquet']);
  });

  test('a new database adopts sealed days that it finds', async () => {
    await using folder = await testFolder();
    const first = await openBare(folder.dataDir);
    for (const [index, sent] of [5, 9, 2].entries())
      await first.write([{ table: 'vm', at: OLD + index * 1000, rows: [{ entity: 'a', values: { sent } }] }]);
    await first.seal('2026-01-05');
    const before = await read(first);
    await first[Symbol.asyncDispose]();
    for (const file of ['metrics.duckdb', 'metrics.duckdb.wal']) await rm(join(folder.dataDir, 'metrics', file), { force: true });
    await using second = await openBare(folder.dataDir);
    expect(await read(second)).toEqual(before);
  });

  test('who reads or writes while days are sealed sees each row exactly once', async () => {
    await using metrics = await testMetrics();
    const rowsIn = (day: number, from: number) =>
      Array.from({ length: 20 }, (_, index) => ({
        at: OLD - day * DAY_MS + from + index * 1000,
        table: 'vm',
        rows: [{ entity: 'a', values: { sent: index } }],
      }));
    for (const day of [0, 1, 2, 3]) await metrics.write('monitoring', rowsIn(day, 0));
    const sealed = { is: false };
    const sealing = metrics.seal('2026-01-05').then(() => (sealed.is = true));
    let given = 80;
    for (let late = 1; !sealed.is || late < 5; late++) {
      await metrics.write('monitoring', rowsIn(0, late * 100_000));
      given += 20;
      const sql = rowsOf(await metrics.sql('select count(*), count(distinct time) from vm', { signal: NEVER }));
      const query = await metrics.query({ metric: 'vm.sent', targets: [], from: 0, to: NOW, stepSeconds: 1e9, aggregate: 'max' }, NEVER);
      expect([sql, valuesOf(query)]).toEqual([[[given, given]], [19]]);
    }
    await sealing;
    expect(await metrics.stats()).toMatchObject({ sealedFiles: 4 });
  });

  test.each(['written', 'renamed', 'rolled', 'deleted', 'committed'])(
    'a kill when the file is %s loses nothing and doubles nothing',
    async (point) => {
      await using folder = await testFolder();
      const first = await openBare(folder.dataDir);
      for (let index = 0; index < 20; index++) {
        const rows = ['a', 'b'].map((entity) => ({ entity, values: { sent: index * 7, cpuRatio: index % 3 === 0 ? null : 0.5 } }));
        await first.write([
          { table: 'vm', at: OLD + index * 1000, rows },
          { table: 'vm', at: NOW + index, rows },
        ]);
      }
      const before = await read(first);
      await first[Symbol.asyncDispose]();
      const child = spawn(process.execPath, [new URL('./sealing-child.ts', import.meta.url).pathname, folder.dataDir, point], {
        stdio: 'inherit',
      });
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
      await using second = await openBare(folder.dataDir);
      expect(await read(second)).toEqual(before);
      await second.seal('2026-01-05');
      expect(await read(second)).toEqual(before);
      expect(await counts(second)).toEqual({ hot: 40, sealed: 40 });
      expect(await sealedFiles(folder.dataDir)).toEqual([`day=${OLD_DAY}/monitoring_vm-1.parquet`]);
    },
  );
});
