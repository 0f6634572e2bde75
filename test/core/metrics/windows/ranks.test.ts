import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, test } from 'vitest';
import { quantileOf } from '../../../../core/metrics/windows/functions.ts';
import { fractionsAround, interpolate } from '../../../../core/metrics/windows/ranks.ts';

const database = await DuckDBInstance.create(':memory:');
const connection = await database.connect();
afterAll(() => {
  connection.closeSync();
  database.closeSync();
});

const EXPECTED = 1000;

/** What DuckDB has at the fractions around `q`, of `count` different values in no order. */
async function valuesAt(q: number, count: number): Promise<{ fractions: number[]; values: number[]; all: Float64Array }> {
  const fractions = fractionsAround(q, EXPECTED);
  const value = (index: string): string => `((${index} * 7919) % 10007)::DECIMAL(9, 4) / 10000`;
  const list = fractions.map((fraction) => fraction.toExponential()).join(', ');
  const reader = await connection.runAndReadAll(
    `SELECT quantile_disc(value, [${list}])::DOUBLE[], list(value::DOUBLE) FROM (SELECT (${value('i')})::DECIMAL(9, 4) AS value FROM range(${count}) numbers(i))`,
  );
  const [[values, all]] = reader.getRowsJS() as [[number[], number[]]];
  return { fractions, values, all: Float64Array.from(all) };
}

describe('percentiles by rank', () => {
  test.each([0, 0.001, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 0.9999, 1])('of fraction %d are those of the values themselves', async (q) => {
    for (const count of [251, 400, 499, 500, 750, 999, 1000, 1001, 1440, 1999]) {
      const { all, ...found } = await valuesAt(q, count);
      expect(interpolate(q, { count, ...found })).toBeCloseTo(quantileOf(all, q), 12);
    }
  });

  test('are right or not told where there are far fewer or more values than were expected', async () => {
    const told: [number, number][] = [];
    for (const count of [1, 2, 3, 10, 60, 5000])
      for (const q of [0, 0.5, 0.95, 1]) {
        const { all, ...found } = await valuesAt(q, count);
        const value = interpolate(q, { count, ...found });
        if (value !== null) told.push([value, quantileOf(all, q)]);
      }
    expect(told.length).toBeGreaterThan(0);
    for (const [value, truth] of told) expect(value).toBeCloseTo(truth, 12);
  });
});
