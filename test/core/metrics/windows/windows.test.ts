import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WindowFunction, WindowMatrix, WindowQuery } from '../../../../core/contract.ts';
import { createReaders } from '../../../../core/metrics/read.ts';
import { retainFrom } from '../../../../core/metrics/sealed.ts';
import { readSteadily } from '../../../../core/metrics/windows/windows.ts';
import { DAY_MS, NEVER, NOW, openBare, testFolder, testMetrics, type BareStore } from '../kit.ts';

const MINUTE = 60_000;
const START = Math.floor((NOW - 6 * DAY_MS) / DAY_MS) * DAY_MS;

/** The answer of a store in this thread; hot rows, sealed rows and rollups alike. */
async function ask(bare: BareStore, query: WindowQuery): Promise<Map<string, number[]>> {
  const { store } = bare;
  const [tableName, metric] = [query.metric.slice(0, query.metric.lastIndexOf('.')), query.metric.slice(query.metric.lastIndexOf('.') + 1)];
  const { shape } = [...store.tables.values()].find((one) => one.shape.table === tableName)!;
  const column = shape.columns.find(({ name }) => name === metric)!;
  const readers = createReaders(store.db, () => store.tail.flush());
  const matrix = await readers.read(1, {
    timeoutMs: 10_000,
    transaction: 'own',
    read: (reading) => readSteadily(store, reading, { shape, column, query }),
  });
  return seriesOf(matrix);
}

function seriesOf({ entities, devices, steps, values }: WindowMatrix): Map<string, number[]> {
  const rows = entities.map((entity, row): [string, number[]] => {
    const digits = [...values.subarray(row * steps, (row + 1) * steps)].map((value) => Number(value.toPrecision(10)));
    return [devices.length > 0 ? `${entity}/${devices[row]!}` : entity, digits];
  });
  return new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const window = (metric: string, of: WindowFunction, more: Partial<WindowQuery> = {}): WindowQuery => ({
  metric,
  targets: null,
  from: START,
  to: START + DAY_MS,
  stepMs: 5 * MINUTE,
  windowMs: 5 * MINUTE,
  function: of,
  ...more,
});

const FUNCTIONS: readonly (readonly [string, WindowFunction])[] = [
  ...(['mean', 'sum', 'count', 'min', 'max', 'last', 'present', 'quantile', 'delta'] as const).map((of) => ['vm.cpuRatio', of] as const),
  ...(['rate', 'increase', 'last', 'resets', 'irate'] as const).map((of) => ['vm.sent', of] as const),
  ['vm.cpuTimeSeconds', 'increase'],
  ['vm.disk.readBytes', 'rate'],
];

/** Every function over windows of one bucket, of several, and of none. */
async function askAll(bare: BareStore): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [metric, of] of FUNCTIONS)
    for (const { stepMs, windowMs } of [
      { stepMs: 5 * MINUTE, windowMs: 5 * MINUTE },
      { stepMs: 10 * MINUTE, windowMs: 25 * MINUTE },
      { stepMs: 60 * MINUTE, windowMs: 120 * MINUTE },
      { stepMs: 7 * MINUTE, windowMs: 11 * MINUTE },
    ])
      answers.push([
        metric,
        of,
        windowMs,
        await ask(bare, window(metric, of, { stepMs, windowMs, parameter: 0.9, to: START + 6 * 60 * MINUTE })),
      ]);
  return answers;
}

