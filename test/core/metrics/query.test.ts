import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aggregate, MetricQuery, SampleRow } from '../../../core/contract.ts';
import type { MetricsStore } from '../../../core/metrics/metrics.ts';
import { NEVER, NOW, rowsOf, testMetrics, valuesOf } from './kit.ts';

const MINUTE_MS = 60_000;

/** Runs on hot rows, then again when all is sealed: the answers must not differ. */
describe.each(['hot', 'sealed'])('querying %s samples', (where) => {
  let metrics: MetricsStore;
  const vm = (seconds: number, entity: string, values: SampleRow['values']) =>
    metrics.write('monitoring', [{ table: 'vm', at: NOW + seconds * 1000, rows: [{ entity, values }] }]);
  const ask = (entity: string, more: Partial<MetricQuery>) =>
    metrics.query(
      { metric: 'vm.sent', targets: [entity], from: NOW, to: NOW + 5 * MINUTE_MS, stepSeconds: 60, aggregate: 'rate', ...more },
      NEVER,
    );

  beforeAll(async () => {
    metrics = await testMetrics();
    for (let s = -60; s <= 300; s += 10)
      await vm(s, 'steady', { sent: 1000 + s * 5, cpuTimeSeconds: BigInt(s + 60) * 500_000_000n, cpuRatio: s / 300 });
    for (let s = 0; s <= 300; s += 10) await vm(s, 'restarted', { sent: s < 130 ? 5000 + s * 10 : (s - 130) * 10 });
    for (let s = 0; s <= 300; s += 10) if (s <= 50 || s >= 200) await vm(s, 'gap', { sent: s * 3 });
    for (let s = 0; s <= 300; s += 60) await vm(s, 'coarse', { sent: s * 2 });
    for (let s = 0; s <= 300; s += 10) await vm(s, 'holes', { sent: s % 20 === 0 ? null : s * 4, cpuRatio: null });
    await vm(5, 'single', { sent: 9 });
    for (const device of ['vda', 'vdb'])
      await metrics.write('monitoring', [
        { table: 'vm.disk', at: NOW, rows: [{ entity: 'steady', device, values: { readBytes: device === 'vda' ? 1 : 2 } }] },
      ]);
    if (where === 'sealed') await metrics.seal('2026-01-08');
  });
  afterAll(() => metrics[Symbol.asyncDispose]());

  test.each<[string, Partial<MetricQuery>, string]>([
    ['a metric that nobody declares', { metric: 'vm.nothing' }, 'metrics_unknown'],
    ['a metric that is SQL', { metric: 'vm.sent" from vm; drop table vm; --' }, 'metrics_unknown'],
    ['an empty range', { from: NOW, to: NOW }, 'metrics_query_invalid'],
    ['a step of nothing', { stepSeconds: 0 }, 'metrics_query_invalid'],
    ['more steps than anybody can look at', { from: 0, stepSeconds: 1 }, 'metrics_query_invalid'],
    ['a rate of a gauge', { metric: 'vm.cpuRatio' }, 'metrics_query_invalid'],
    ['a mean of a counter', { aggregate: 'mean' }, 'metrics_query_invalid'],
  ])('refuses %s', async (_, query, code) => {
    await expect(ask('steady', query)).rejects.toMatchObject({ code });
  });

  test('a target that is SQL matches nothing', async () => {
    expect(rowsOf(await ask("x') OR 1=1 --", {}))).toEqual([]);
  });

  test('a rate of a steady counter is the same in every step, the first one too', async () => {
    const frame = await ask('steady', {});
    expect(valuesOf(frame)).toEqual([5, 5, 5, 5, 5]);
    expect(valuesOf(frame, 'time')).toEqual([0, 1, 2, 3, 4].map((minute) => NOW + minute * MINUTE_MS));
    expect(frame.fields.map(({ name, type, unit }) => [name, type, unit])).toEqual([
      ['time', 'time', undefined],
      ['entity', 'string', undefined],
      ['value', 'number', 'bytesPerSecond'],
    ]);
  });

  test('a rate of seconds is a ratio', async () => {
    const frame = await ask('steady', { metric: 'vm.cpuTimeSeconds' });
    expect(valuesOf(frame)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(frame.fields.at(-1)?.unit).toBe('ratio');
  });

  test('a counter that began again from 0 makes no negative rate and no peak', async () => {
    const values = valuesOf(await ask('restarted', {})) as number[];
    expect(values).toHaveLength(5);
    expect(values[2]).toBeCloseTo((5 * 10 + 0) / 6, 5);
    expect(values.toSpliced(2, 1)).toEqual([10, 10, 10, 10]);
  });

  test('a gap leaves its steps out, and the step where it ends is right', async () => {
    const frame = await ask('gap', {});
    expect(valuesOf(frame, 'time')).toEqual([0, 3, 4].map((minute) => NOW + minute * MINUTE_MS));
    expect((valuesOf(frame) as number[]).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([3, 3, 3]);
  });

  test('samples as far apart as the steps give a value for each step', async () => {
    expect(valuesOf(await ask('coarse', {}))).toEqual([2, 2, 2, 2, 2]);
  });

  test('missing values are not there, and do not count as 0', async () => {
    expect(valuesOf(await ask('holes', {}))).toEqual([4, 4, 4, 4, 4]);
    expect(rowsOf(await ask('holes', { metric: 'vm.cpuRatio', aggregate: 'mean' }))).toEqual([]);
  });

  test('one sample has no rate', async () => {
    expect(rowsOf(await ask('single', {}))).toEqual([]);
  });

  test.each<[Aggregate, number]>([
    ['mean', 25 / 300],
    ['min', 0],
    ['max', 50 / 300],
    ['last', 50 / 300],
    ['sum', 150 / 300],
    ['p50', 25 / 300],
    ['p95', 47.5 / 300],
    ['p99', 49.5 / 300],
  ])('%s of a gauge', async (aggregate, expected) => {
    const [value] = valuesOf(await ask('steady', { metric: 'vm.cpuRatio', aggregate, to: NOW + MINUTE_MS })) as number[];
    expect(value).toBeCloseTo(expected, 9);
  });

  test('the end of the range is excluded, its start is not', async () => {
    const frame = await ask('steady', { metric: 'vm.cpuRatio', aggregate: 'max', from: NOW + 10_000, to: NOW + 20_000, stepSeconds: 10 });
    expect(rowsOf(frame)).toEqual([[NOW + 10_000, 'steady', 10 / 300]]);
  });

  test('devices are series of their own', async () => {
    expect(rowsOf(await ask('steady', { metric: 'vm.disk.readBytes', aggregate: 'last' }))).toEqual([
      [NOW, 'steady', 'vda', 1],
      [NOW, 'steady', 'vdb', 2],
    ]);
  });

  test('no targets are all', async () => {
    const frame = await metrics.query(
      { metric: 'vm.sent', targets: [], from: NOW, to: NOW + 1000, stepSeconds: 1, aggregate: 'last' },
      NEVER,
    );
    expect(valuesOf(frame, 'entity')).toEqual(['coarse', 'gap', 'restarted', 'steady']);
  });

  test('a signal that has fired asks nothing', async () => {
    const query: MetricQuery = { metric: 'vm.sent', targets: [], from: NOW, to: NOW + 1000, stepSeconds: 1, aggregate: 'last' };
    await expect(metrics.query(query, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});
