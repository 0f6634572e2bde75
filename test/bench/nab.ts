import { createState, observe, REFRACTORY_ROWS, STATE_BYTES, THRESHOLDS } from '../../plugins/analytics/anomaly/detector.ts';
import { randomOf } from '../../plugins/analytics/models/random.ts';
import type { Aim, BenchOptions, BenchResult, BenchTable } from './main.ts';
import { PROFILES, readCorpus, readResults, type CostMatrix, type NabCorpus, type NabFile, type Profile } from './nab-data.ts';
import { bestScore, pointsOf, rank, scaled } from './nab-score.ts';

/** Two scorers agree when they differ by less, on a scale of 100. */
const REPRODUCED_WITHIN = 0.05;
const REPRODUCED_MIN = 3;
const OURS = 'NovaCron';
const SPLITS = 400;

type Scores = Readonly<Record<Profile, number>>;

const twoPlaces = (score: number): string => score.toFixed(2);

/** The scores of every detector whose result files are there, by our scorer. */
async function scoreOthers(dir: string, { files, costs, published }: NabCorpus): Promise<Map<string, Scores>> {
  const found = new Map<string, Scores>();
  for (const detector of Object.keys(published)) {
    const results = await readResults(dir, detector, files);
    if (results === undefined) continue;
    const ranking = rank(files, results);
    found.set(
      detector,
      profiles((profile) => bestScore(ranking, costs[profile]).score),
    );
  }
  return found;
}

const profiles = (score: (profile: Profile) => number): Scores => ({
  standard: score('standard'),
  reward_low_FP_rate: score('reward_low_FP_rate'),
  reward_low_FN_rate: score('reward_low_FN_rate'),
});

/** A row at a time, as the detector would meet it live; it is told instant and value, nothing else. */
function detectAll(files: readonly NabFile[], signal: AbortSignal): { readonly raw: Float64Array[]; readonly microsecondsPerRow: number } {
  const began = process.cpuUsage();
  let rows = 0;
  const raw = files.map(({ at, value }) => {
    signal.throwIfAborted();
    const state = createState();
    rows += at.length;
    return value.map((each, i) => observe(state, at[i] ?? 0, each));
  });
  const { user, system } = process.cpuUsage(began);
  return { raw, microsecondsPerRow: (user + system) / rows };
}

/** Rows that reach the threshold and come after the quiet of the one before. */
function detections(scores: Float64Array, threshold: number): number[] {
  const rows: number[] = [];
  for (const [row, score] of scores.entries())
    if (score >= threshold && row >= (rows.at(-1) ?? Number.NEGATIVE_INFINITY) + REFRACTORY_ROWS) rows.push(row);
  return rows;
}

/** What the hub itself would have said: `normal` is for people, who are called, not for the benchmark. */
function atNormal({ files, costs }: NabCorpus, raw: readonly Float64Array[]): { readonly standard: number; readonly detections: number } {
  const found = raw.map((scores) => detections(scores, THRESHOLDS.normal));
  const points = files.reduce((sum, file, i) => sum + pointsOf(file, found[i] ?? [], costs.standard), 0);
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0);
  return { standard: scaled(points, windows, costs.standard), detections: found.flat().length };
}

const emitted = (scores: Float64Array): Float64Array => {
  const found = new Float64Array(scores.length);
  for (const row of detections(scores, THRESHOLDS.high)) found[row] = scores[row] ?? 0;
  return found;
};

interface Half {
  readonly threshold: number;
  /** Of the half that the threshold was chosen on, of the other half at that threshold, and of the other half at its own best. */
  readonly tuned: number;
  readonly held: number;
  readonly heldBest: number;
}

/** Points of each file (columns) at each threshold (rows). */
interface PointTable {
  readonly thresholds: readonly number[];
  readonly points: readonly (readonly number[])[];
  readonly windows: readonly number[];
  readonly costs: CostMatrix;
}

function tabulate({ files, costs }: NabCorpus, raw: readonly Float64Array[]): PointTable {
  const thresholds = Array.from({ length: 81 }, (_, i) => 1 + i / 8);
  const points = thresholds.map((threshold) =>
    files.map((file, i) => pointsOf(file, detections(raw[i] ?? new Float64Array(), threshold), costs.standard)),
  );
  return { thresholds, points, windows: files.map(({ windows }) => windows.length), costs: costs.standard };
}

/** Chooses the threshold on the files that `tunes` names and scores the others with it. */
function holdOut({ thresholds, points, windows, costs }: PointTable, tunes: (file: number) => boolean): Half {
  const total = (values: readonly number[], wanted: boolean): number =>
    values.reduce((sum, value, file) => (tunes(file) === wanted ? sum + value : sum), 0);
  const rows = thresholds.map((threshold, i) => {
    const score = (wanted: boolean): number => scaled(total(points[i] ?? [], wanted), total(windows, wanted), costs);
    return { threshold, tuned: score(true), held: score(false) };
  });
  const best = rows.reduce((a, b) => (b.tuned > a.tuned ? b : a));
  return { ...best, heldBest: Math.max(...rows.map(({ held }) => held)) };
}

interface Splits {
  readonly tuned: number;
  readonly held: number;
  readonly heldBest: number;
}

/** Means over many halvings: one halving says as much about which half is easier as about the threshold. */
function splitOften(table: PointTable): Splits {
  const random = randomOf(1);
  const halves = Array.from({ length: SPLITS }, () => {
    const order = table.windows.map((_, file) => ({ file, key: random() })).toSorted((a, b) => a.key - b.key);
    const tuning = new Set(order.slice(0, order.length / 2).map(({ file }) => file));
    return holdOut(table, (file) => tuning.has(file));
  });
  const mean = (of: (half: Half) => number): number => halves.reduce((sum, half) => sum + of(half), 0) / SPLITS;
  return { tuned: mean(({ tuned }) => tuned), held: mean(({ held }) => held), heldBest: mean(({ heldBest }) => heldBest) };
}