describe('functions over windows', () => {
  test('hot rows, sealed rows and rollups give the same answers, whatever resets, gaps and edges there are', async () => {
    const value = fc.option(fc.integer({ min: 0, max: 5000 }), { nil: null, freq: 9 });
    const sample = fc.record({
      // Now and then exactly on the edge of a bucket.
      after: fc.oneof(fc.integer({ min: 1, max: 400_000 }), fc.constant(5 * MINUTE), fc.constant(0)),
      sent: value,
      cpuTimeSeconds: fc.integer({ min: 0, max: 1000 }),
      cpuRatio: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: null, freq: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 60 }), async (samples) => {
        await using folder = await testFolder();
        await using bare = await openBare(folder.dataDir);
        let at = START;
        for (const { after, sent, cpuTimeSeconds, cpuRatio } of samples) {
          at = after === 5 * MINUTE ? Math.ceil((at + 1) / (5 * MINUTE)) * 5 * MINUTE : at + after + 1;
          const values = { sent, cpuTimeSeconds, cpuRatio: cpuRatio === null ? null : cpuRatio / 10_000 };
          await bare.write([
            { table: 'vm', at, rows: ['a', 'b'].map((entity) => ({ entity, values })) },
            { table: 'vm.disk', at, rows: [{ entity: 'a', device: 'vda', values: { readBytes: cpuTimeSeconds } }] },
          ]);
        }
        const before = await askAll(bare);
        await bare.seal('2026-01-05');
        expect(await askAll(bare)).toEqual(before);
      }),
      { numRuns: 6, seed: 5 },
    );
  });

  test('rows that come late for a day with rollups count at once, and in its rollups after the next sealing', async () => {
    await using folder = await testFolder();
    await using bare = await openBare(folder.dataDir);
    const write = (minute: number, sent: number) =>
      bare.write([{ table: 'vm', at: START + minute * MINUTE, rows: [{ entity: 'a', values: { sent, cpuRatio: sent / 1000 } }] }]);
    for (const minute of [1, 2, 4, 6, 9]) await write(minute, minute * 100);
    await bare.seal('2026-01-05');
    await write(3, 10);
    await write(8, 850);
    const queries = [window('vm.sent', 'increase'), window('vm.cpuRatio', 'mean'), window('vm.cpuRatio', 'count')];
    const late = await Promise.all(queries.map((query) => ask(bare, query)));
    expect(late[2]!.get('a')!.filter((count) => !Number.isNaN(count))).toEqual([4, 3]);
    await bare.seal('2026-01-05');
    expect(await Promise.all(queries.map((query) => ask(bare, query)))).toEqual(late);
    expect(bare.store.sealed.map(({ table, part }) => `${table} ${part}`).toSorted()).toEqual([
      'monitoring_vm 1',
      'monitoring_vm 2',
      'monitoring_vm~300 2',
      'monitoring_vm~3600 2',
    ]);
  });

  test('days with few rows are not mixed up, though the database gives their rows together', async () => {
    await using folder = await testFolder();
    await using bare = await openBare(folder.dataDir);
    const entities = ['a', 'b', 'c'];
    for (const day of [0, 1, 2])
      for (const minute of [1, 3]) {
        const rows = entities.map((entity, index) => ({ entity, values: { cpuRatio: (day + index) / 10, sent: 100 * index + minute } }));
        await bare.write([{ table: 'vm', at: START + day * DAY_MS + minute * MINUTE, rows }]);
      }
    const queries = (
      [
        ['vm.cpuRatio', 'mean'],
        ['vm.cpuRatio', 'quantile'],
        ['vm.sent', 'increase'],
        ['vm.sent', 'resets'],
      ] as const
    ).map(([metric, of]) => window(metric, of, { to: START + 3 * DAY_MS, targets: entities, parameter: 0.5 }));
    const before = await Promise.all(queries.map((query) => ask(bare, query)));
    await bare.seal('2026-01-06');
    expect(await Promise.all(queries.map((query) => ask(bare, query)))).toEqual(before);
  });

  test('percentiles of days are the same from decimals as from what was measured, of series long and short', async () => {
    await using folder = await testFolder();
    await using bare = await openBare(folder.dataDir);
    const everyMinutes = { all: 10, most: 15, half: 20, few: 240, once: 3000 };
    const batches = Array.from({ length: (3 * 1440) / 5 }, (_, nth) => {
      const minute = 5 * nth;
      const own = Object.entries(everyMinutes).filter(([, every]) => minute % every === 0);
      const rows = own.map(([entity], k) => ({ entity, values: { cpuRatio: ((minute * 7919 + k * 104_729) % 10_000) / 10_000 } }));
      return { table: 'vm', at: START + minute * MINUTE + 1000, rows };
    });
    await bare.write(batches.filter(({ rows }) => rows.length > 0));
    const queries = [3, 2.5, 0.01].flatMap((days) =>
      [0, 0.05, 0.5, 0.9, 0.95, 0.999, 1].map((parameter) => {
        const to = START + 3 * DAY_MS;
        return { ...window('vm.cpuRatio', 'quantile', { parameter, from: to, to }), windowMs: days * DAY_MS };
      }),
    );
    const measured = await Promise.all(queries.map((query) => ask(bare, query)));
    expect(measured[0]!.size).toBe(5);
    await bare.seal('2026-01-06');
    expect(await Promise.all(queries.map((query) => ask(bare, query)))).toEqual(measured);
  });

  test('rollups outlive the samples they are of', async () => {
    await using folder = await testFolder();
    await using bare = await openBare(folder.dataDir);
    for (const minute of [1, 2, 7])
      await bare.write([{ table: 'vm', at: START + minute * MINUTE, rows: [{ entity: 'a', values: { cpuRatio: minute / 10 } }] }]);
    await bare.seal('2026-01-05');
    await retainFrom(bare.store, { samples: '2026-01-05', rollups: '2025-12-01' }, async () => {});
    const rolled = await ask(bare, window('vm.cpuRatio', 'max', { to: START + 10 * MINUTE }));
    expect(rolled.get('a')).toEqual([Number.NaN, 0.2, 0.7]);
    expect(await ask(bare, window('vm.cpuRatio', 'max', { windowMs: 7 * MINUTE }))).toEqual(new Map());
    await retainFrom(bare.store, { samples: '2026-01-05', rollups: '2026-01-05' }, async () => {});
    expect(bare.store.sealed).toEqual([]);
  });

  test('files of many row groups give each thing its own samples, whoever is asked for', async () => {
    await using folder = await testFolder();
    await using bare = await openBare(folder.dataDir);
    const entities = Array.from({ length: 60 }, (_, k) => `vm-${String(k).padStart(2, '0')}`);
    // A value tells whose it is, and when.
    const valueOf = (thing: number, minute: number): number => thing + minute / 10_000;
    for (let minute = 0; minute < 2 * 1440; minute += 2) {
      const rows = entities.map((entity, thing) => ({ entity, values: { cpuRatio: valueOf(thing, minute), sent: minute * (thing + 1) } }));
      await bare.write([{ table: 'vm', at: START + minute * MINUTE + 1000, rows }]);
    }
    await bare.seal(new Date(START + 3 * DAY_MS).toISOString().slice(0, 10));
    const lists = [entities.filter((_, k) => k % 7 === 3), entities.slice(5, 57), ['vm-31'], null];
    const queries = [
      { function: 'last', stepMs: 5 * MINUTE },
      { function: 'last', stepMs: 5 * MINUTE + 1 },
      { function: 'quantile', stepMs: DAY_MS + 1, parameter: 1 },
    ] as const;
    for (const targets of lists)
      for (const { stepMs, ...of } of queries)
        // Asked for twice: the second time from memory.
        for (const _ of [1, 2]) {
          const query = {
            ...window('vm.cpuRatio', 'last', { targets, from: START + DAY_MS, to: START + 2 * DAY_MS, stepMs }),
            ...of,
            windowMs: 5 * MINUTE,
          };
          const found = await ask(bare, query);
          expect([...found.keys()]).toEqual(targets ?? entities);
          for (const [entity, values] of found)
            for (const [step, value] of values.entries()) {
              const minute = Math.floor((DAY_MS + step * stepMs - 1000) / (2 * MINUTE)) * 2;
              expect(value).toBeCloseTo(valueOf(entities.indexOf(entity), minute), 6);
            }
        }
    for (const targets of lists)
      for (const stepMs of [5 * MINUTE, 5 * MINUTE + 1]) {
        const found = await ask(bare, {
          ...window('vm.sent', 'rate', { targets, stepMs, from: START + 60 * MINUTE, to: START + 2 * DAY_MS }),
          windowMs: 10 * MINUTE,
        });
        for (const [entity, values] of found) for (const value of values) expect(value * 60).toBeCloseTo(entities.indexOf(entity) + 1, 6);
      }
  });

  test('only the things asked for are answered', async () => {
    await using metrics = await testMetrics();
    const rows = ['a', 'b', 'c'].map((entity, index) => ({ entity, values: { cpuRatio: index / 10 } }));
    await metrics.write('monitoring', [{ table: 'vm', at: NOW, rows }]);
    const query = window('vm.cpuRatio', 'last', { from: NOW, to: NOW, targets: ['c', 'a', 'nobody'] });
    expect([...seriesOf(await metrics.windows(query, NEVER)).keys()]).toEqual(['a', 'c']);
    expect((await metrics.windows({ ...query, targets: [] }, NEVER)).entities).toEqual([]);
  });

  test('a query that makes no sense, or too much of it, is refused', async () => {
    await using metrics = await testMetrics();
    const refused = (more: Partial<WindowQuery>) => metrics.windows({ ...window('vm.cpuRatio', 'last'), ...more }, NEVER);
    await expect(refused({ metric: 'vm.nothing' })).rejects.toMatchObject({ code: 'metrics_unknown' });
    await expect(refused({ to: START - 1 })).rejects.toMatchObject({ code: 'metrics_query_invalid' });
    await expect(refused({ stepMs: 0 })).rejects.toMatchObject({ code: 'metrics_query_invalid' });
    await expect(refused({ stepMs: 1 })).rejects.toMatchObject({ code: 'metrics_query_invalid' });
  });
});

