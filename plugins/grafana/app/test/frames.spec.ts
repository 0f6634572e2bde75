import { dataFrameFromJSON, FieldType, getValueFormat, type DataFrameJSON } from '@grafana/data';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { encodeFrame, unitConfig, type FrameJson } from '../../frames.ts';
import { startWorld, type World } from './world.ts';

/** A type with the words of its enums in place of them: JSON knows no enum. */
type Words<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Words<T[K]> } : T;

describe('frames of the hub, read by Grafana', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.hub[Symbol.asyncDispose]());

  const ask = async (query: object): Promise<DataFrameJSON[]> => {
    const now = Date.now();
    const { body } = await world.query({ from: now - 86_400_000, to: now, queries: [{ refId: 'A', ...query }] }, 'admin');
    return body['frames'] ?? [];
  };

  test('what the hub writes is a DataFrameJSON by its type', () => {
    expectTypeOf<FrameJson>().toExtend<Words<DataFrameJSON>>();
  });

  test('numbers that JSON does not know are gaps', () => {
    const json = encodeFrame({ refId: 'A', name: 'x' }, [
      { name: 'time', type: 'time', values: [1, 2, 3] },
      { name: 'value', type: 'number', values: [Number.NaN, Infinity, 1] },
    ]);
    const frame = dataFrameFromJSON(JSON.parse(JSON.stringify(json)) as DataFrameJSON);
    expect(frame.fields[1]?.values).toEqual([null, null, 1]);
    expect(frame.length).toBe(3);
  });

  test('Grafana knows every unit that is sent', () => {
    const texts = (['bytes', 'seconds', 'ratio', 'count', 'bytesPerSecond', 'countPerSecond'] as const).map((unit) => {
      const { text, suffix = '' } = getValueFormat(unitConfig(unit).unit)(1536, 1);
      return `${text}${suffix}`;
    });
    expect(texts).toEqual(['1.5 KiB', '25.6 mins', '153600.0%', '1.5 K', '1.5 KiB/s', '1.5K c/s']);
  });

  test('series come as time and value, with labels and unit', async () => {
    const frames = (await ask({ kind: 'metric', metric: 'vm.disk.writeBytes' })).map((json) => dataFrameFromJSON(json));
    expect(frames.map(({ name }) => name)).toEqual(['name-of-mine vda', 'name-of-theirs vda']);
    const [time, value] = frames[0]!.fields;
    expect([time?.type, value?.type]).toEqual([FieldType.time, FieldType.number]);
    expect(value?.labels).toEqual({ name: 'name-of-mine', device: 'vda' });
    expect(value?.config.unit).toBe('binBps');
    expect(frames[0]?.length).toBeGreaterThan(200);
  });

  test('tables, SQL, happenings and forecasts are frames as well', async () => {
    const queries = [
      { kind: 'action', action: 'host.list' },
      { kind: 'sql', sql: 'select time, entity, cpuRatio from vm where $__timeFilter(time) order by 1 limit 5' },
      { kind: 'annotations' },
      { kind: 'metric', metric: 'vm.cpuRatio', targets: ['mine'], forecast: '6h' },
    ];
    for (const query of queries) {
      const frames = (await ask(query)).map((json) => dataFrameFromJSON(json));
      expect(frames.length).toBeGreaterThan(0);
      for (const { fields, length } of frames) expect(fields.every(({ values }) => values.length === length)).toBe(true);
    }
  });
});