function comparison({ published }: NabCorpus, ours: Scores, others: ReadonlyMap<string, Scores>): BenchTable {
  const row = (name: string, scores: Scores): string[] => [name, ...PROFILES.map((profile) => twoPlaces(scores[profile]))];
  const listed = Object.entries(published).map(([name, scores]) => {
    const again = others.get(name);
    return [...row(name, scores), again === undefined ? 'no result files here' : twoPlaces(again.standard)];
  });
  return {
    title: 'NAB: published scores, and ours',
    columns: ['detector', 'standard', 'low FP', 'low FN', 'standard by our scorer'],
    rows: [[...row(OURS, ours), ''], ...listed.toSorted((a, b) => Number(b[1]) - Number(a[1]))],
  };
}

function halvesTable(a: Half, b: Half, splits: Splits): BenchTable {
  const row = (name: string, threshold: string, { tuned, held, heldBest }: Splits): string[] => [
    name,
    threshold,
    ...[tuned, held, heldBest].map((each) => each.toFixed(1)),
  ];
  return {
    title: 'Threshold chosen on one half of the files, standard profile',
    columns: ['chosen on', 'threshold', 'that half', 'other half', 'other half at its own best'],
    rows: [
      row('half A', a.threshold.toFixed(1), a),
      row('half B', b.threshold.toFixed(1), b),
      row(`mean of ${SPLITS} random halves`, '', splits),
    ],
  };
}

interface Found {
  readonly ours: Scores;
  readonly half: Half;
  readonly splits: Splits;
  /** Of 1,000 VMs x 20 metrics each 10 s. */
  readonly corePercent: number;
  /** How many detectors; null without result files. */
  readonly reproduced: number | null;
}

function aimsOf({ ours, half, splits, reproduced, corePercent }: Found): Aim[] {
  const atMost = (name: string, value: number): Aim => ({ name, value, aim: '<= 3 points', met: value <= 3 });
  return [
    { name: 'standard', value: ours.standard, aim: '>= 65', met: ours.standard >= 65 },
    { name: 'reward low FP', value: ours.reward_low_FP_rate, aim: '>= 57', met: ours.reward_low_FP_rate >= 57 },
    atMost('half A (tuned) minus half B (held out)', half.tuned - half.held),
    atMost("half B: loss by half A's threshold", half.heldBest - half.held),
    atMost('tuned minus held out, mean of random halves', splits.tuned - splits.held),
    { name: '20,000 series, a row each 10 s: share of a core', value: corePercent, aim: '<= 1 %', met: corePercent <= 1 },
    {
      name: `published standard scores reproduced within ${REPRODUCED_WITHIN}`,
      value: reproduced,
      aim: `>= ${REPRODUCED_MIN} detectors`,
      met: (reproduced ?? 0) >= REPRODUCED_MIN,
    },
  ];
}

/** Scores that came out as published. A silent detector scores 0 by definition, so it is no evidence. */
function countReproduced({ published }: NabCorpus, others: ReadonlyMap<string, Scores>): number | null {
  if (others.size === 0) return null;
  const same = [...others].filter(
    ([name, { standard }]) => name !== 'null' && Math.abs(standard - (published[name]?.standard ?? 0)) <= REPRODUCED_WITHIN,
  );
  return same.length;
}

/** The Numenta Anomaly Benchmark below `DIR/nab`: our detector beside the published ones, and our scorer checked on their result files. */
export async function bench({ data, signal }: BenchOptions): Promise<BenchResult> {
  if (data === undefined)
    throw new Error('Say where the data is: --data DIR, with the benchmark (data, labels, config, results) in DIR/nab.');
  const corpus = await readCorpus(data);
  const { files, costs } = corpus;
  const others = await scoreOthers(data, corpus);
  const { raw, microsecondsPerRow } = detectAll(files, signal);
  const ranking = rank(files, raw.map(emitted));
  const { windowsFound, falseDetections } = bestScore(ranking, costs.standard);
  const ours = profiles((profile) => bestScore(ranking, costs[profile]).score);
  const table = tabulate(corpus, raw);
  const [a, b] = [holdOut(table, (file) => file % 2 === 0), holdOut(table, (file) => file % 2 === 1)];
  const splits = splitOften(table);
  const figures = {
    standard: ours.standard,
    lowFp: ours.reward_low_FP_rate,
    lowFn: ours.reward_low_FN_rate,
    windowsFound,
    windows: files.reduce((sum, { windows }) => sum + windows.length, 0),
    falseDetections,
    atNormal: atNormal(corpus, raw),
    halfA: a,
    halfB: b,
    splits,
    reproduced: Object.fromEntries(others),
    rows: files.reduce((sum, { at }) => sum + at.length, 0),
    microsecondsPerRow,
    // 1,000 VMs x 20 metrics: a row each 10 s, and as the hub watches them, a mean of 5 min.
    corePercentAt10s: (20_000 / 10) * microsecondsPerRow * 1e-4,
    corePercentAt300s: (20_000 / 300) * microsecondsPerRow * 1e-4,
    stateBytes: STATE_BYTES,
  };
  const aims = aimsOf({ ours, half: a, splits, reproduced: countReproduced(corpus, others), corePercent: figures.corePercentAt10s });
  return { figures, aims, tables: [comparison(corpus, ours, others), halvesTable(a, b, splits)] };
}
