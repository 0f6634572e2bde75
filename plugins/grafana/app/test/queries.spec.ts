import { toDataFrame } from '@grafana/data';
import { describe, expect, test } from 'vitest';
import { withSample } from '../src/datasource/live.ts';
import { isComplete, quoteSql, toAsk } from '../src/datasource/queries.ts';
import { suggestionsOf } from '../src/datasource/sql-suggestions.ts';
import { gradeOf } from '../src/forecast/band-data.ts';
import { layOut } from '../src/placement/layout.ts';

/** As Grafana's template service replaces: `$name` by a value, given to the format. */
const replacer = (values: Record<string, unknown>) => ({
  replace: (text = '', _vars?: unknown, format?: string | ((value: unknown) => string)) =>
    text.replaceAll(/\$(\w+)/g, (found, name: string) => {
      if (!(name in values)) return found;
      return typeof format === 'function' ? format(values[name]) : String(values[name]);
    }),
});

describe('queries on their way to the hub', () => {
  test('a variable of several values becomes several targets', () => {
    const ask = toAsk({ refId: 'A', metric: 'vm.cpuRatio', targets: ['$vm', 'db-1'] }, replacer({ vm: ['web-1', 'web, 2'] }));
    expect(ask).toEqual({ refId: 'A', kind: 'metric', metric: 'vm.cpuRatio', targets: ['web-1', 'web, 2', 'db-1'] });
  });

  test('a variable within a name is filled in, one that there is not stays', () => {
    expect(toAsk({ refId: 'A', metric: 'vm.cpuRatio', targets: ['web-$n', '$gone'] }, replacer({ n: 7 }))['targets']).toEqual([
      'web-7',
      '$gone',
    ]);
  });

  test('values in SQL are quoted, and the macros of the hub are left to it', () => {
    const sql = 'select * from vm where entity in ($vm) and $__timeFilter(time) and time < $__to';
    const ask = toAsk({ refId: 'A', kind: 'sql', sql }, replacer({ vm: ["o'brien", 'x'], __to: 5 }));
    expect(ask['sql']).toBe("select * from vm where entity in ('o''brien', 'x') and $__timeFilter(time) and time < $__to");
    expect(quoteSql('a')).toBe("'a'");
  });

  test('variables in the input of an action are filled in', () => {
    const ask = toAsk(
      { refId: 'A', kind: 'action', action: 'vm.list', input: { host: '$host', rowsMax: 5, targets: ['$vm'] } },
      replacer({ host: 'h1', vm: ['a', 'b'] }),
    );
    expect(ask['input']).toEqual({ host: 'h1', rowsMax: 5, targets: ['a', 'b'] });
  });

  test('what is hidden or has nothing to ask is not asked', () => {
    expect(
      [{}, { metric: 'x', hide: true }, { kind: 'sql' as const, sql: ' ' }, { kind: 'action' as const }].map((query) =>
        isComplete({ refId: 'A', ...query }),
      ),
    ).toEqual([false, false, false, false]);
    expect(isComplete({ refId: 'A', metric: 'vm.cpuRatio' })).toBe(true);
  });
});

describe('live values', () => {
  const frame = () =>
    toDataFrame({
      name: 'web-1',
      fields: [
        { name: 'time', type: 'time', values: [1000, 2000, 3000] },
        { name: 'value', type: 'number', values: [1, 2, 3] },
      ],
    });
  const valuesOf = (frames: ReturnType<typeof withSample>) => frames[0]?.fields.map(({ values }) => values);

  test('a sample is added at the end, and what is older than the range goes', () => {
    expect(valuesOf(withSample([frame()], { at: 4000, values: { 'web-1': 4 } }, 2500))).toEqual([
      [2000, 3000, 4000],
      [2, 3, 4],
    ]);
  });

  test('a sample that is not newer, or of another series, changes nothing', () => {
    expect(valuesOf(withSample([frame()], { at: 3000, values: { 'web-1': 4 } }, 9000))?.[1]).toEqual([1, 2, 3]);
    expect(valuesOf(withSample([frame()], { at: 4000, values: { 'web-2': 4 } }, 9000))?.[1]).toEqual([1, 2, 3]);
  });
});

describe('what panels make of it', () => {
  test('a host that gave more than it has is scaled to fit; what is off holds nothing', () => {
    const hosts = [{ id: 'h1', name: 'h1', state: 'connected', memoryBytes: 8 }];
    const vms = [
      { id: 'a', name: 'a', host: 'h1', state: 'running', memoryBytes: 4 },
      { id: 'b', name: 'b', host: 'h1', state: 'running', memoryBytes: 12 },
      { id: 'c', name: 'c', host: 'h1', state: 'shut-off', memoryBytes: 12 },
      { id: 'd', name: 'd', host: 'h2', state: 'running', memoryBytes: 12 },
    ];
    const [row] = layOut(hosts, vms, 'memory');
    expect(row).toMatchObject({
      capacity: 8,
      given: 16,
      blocks: [
        { name: 'b', share: 0.75 },
        { name: 'a', share: 0.25 },
      ],
    });
  });

  test('a score is said in a word', () => {
    const score = {
      of: 'x',
      model: 'm',
      coverage: 0.8,
      folds: 3,
      horizonSeconds: 1,
      isShortened: false,
      record: { forecasts: 0, mase: null, coverage: null },
    };
    expect([0.5, 0.9, 1.2, null].map((mase) => gradeOf({ ...score, mase }).color)).toEqual(['green', 'orange', 'red', 'orange']);
  });

  test('the SQL editor offers tables, columns and macros', () => {
    const labels = suggestionsOf([{ value: 'vm.disk.readBytes', description: 'Read' }, { value: 'vm.cpuRatio' }]).map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['$__from', 'vm_disk', 'vm', 'readBytes', 'cpuRatio']));
  });
});
