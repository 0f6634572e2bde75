import { createState, detectorOf, observe, PARTS, type DetectorSettings } from '../../plugins/analytics/anomaly/detector.ts';
import { randomOf } from '../../plugins/analytics/models/random.ts';
import { gridOf, leastOf } from './choose.ts';
import type { CostMatrix, NabCorpus, NabFile } from './nab-data.ts';
import { pointsOf, scaled } from './nab-score.ts';

/** How the bench of anomalies chooses: settings and threshold by the standard score of some files. */

const SPLITS = 400;

interface Lists {
  readonly rows: Pick<DetectorSettings, 'levelRows' | 'lastingRows' | 'variationRows'>;
  readonly without: 'nothing' | 'lasting' | 'shape';
  readonly refractoryRows: number;
}

/** Half and twice the windows and the quiet time that ship, and one part less. */
export const DETECTOR_GRID: readonly DetectorSettings[] = gridOf<Lists>({
  rows: [0.5, 1, 2].map((share) => ({ levelRows: 20 * share, lastingRows: 50 * share, variationRows: 60 * share })),
  without: ['nothing', 'lasting', 'shape'],
  refractoryRows: [60, 120, 240],
}).map(({ rows, without, refractoryRows }) => ({ ...rows, refractoryRows, parts: PARTS.filter((part) => part !== without) }));

/** `windows of 20/50/60 rows, quiet for 120, 5 parts`. */
export const detectorName = ({ levelRows, lastingRows, variationRows, refractoryRows, parts }: DetectorSettings): string => {
  const missing = PARTS.filter((part) => !parts.includes(part)).map((part) => `, no ${part}`);
  return `windows of ${levelRows}/${lastingRows}/${variationRows} rows, quiet for ${refractoryRows}${missing.join('')}`;
};

/** A row at a time, as the detector would meet it live; it is told instant and value, nothing else. */
export function detectAll(files: readonly NabFile[], settings: DetectorSettings): Float64Array[] {
  const detector = detectorOf(settings);
  return files.map(({ at, value }) => {
    const state = createState(detector);
    return value.map((each, i) => observe(state, { instant: at[i] ?? 0, value: each }, detector));
  });
}

/** Rows that reach the threshold and come after the quiet of the one before. */
export function detections(scores: Float64Array, threshold: number, refractoryRows: number): number[] {
  const rows: number[] = [];
  for (const [row, score] of scores.entries())
    if (score >= threshold && row >= (rows.at(-1) ?? Number.NEGATIVE_INFINITY) + refractoryRows) rows.push(row);
  return rows;
}

const THRESHOLDS_TRIED = Array.from({ length: 81 }, (_, i) => 1 + i / 8);

export interface DetectorTrial {
  readonly settings: DetectorSettings;
  readonly raw: readonly Float64Array[];
  /** Of each file (columns) at each threshold (lines). */
  readonly points: readonly (readonly number[])[];
}

/** The whole grid. The quiet time changes no score, so scores are computed once for all of them. */
export function tryDetectors({ files, costs }: NabCorpus, signal: AbortSignal): DetectorTrial[] {
  const known = new Map<string, Float64Array[]>();
  return DETECTOR_GRID.map((settings) => {
    signal.throwIfAborted();
    const key = detectorName({ ...settings, refractoryRows: 0 });
    const raw = known.get(key) ?? detectAll(files, settings);
    known.set(key, raw);
    const points = THRESHOLDS_TRIED.map((threshold) =>
      files.map((file, i) => pointsOf(file, detections(raw[i] ?? new Float64Array(), threshold, settings.refractoryRows), costs.standard)),
    );
    return { settings, raw, points };
  });
}

export interface Half {
  readonly trial: DetectorTrial;
  readonly threshold: number;
  /** Of the half that settings and threshold were chosen on, of the other half with them, and of the other half at its own best threshold. */
  readonly tuned: number;
  readonly held: number;
  readonly heldBest: number;
}

interface Halving {
  readonly windows: readonly number[];
  readonly costs: CostMatrix;
  /** Whether a file has a say. */
  readonly tunes: (file: number) => boolean;
}

/** Chooses settings and threshold on the files that `tunes` names and scores the others with them. */
export function holdOut(trials: readonly DetectorTrial[], { windows, costs, tunes }: Halving): Half {
  const total = (values: readonly number[], wanted: boolean): number =>
    values.reduce((sum, value, file) => (tunes(file) === wanted ? sum + value : sum), 0);
  const [ownWindows, otherWindows] = [total(windows, true), total(windows, false)];
  const options = trials.flatMap((trial) =>
    THRESHOLDS_TRIED.map((threshold, i) => ({ trial, threshold, i, tuned: scaled(total(trial.points[i] ?? [], true), ownWindows, costs) })),
  );
  const { trial, threshold, tuned, i } = leastOf(options, (option) => -option.tuned);
  const held = trial.points.map((line) => scaled(total(line, false), otherWindows, costs));
  return { trial, threshold, tuned, held: held[i] ?? Number.NaN, heldBest: Math.max(...held) };
}

export interface Splits {
  readonly tuned: number;
  readonly held: number;
  readonly heldBest: number;
}

/** Means over many halvings: one halving says as much about which half is easier as about what was chosen. */
export function splitOften(trials: readonly DetectorTrial[], of: Omit<Halving, 'tunes'>): Splits & { readonly count: number } {
  const random = randomOf(1);
  const halves = Array.from({ length: SPLITS }, () => {
    const order = of.windows.map((_, file) => ({ file, key: random() })).toSorted((a, b) => a.key - b.key);
    const tuning = new Set(order.slice(0, order.length / 2).map(({ file }) => file));
    return holdOut(trials, { ...of, tunes: (file) => tuning.has(file) });
  });
  const mean = (value: (half: Half) => number): number => halves.reduce((sum, half) => sum + value(half), 0) / SPLITS;
  return { tuned: mean(({ tuned }) => tuned), held: mean(({ held }) => held), heldBest: mean(({ heldBest }) => heldBest), count: SPLITS };
}
