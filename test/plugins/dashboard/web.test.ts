import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldErrors, initialValues, toInput } from '../../../plugins/dashboard/web/src/form-values.ts';
import { formatBytes, formatDuration, formatRatio, formatValue } from '../../../plugins/dashboard/web/src/format.ts';
import { LiveStore } from '../../../plugins/dashboard/web/src/live-store.ts';
import { readRoute, vmPath } from '../../../plugins/dashboard/web/src/route.ts';
import { toHistory, toSeries } from '../../../plugins/dashboard/web/src/series.ts';
import { formField } from '../../kit/form-field.ts';

describe('a form', () => {
  it('leaves out what is empty, and sends what does not fit as it is', () => {
    const fields = [
      formField('a'),
      formField('n', { type: 'integer' }),
      formField('m', { type: 'number' }),
      formField('l', { type: 'list' }),
      formField('at', { type: 'instant' }),
      formField('b', { type: 'boolean' }),
    ];
    expect(toInput(fields, { a: ' ', n: '', m: '', l: '', at: '', b: false })).toEqual({ b: false });
    expect(toInput(fields, { a: ' x ', n: '3', m: 'many', l: 'a, b,,c ', at: '2026-01-31T12:00:00Z', b: true })).toEqual({
      a: ' x ',
      n: 3,
      m: 'many',
      l: ['a', 'b', 'c'],
      at: '2026-01-31T12:00:00.000Z',
      b: true,
    });
  });

  it('begins with the defaults and sends them unchanged', () => {
    const fields = [
      formField('a', { default: 'tiny' }),
      formField('n', { type: 'integer', default: 2 }),
      formField('l', { type: 'list', default: ['x', 'y'] }),
      formField('b', { type: 'boolean', default: true }),
    ];
    expect(toInput(fields, initialValues(fields))).toEqual({ a: 'tiny', n: 2, l: ['x', 'y'], b: true });
    expect(toInput(fields, { ...initialValues(fields), l: '' })).toMatchObject({ l: [] });
  });

  it('puts what the hub says at its field, and says the rest once', () => {
    const body = {
      fields: [
        { field: 'name', message: 'too long' },
        { field: 'tags.0', message: 'bad' },
        { field: 'x', message: 'unknown' },
        { field: '', message: 'both or none' },
      ],
    };
    expect(fieldErrors(body, ['name', 'tags'])).toEqual({
      byField: { name: 'too long', tags: 'bad' },
      rest: ['x: unknown', 'both or none'],
    });
    expect(fieldErrors({}, ['name'])).toEqual({ byField: {}, rest: [] });
  });
});

describe('a path', () => {
  it('leads back to the thing it was made of, whatever its id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (id) => {
        expect(readRoute(vmPath(id))).toEqual({ is: 'vm', id });
      }),
    );
  });

  it('that leads nowhere says so and never throws', () => {
    expect(readRoute('/nothing')).toEqual({ is: 'nowhere' });
    expect(readRoute('/vms/a/b')).toEqual({ is: 'nowhere' });
    expect(readRoute('/vms/%ff')).toEqual({ is: 'vm', id: '%ff' });
  });
});

describe('samples', () => {
  const batch = (at: number, ratio: number) => ({ table: 'vm', at, rows: [{ entity: 'a', values: { cpuRatio: ratio } }] });

  it('reach whoever watches the entity; old ones are left out and the line is bounded', () => {
    const store = new LiveStore();
    let heard = 0;
    const leave = store.subscribe('a', () => (heard += 1));
    store.subscribe('b', () => (heard += 100));
    for (let at = 1; at <= 100; at += 1) store.take(batch(at, at / 100));
    store.take(batch(50, 0));
    expect(heard).toBe(100);
    expect(store.get('a')?.cpuRatios).toHaveLength(60);
    expect(store.get('a')?.values['cpuRatio']).toBe(1);
    leave();
    store.take(batch(101, 0));
    expect(heard).toBe(100);
  });

  it('are preceded by their history once', () => {
    const store = new LiveStore();
    const history = new Map([['a', [0.1, 0.2]]]);
    store.seed(history);
    expect(store.get('a')).toBeUndefined();
    store.take(batch(1, 0.5));
    store.seed(history);
    store.seed(history);
    expect(store.get('a')?.cpuRatios).toEqual([0.1, 0.2, 0.5]);
  });
});

describe('a frame', () => {
  const fields = [
    { name: 'time', type: 'time' as const, values: [2000, 1000, 2000] },
    { name: 'entity', type: 'string' as const, values: ['a', 'a', 'a'] },
    { name: 'device', type: 'string' as const, values: ['vda', 'vda', 'vdb'] },
    { name: 'value', type: 'number' as const, values: [2, 1, 5] },
  ];

  it('becomes one line a device, with gaps where one has no value', () => {
    expect(toSeries(fields, 'web-1')).toEqual({
      names: ['vda', 'vdb'],
      at: [1, 2],
      columns: [
        [1, 2],
        [null, 5],
      ],
    });
    expect(toSeries([], 'web-1')).toEqual({ names: ['web-1'], at: [], columns: [[]] });
  });

  it('becomes history in the order of time', () => {
    expect(toHistory(fields.filter(({ name }) => name !== 'device'))).toEqual(new Map([['a', [1, 2, 5]]]));
  });
});

it('writes figures with their unit', () => {
  expect([formatBytes(0), formatBytes(1536), formatBytes(2 ** 30)]).toEqual(['0 B', '1.5 KiB', '1 GiB']);
  expect([formatRatio(0), formatRatio(0.05), formatRatio(0.5)]).toEqual(['0 %', '5.0 %', '50 %']);
  expect([formatValue(1024, 'bytesPerSecond'), formatValue(3, 'count'), formatValue(0.1234, 'countPerSecond')]).toEqual([
    '1 KiB/s',
    '3',
    '0.123/s',
  ]);
  expect([formatDuration(1500), formatDuration(120_000), formatDuration(7_200_000)]).toEqual(['1.5 s', '2 min', '2.0 h']);
});