describe('columns', () => {
  test('samples by columns are the samples by rows, missing ones left out', async () => {
    await using metrics = await testMetrics();
    const seen: unknown[] = [];
    metrics.onWrite((batch) => seen.push(batch));
    const columns = { sent: Float64Array.of(5, Number.NaN), cpuRatio: Float64Array.of(0.25, 0.5), cpuTimeSeconds: Float64Array.of(1.5, 2) };
    await metrics.writeColumns([{ table: 'vm', at: NOW, entities: ['a', 'b'], columns }]);
    expect(metrics.latest('vm')).toEqual([
      { table: 'vm', entity: 'a', at: NOW, values: { sent: 5, cpuRatio: 0.25, cpuTimeSeconds: 1.5 } },
      { table: 'vm', entity: 'b', at: NOW, values: { sent: null, cpuRatio: 0.5, cpuTimeSeconds: 2 } },
    ]);
    expect(seen).toMatchObject([
      {
        table: 'vm',
        rows: [
          { entity: 'a', values: { sent: 5 } },
          { entity: 'b', values: { sent: null } },
        ],
      },
    ]);
    const query = window('vm.sent', 'last', { from: NOW, to: NOW });
    expect(seriesOf(await metrics.windows(query, NEVER))).toEqual(new Map([['a', [5]]]));
    await expect(
      metrics.writeColumns([{ table: 'vm', at: NOW, entities: ['a'], columns: { nothing: Float64Array.of(1) } }]),
    ).rejects.toMatchObject({
      code: 'metrics_unknown',
    });
    await expect(
      metrics.writeColumns([{ table: 'vm', at: NOW, entities: ['a'], columns: { sent: Float64Array.of(1, 2) } }]),
    ).rejects.toMatchObject({
      code: 'metrics_invalid',
    });
  });
});
