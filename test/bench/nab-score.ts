import type { CostMatrix, NabFile } from './nab-data.ts';

/** The scoring of the Numenta Anomaly Benchmark as its paper and code define it. */

const PROBATION_SHARE = 0.15;
const PROBATION_ROWS_MAX = 750;

export const probationRows = (rows: number): number => Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_ROWS_MAX);

/** 1 well before the end of a window, 0 at its end, -1 long after. */
export const sigmoid = (position: number): number => (position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1);

/** What a detection at each row is worth before weights, and the window it would find (-1: none, so it is a false one). */
interface Worth {
  readonly worth: Float64Array;
  readonly window: Int32Array;
}

function worthOf(file: NabFile): Worth {
  const worth = KNOWN.get(file) ?? computeWorth(file);
  KNOWN.set(file, worth);
  return worth;
}

/** Files are scored thousands of times, and what their rows are worth never changes. */
const KNOWN = new WeakMap<NabFile, Worth>();

function computeWorth({ at, windows }: NabFile): Worth {
  const worth = new Float64Array(at.length).fill(-1);
  const window = new Int32Array(at.length).fill(-1);
  for (const [index, [left, right]] of windows.entries()) {
    const width = right - left + 1;
    for (let i = left; i <= right; i++) {
      worth[i] = sigmoid(-(right - i + 1) / width) / sigmoid(-1);
      window[i] = index;
    }
    const end = windows[index + 1]?.[0] ?? at.length;
    for (let i = right + 1; i < end; i++) worth[i] = sigmoid((i - right) / (width - 1));
  }
  return { worth, window };
}

/** Every scored row of the files, the highest score first. */
interface Ranking {
  readonly score: Float64Array;
  readonly worth: Float64Array;
  /** Over all files; -1: none. */
  readonly window: Int32Array;
  readonly windows: number;
}

export function rank(files: readonly NabFile[], scores: readonly Float64Array[]): Ranking {
  const rows: { score: number; worth: number; window: number }[] = [];
  let windows = 0;
  for (const [f, file] of files.entries()) {
    const { worth, window } = worthOf(file);
    for (let i = probationRows(file.at.length); i < file.at.length; i++) {
      const index = window[i] ?? -1;
      rows.push({ score: scores[f]?.[i] ?? 0, worth: worth[i] ?? 0, window: index === -1 ? -1 : windows + index });
    }
    windows += file.windows.length;
  }
  rows.sort((a, b) => b.score - a.score);
  return {
    score: Float64Array.from(rows, ({ score }) => score),
    worth: Float64Array.from(rows, ({ worth }) => worth),
    window: Int32Array.from(rows, ({ window }) => window),
    windows,
  };
}

export interface Score {
  /** 100 is a perfect detector, 0 one that is silent. */
  readonly score: number;
  /** Rows that reach it are detections. */
  readonly threshold: number;
  readonly windowsFound: number;
  readonly falseDetections: number;
}

/** Walks down the ranking, a threshold at a time, and calls `visit` with the score at each. */
function sweep({ score, worth, window, windows }: Ranking, costs: CostMatrix, visit: (at: Score) => void): void {
  const best = new Float64Array(windows);
  const scale = 100 / ((costs.tpWeight + costs.fnWeight) * windows);
  let gained = 0;
  let windowsFound = 0;
  let falseDetections = 0;
  visit({ score: 0, threshold: Number.POSITIVE_INFINITY, windowsFound, falseDetections });
  for (let i = 0; i < score.length; i++) {
    const [index = -1, value = 0, threshold = 0] = [window[i], worth[i], score[i]];
    if (index === -1) {
      gained += costs.fpWeight * value;
      falseDetections++;
    } else {
      const before = best[index] ?? 0;
      if (before === 0) {
        gained += costs.fnWeight;
        windowsFound++;
      }
      best[index] = Math.max(before, value);
      gained += costs.tpWeight * ((best[index] ?? 0) - before);
    }
    if (score[i + 1] !== threshold) visit({ score: gained * scale, threshold, windowsFound, falseDetections });
  }
}

/** The score at the threshold that suits these files best, which is how the benchmark is published. */
export function bestScore(ranking: Ranking, costs: CostMatrix): Score {
  let best: Score = { score: Number.NEGATIVE_INFINITY, threshold: 0, windowsFound: 0, falseDetections: 0 };
  sweep(ranking, costs, (at) => {
    if (at.score > best.score) best = at;
  });
  return best;
}

/** What given detections, rows of one file, are worth before it is brought to a scale of 100. */
export function pointsOf(file: NabFile, detections: readonly number[], costs: CostMatrix): number {
  const { worth, window } = worthOf(file);
  const best = new Float64Array(file.windows.length);
  let gained = 0;
  for (const row of detections) {
    if (row < probationRows(file.at.length)) continue;
    const [index = -1, value = 0] = [window[row], worth[row]];
    if (index === -1) gained += costs.fpWeight * value;
    else best[index] = Math.max(best[index] ?? 0, value);
  }
  for (const value of best) if (value > 0) gained += costs.tpWeight * value + costs.fnWeight;
  return gained;
}

/** Points of several files, which have so many windows together, on the scale of 100. */
export const scaled = (points: number, windows: number, costs: CostMatrix): number =>
  (100 * points) / ((costs.tpWeight + costs.fnWeight) * windows);
