import { describe, expect, test } from 'vitest';
import type { WindowMatrix } from '../../../../core/contract.ts';
import { createSegmentMemory } from '../../../../core/metrics/windows/segment-memory.ts';
import { createTargetKeeper, createTargetSaver, withoutNames } from '../../../../core/metrics/windows/target-lists.ts';
import { DAY_MS, NEVER, NOW, testMetrics } from '../kit.ts';

const START = Math.floor((NOW - 9 * DAY_MS) / DAY_MS) * DAY_MS;
const HOUR = 3_600_000;

describe('what is remembered of sealed files', () => {
  test('answers for the things that were read, and is completed by those that were not', async () => {
    await using metrics = await testMetrics();
    const entities = ['a', 'b', 'c'];
    for (let hour = 0; hour < 72; hour++)
      await metrics.write('monitoring', [
        {
          table: 'vm',
          at: START + hour * HOUR + 1000,
          rows: entities.map((entity, k) => ({ entity, values: { cpuRatio: hour + k / 10, sent: hour * (k + 1) } })),
        },
      ]);
    await metrics.seal('2026-01-06');
    const ask = (targets: readonly string[] | null, metric = 'vm.cpuRatio') =>
      metrics.windows(
        { metric, targets, from: START + DAY_MS, to: START + 3 * DAY_MS, stepMs: DAY_MS, windowMs: DAY_MS, function: 'last' },
        NEVER,
      );
    const seen = ({ entities: names, steps, values }: WindowMatrix): unknown =>
      Object.fromEntries(names.map((name, row) => [name, [...values.subarray(row * steps, (row + 1) * steps)]]));
    const all = { a: [23, 47, 71], b: [23.1, 47.1, 71.1], c: [23.2, 47.2, 71.2] };
    expect(seen(await ask(['b']))).toEqual({ b: all.b });
    expect(seen(await ask(['b']))).toEqual({ b: all.b });
    expect(seen(await ask(['a', 'b', 'nobody']))).toEqual({ a: all.a, b: all.b });
    expect(seen(await ask(null))).toEqual(all);
    expect(seen(await ask(['c', 'nobody']))).toEqual({ c: all.c });
    expect(seen(await ask(['c'], 'vm.sent'))).toEqual({ c: [69, 141, 213] });
    // A row that comes late for one of the days counts at once, whatever is remembered.
    await metrics.write('monitoring', [{ table: 'vm', at: START + DAY_MS - 1000, rows: [{ entity: 'b', values: { cpuRatio: 9 } }] }]);
    expect(seen(await ask(['a', 'b']))).toEqual({ a: all.a, b: [9, 47.1, 71.1] });
    await metrics.seal('2026-01-06');
    expect(seen(await ask(['a', 'b']))).toEqual({ a: all.a, b: [9, 47.1, 71.1] });
  });

  test('of hot rows is read anew once something was written to their hour, or their day was sealed', async () => {
    await using metrics = await testMetrics({ clock: { now: () => START } });
    const write = (at: number, cpuRatio: number, entity = 'a') =>
      metrics.write('monitoring', [{ table: 'vm', at, rows: [{ entity, values: { cpuRatio } }] }]);
    const ask = async (targets: readonly string[] | null = ['a']) => {
      const query = { metric: 'vm.cpuRatio', targets, from: START + HOUR, to: START + 3 * HOUR, stepMs: HOUR, windowMs: HOUR } as const;
      const { entities, values } = await metrics.windows({ ...query, function: 'sum' }, NEVER);
      return [entities, [...values]];
    };
    await write(START + 1000, 1);
    await write(START + HOUR, 2);
    await write(START + HOUR + 1000, 4);
    expect(await ask()).toEqual([['a'], [3, 4, Number.NaN]]);
    expect(await ask()).toEqual([['a'], [3, 4, Number.NaN]]);
    expect(await ask(['a', 'a'])).toEqual([['a'], [3, 4, Number.NaN]]);
    await write(START + 2 * HOUR + 1000, 8);
    await write(START + 2000, 16);
    expect(await ask()).toEqual([['a'], [19, 4, 8]]);
    await write(START + 2 * HOUR, 32, 'b');
    expect(await ask(['b'])).toEqual([['b'], [Number.NaN, 32, Number.NaN]]);
    expect(await ask(null)).toEqual([
      ['a', 'b'],
      [19, 4, 8, Number.NaN, 32, Number.NaN],
    ]);
    await metrics.seal('2026-01-06');
    expect((await metrics.stats()).hotRows).toBe(0);
    expect(await ask()).toEqual([['a'], [19, 4, 8]]);
    await write(START + 3 * HOUR, 64);
    expect(await ask()).toEqual([['a'], [19, 4, 72]]);
  });

  test('is bounded: what was not used for longest goes first', () => {
    const memory = createSegmentMemory(100);
    for (const key of ['a', 'b', 'c']) {
      memory.block(key).isWhole = true;
      memory.grow(key, 40);
      memory.block('a');
    }
    expect(['a', 'b', 'c'].map((key) => memory.block(key).isWhole)).toEqual([true, false, true]);
  });
});

test('a list of names is moved once, and known by its place until others have taken it', () => {
  const [save, keep] = [createTargetSaver(), createTargetKeeper()];
  const lists = Array.from({ length: 20 }, (_, list) => Array.from({ length: 64 }, (__, name) => `${list}-${name}`));
  for (const list of [...lists, ...lists, lists[19]!]) {
    const { sent, names } = save(list);
    expect(keep(sent)).toBe(names);
    expect(names).toEqual(list.toSorted());
  }
  expect(save(lists[19]!).sent).toEqual({ place: expect.any(Number) });
  expect(save(null)).toEqual({ sent: null, names: null });
  expect(save(['one', 'ö', 'one', 'Z']).sent).toEqual(['Z', 'one', 'ö']);
});

test('an answer about a long list names its things only where some have no series', () => {
  const names = Array.from({ length: 64 }, (_, k) => `vm-${String(k).padStart(2, '0')}`);
  const matrix = { entities: [...names], devices: [], steps: 1, values: new Float64Array(64) };
  expect(withoutNames(matrix, names).entities).toBeNull();
  expect(withoutNames({ ...matrix, entities: names.slice(1) }, names).entities).toEqual(names.slice(1));
  expect(withoutNames(matrix, null).entities).toEqual(names);
});
