import { describe, expect, it } from 'vitest';
import type { NabFile } from './nab-data.ts';
import { bestScore, pointsOf, probationRows, rank, scaled, sigmoid } from './nab-score.ts';

const COSTS = { tpWeight: 1, fnWeight: 1, fpWeight: 0.11 };
const ROWS = 1000;

const file = (windows: NabFile['windows']): NabFile => ({
  name: 'a/b.csv',
  at: Float64Array.from({ length: ROWS }, (_, row) => row),
  value: new Float64Array(ROWS),
  windows,
});

const scores = (...rows: readonly (readonly [row: number, score: number])[]): Float64Array => {
  const all = new Float64Array(ROWS);
  for (const [row, score] of rows) all[row] = score;
  return all;
};

const best = (windows: NabFile['windows'], given: Float64Array) => bestScore(rank([file(windows)], [given]), COSTS);

describe('the score of the benchmark', () => {
  it('is 0 for a silent detector and 100 for one that finds the first row of each window and nothing else', () => {
    const windows = [[400, 499] as const, [700, 799] as const];
    expect(best(windows, scores()).score).toBe(0);
    expect(best(windows, scores([400, 1], [700, 1])).score).toBeCloseTo(100, 9);
  });

  it('counts the best detection of a window only, and the earlier the better', () => {
    const alone = best([[400, 499]], scores([420, 1])).score;
    expect(best([[400, 499]], scores([420, 1], [430, 1], [490, 1])).score).toBeCloseTo(alone, 9);
    expect(best([[400, 499]], scores([480, 1])).score).toBeLessThan(alone);
  });

  it('charges false detections in full before and long after a window, less right after it, and not at all in probation', () => {
    const points = (row: number): number => pointsOf(file([[400, 499]]), [row], COSTS);
    expect(points(300)).toBeCloseTo(-0.11, 9);
    expect(points(999)).toBeCloseTo(-0.11, 9);
    expect(points(505)).toBeCloseTo(0.11 * sigmoid(6 / 99), 9);
    expect(points(505)).toBeGreaterThan(-0.03);
    expect(points(probationRows(ROWS) - 1)).toBe(0);
    expect(probationRows(20_000)).toBe(750);
  });

  it('takes the threshold that suits best, and agrees with the points of the detections that it makes', () => {
    const windows = [[400, 499] as const];
    const given = scores([200, 0.9], [300, 0.2], [410, 0.9], [600, 0.2]);
    const found = best(windows, given);
    expect(found).toMatchObject({ threshold: 0.9, windowsFound: 1, falseDetections: 1 });
    expect(found.score).toBeCloseTo(scaled(pointsOf(file(windows), [200, 410], COSTS), 1, COSTS), 9);
  });
});
