import { describe, expect, test } from 'vitest';
import type { ColumnBatch } from '../../../core/contract.ts';
import { createLatest, type Latest } from '../../../core/metrics/latest.ts';
import { planTables } from '../../../core/metrics/schema.ts';
import { METRICS, NOW } from './kit.ts';

const [VM, DISK] = ['vm', 'vm.disk'].map((key) => planTables([{ plugin: 'p', metrics: METRICS }]).find(({ table }) => table === key)!);

const batch = (at: number, entities: readonly string[], ...cpuRatio: number[]): ColumnBatch => ({
  table: 'vm',
  at,
  entities,
  columns: { cpuRatio: Float64Array.from(cpuRatio) },
});

describe('the newest values', () => {
  test('of batches with the same names are those of the newest, whichever came last', () => {
    const latest = createLatest();
    const names = ['a', 'b'];
    for (const [at, ratio] of [
      [NOW, 0.1],
      [NOW + 2, 0.3],
      [NOW + 1, 0.2],
    ] as const)
      latest.putColumns(VM!, batch(at, names, ratio, Number.NaN));
    expect(latest.get('vm')).toEqual([
      { table: 'vm', entity: 'a', at: NOW + 2, values: { cpuTimeSeconds: null, sent: null, cpuRatio: 0.3 } },
      { table: 'vm', entity: 'b', at: NOW + 2, values: { cpuTimeSeconds: null, sent: null, cpuRatio: null } },
    ]);
  });

  test('of a thing come from whoever had it last, by columns or by rows', () => {
    const latest = createLatest();
    const [one, other] = [['a', 'b'], ['b']];
    latest.putColumns(VM!, batch(NOW, one, 1, 1));
    latest.putColumns(VM!, batch(NOW + 1, other, 2));
    latest.put(VM!, { table: 'vm', at: NOW + 2, rows: [{ entity: 'a', values: { cpuRatio: 3 } }] });
    const seen = (): unknown[] => latest.get('vm').map(({ entity, values }) => [entity, values['cpuRatio']]);
    expect(seen()).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
    latest.putColumns(VM!, batch(NOW + 3, one, 4, 4));
    expect(seen()).toEqual([
      ['a', 4],
      ['b', 4],
    ]);
  });

  test('of many senders are all kept, of things and devices alike', () => {
    const latest = createLatest();
    for (let sender = 0; sender < 20; sender++)
      latest.putColumns(DISK!, {
        table: 'vm.disk',
        at: NOW,
        entities: [`vm-${sender}`, `vm-${sender}`],
        devices: ['vda', 'vdb'],
        columns: { readBytes: Float64Array.of(sender, sender + 0.5) },
      });
    expect(latest.get('vm.disk')).toHaveLength(40);
    expect(latest.get('vm.disk', ['vm-3']).map(({ device, values }) => [device, values['readBytes']])).toEqual([
      ['vda', 3],
      ['vdb', 3.5],
    ]);
  });

  const ratio = VM!.columns.find(({ name }) => name === 'cpuRatio')!;
  const byName = (latest: Latest): unknown[] =>
    latest
      .column(VM!, ratio)
      .flatMap(({ at, entities, values }) => entities.map((entity, row) => [entity, at - NOW, values[row]]))
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));

  test('of one metric are the columns of their senders themselves, and those of rows, by the instant they are of', () => {
    const latest = createLatest();
    const names = ['a', 'b'];
    latest.putColumns(VM!, batch(NOW, names, 1, Number.NaN));
    latest.put(VM!, {
      table: 'vm',
      at: NOW + 5,
      rows: [
        { entity: 'c', values: { cpuRatio: 3 } },
        { entity: 'd', values: { sent: 1n } },
      ],
    });
    expect(latest.column(VM!, ratio)[0]!.entities).toBe(names);
    expect(byName(latest)).toEqual([
      ['a', 0, 1],
      ['b', 0, Number.NaN],
      ['c', 5, 3],
      ['d', 5, Number.NaN],
    ]);
  });

  test('of a sender that begins anew, with a list of its own of the same names, are its columns again', () => {
    const latest = createLatest();
    latest.putColumns(VM!, batch(NOW, ['a', 'b'], 1, 2));
    const names = ['b', 'a', 'c'];
    latest.putColumns(VM!, batch(NOW + 1, names, 4, 3, 5));
    expect(latest.column(VM!, ratio)).toEqual([{ at: NOW + 1, entities: names, values: Float64Array.of(4, 3, 5) }]);
    latest.putColumns(VM!, batch(NOW + 2, ['a'], 6));
    expect(byName(latest)).toEqual([
      ['a', 2, 6],
      ['b', 1, 4],
      ['c', 1, 5],
    ]);
  });

  test('of one metric are told once where a thing has several senders, and no longer those from before a restart', () => {
    const latest = createLatest();
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array, the newest values
    latest.fill([
      { table: 'vm', entity: 'a', at: NOW - 9, values: { cpuRatio: 0.9 } },
      { table: 'vm', entity: 'z', at: NOW - 9, values: { cpuRatio: 0.8 } },
    ]);
    const names = ['a', 'b'];
    latest.putColumns(VM!, batch(NOW, names, 1, 2));
    expect(latest.column(VM!, ratio)[0]!.entities).toBe(names);
    expect(byName(latest)).toEqual([
      ['a', 0, 1],
      ['b', 0, 2],
      ['z', -9, 0.8],
    ]);
    latest.putColumns(VM!, batch(NOW + 1, ['b'], 4));
    latest.put(VM!, { table: 'vm', at: NOW + 2, rows: [{ entity: 'a', values: { cpuRatio: 5 } }] });
    expect(byName(latest)).toEqual([
      ['a', 2, 5],
      ['b', 1, 4],
      ['z', -9, 0.8],
    ]);
  });

  test('of counters of seconds are seconds, whether they came as whole nanoseconds or as seconds; devices have values of their own', () => {
    const latest = createLatest();
    const time = VM!.columns.find(({ name }) => name === 'cpuTimeSeconds')!;
    latest.put(VM!, { table: 'vm', at: NOW, rows: [{ entity: 'a', values: { cpuTimeSeconds: 1_500_000_000n } }] });
    latest.putColumns(VM!, { table: 'vm', at: NOW, entities: ['b'], columns: { cpuTimeSeconds: Float64Array.of(2.5) } });
    expect(latest.column(VM!, time).flatMap(({ values }) => [...values])).toEqual([2.5, 1.5]);
    const bytes = DISK!.columns[0]!;
    latest.putColumns(DISK!, {
      table: 'vm.disk',
      at: NOW,
      entities: ['a', 'a'],
      devices: ['vda', 'vdb'],
      columns: { readBytes: Float64Array.of(1, 2) },
    });
    expect(latest.column(DISK!, bytes)).toMatchObject([{ devices: ['vda', 'vdb'], values: Float64Array.of(1, 2) }]);
  });
});
