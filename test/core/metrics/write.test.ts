import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricsStore } from '../../../core/metrics/metrics.ts';
import type { SampleRow } from '../../../core/contract.ts';
import { NEVER, NOW, openTest, rowsOf, testFolder, testMetrics } from './kit.ts';

const vm = (entity: string, values: SampleRow['values']): SampleRow => ({ entity, values });

describe('writing samples', () => {
  let metrics: MetricsStore;
  beforeAll(async () => {
    metrics = await testMetrics();
  });
  afterAll(() => metrics[Symbol.asyncDispose]());

  const hotRows = async (): Promise<number> => (await metrics.stats()).hotRows;

  test('refuses a table that the plugin does not declare', async () => {
    await expect(metrics.write('monitoring', [{ table: 'host', at: NOW, rows: [] }])).rejects.toMatchObject({
      code: 'metrics_unknown',
      status: 404,
    });
    await expect(metrics.write('other', [{ table: 'vm', at: NOW, rows: [] }])).rejects.toMatchObject({ code: 'metrics_unknown' });
  });

  test('refuses a metric that is not declared, and writes nothing of the list', async () => {
    const write = metrics.write('monitoring', [
      { table: 'vm', at: NOW, rows: [vm('refused', { cpuRatio: 0.5 })] },
      { table: 'vm', at: NOW, rows: [vm('b', { 'cpuRatio" DOUBLE); DROP TABLE x; --': 1 })] },
    ]);
    await expect(write).rejects.toMatchObject({ code: 'metrics_unknown' });
    expect(await hotRows()).toBe(0);
    expect(metrics.latest('vm', ['refused'])).toEqual([]);
  });

  test('takes an undeclared name whose value is undefined for absent', async () => {
    await metrics.write('monitoring', [{ table: 'vm', at: NOW, rows: [vm('b', { cpuRatio: 0.5, sent: undefined })] }]);
    expect(metrics.latest('vm', ['b'])[0]?.values).toEqual({ cpuTimeSeconds: null, sent: null, cpuRatio: 0.5 });
  });

  test.each([
    ['an empty entity', { table: 'vm', at: NOW, rows: [vm('', {})] }],
    ['an entity of 201 characters', { table: 'vm', at: NOW, rows: [vm('x'.repeat(201), {})] }],
    ['an instant that is none', { table: 'vm', at: Number.NaN, rows: [vm('a', {})] }],
    ['an instant in nanoseconds', { table: 'vm', at: NOW * 1e6, rows: [vm('a', {})] }],
    ['a device in a table without devices', { table: 'vm', at: NOW, rows: [{ entity: 'a', device: 'vda', values: {} }] }],
    ['no device in a table with devices', { table: 'vm.disk', at: NOW, rows: [vm('a', {})] }],
    ['a counter beyond 64 bits', { table: 'vm', at: NOW, rows: [vm('a', { sent: 2n ** 63n })] }],
    ['a counter number beyond 64 bits', { table: 'vm', at: NOW, rows: [vm('a', { sent: 1e19 })] }],
  ])('refuses %s', async (_, batch) => {
    const before = await hotRows();
    await expect(metrics.write('monitoring', [batch])).rejects.toMatchObject({ code: 'metrics_invalid', status: 400 });
    expect(await hotRows()).toBe(before);
  });

  test('refuses more when 64 batches wait, and goes on when they are written', async () => {
    const before = await hotRows();
    const batch = { table: 'vm', at: NOW, rows: [vm('a', { cpuRatio: 1 })] };
    const given = Array.from({ length: 64 }, () => metrics.write('monitoring', [batch]));
    await expect(metrics.write('monitoring', [batch])).rejects.toMatchObject({ code: 'metrics_overloaded', status: 503, retryable: true });
    await Promise.all(given);
    await metrics.write('monitoring', [batch]);
    expect(await hotRows()).toBe(before + 65);
  });

  test('a listener that throws harms neither the write nor the other listeners', async () => {
    const heard: number[] = [];
    metrics.onWrite(() => {
      throw new Error('a bug');
    });
    const stop = metrics.onWrite((batch) => heard.push(batch.rows.length));
    await metrics.write('monitoring', [{ table: 'vm', at: NOW, rows: [vm('a', {}), vm('b', {})] }]);
    stop();
    await metrics.write('monitoring', [{ table: 'vm', at: NOW, rows: [vm('a', {})] }]);
    expect(heard).toEqual([2]);
  });

  test('keeps nanoseconds of a counter of seconds exactly, and shows seconds', async () => {
    const ns = 123_456_789_012_345_678n;
    await metrics.write('monitoring', [
      { table: 'vm', at: NOW, rows: [vm('ns', { cpuTimeSeconds: ns }), vm('s', { cpuTimeSeconds: 1.5 })] },
    ]);
    const frame = await metrics.sql("select cpuTimeSeconds from vm where entity in ('ns', 's') order by entity", { signal: NEVER });
    expect(rowsOf(frame)).toEqual([[Number(ns) / 1e9], [1.5]]);
    expect(metrics.latest('vm', ['ns'])[0]?.values['cpuTimeSeconds']).toBe(Number(ns) / 1e9);
    expect(metrics.latest('vm', ['s'])[0]?.values['cpuTimeSeconds']).toBe(1.5);
  });

  test('any mix of values and missing ones comes back as it was given, also over chunk borders', async () => {
    const cell = fc.option(fc.oneof(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }), fc.maxSafeInteger()), { nil: null });
    const gauge = fc.option(fc.double(), { nil: null });
    let at = NOW + 86_400_000;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ sent: cell, cpuRatio: gauge }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        async (pattern, repeat) => {
          at += 1000;
          const rows = Array.from({ length: repeat }, () => pattern)
            .flat()
            .map((values, index) => vm(`vm-${String(index).padStart(5, '0')}`, values));
          await metrics.write('monitoring', [{ table: 'vm', at, rows }]);
          const sql = `select sent::VARCHAR, cpuRatio from vm where epoch_ms(time) = ${at} order by entity`;
          const found = rowsOf(await metrics.sql(sql, { signal: NEVER, rowsMax: 10_000 }));
          const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null);
          expect(found).toEqual(
            rows.map(({ values }) => [values['sent'] == null ? null : String(values['sent']), finite(values['cpuRatio'] as number | null)]),
          );
        },
      ),
      { numRuns: 20, seed: 7 },
    );
  });

  test('a closed store refuses; the newest values are known again after a restart', async () => {
    await using folder = await testFolder();
    const first = await openTest(folder.dataDir);
    await first.write('monitoring', [{ table: 'vm', at: NOW - 1000, rows: [vm('a', { cpuRatio: 0.1, sent: 7n })] }]);
    await first.write('monitoring', [
      { table: 'vm', at: NOW, rows: [vm('a', { cpuRatio: 0.2 })] },
      { table: 'vm.disk', at: NOW, rows: [{ entity: 'a', device: 'vda', values: { readBytes: 5 } }] },
    ]);
    const before = [first.latest('vm'), first.latest('vm.disk', ['a']), first.latest('vm', ['nobody'])];
    await first.close();
    await expect(first.write('monitoring', [{ table: 'vm', at: NOW, rows: [vm('a', {})] }])).rejects.toMatchObject({
      code: 'metrics_closed',
    });
    await using second = await openTest(folder.dataDir);
    expect([second.latest('vm'), second.latest('vm.disk', ['a']), second.latest('vm', ['nobody'])]).toEqual(before);
    expect(second.latest('vm')[0]?.values).toEqual({ cpuTimeSeconds: null, sent: null, cpuRatio: 0.2 });
  });

  test('a late batch does not replace newer values', async () => {
    await metrics.write('monitoring', [{ table: 'vm', at: NOW, rows: [vm('late', { cpuRatio: 0.2 })] }]);
    await metrics.write('monitoring', [{ table: 'vm', at: NOW - 1, rows: [vm('late', { cpuRatio: 0.1 })] }]);
    expect(metrics.latest('vm', ['late'])[0]).toMatchObject({ at: NOW, values: { cpuRatio: 0.2 } });
  });
});
