import { DETECTOR, STATE_BYTES, THRESHOLDS } from '../../plugins/analytics/anomaly/detector.ts';
import type { Aim, BenchOptions, BenchResult, BenchTable } from './main.ts';
import {
  DETECTOR_GRID,
  detectAll,
  detections,
  detectorName,
  holdOut,
  splitOften,
  tryDetectors,
  type Half,
  type Splits,
} from './nab-choice.ts';
import { PROFILES, readCorpus, readResults, type NabCorpus, type NabFile, type Profile } from './nab-data.ts';
import { bestScore, pointsOf, rank, scaled, type Score } from './nab-score.ts';

/** Two scorers agree when they differ by less, on a scale of 100. */
const REPRODUCED_WITHIN = 0.05;
const REPRODUCED_MIN = 3;

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

/** What one row costs, of the detector that ships. */
function costOfRow(files: readonly NabFile[]): number {
  const began = process.cpuUsage();
  detectAll(files, DETECTOR);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / files.reduce((sum, { at }) => sum + at.length, 0);
}

/** What the hub itself would have said: `normal` is for people, who are called, not for the benchmark. */
function atNormal({ files, costs }: NabCorpus, raw: readonly Float64Array[]): { readonly standard: number; readonly detections: number } {
  const found = raw.map((scores) => detections(scores, THRESHOLDS.normal, DETECTOR.refractoryRows));
  const points = files.reduce((sum, file, i) => sum + pointsOf(file, found[i] ?? [], costs.standard), 0);
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0);
  return { standard: scaled(points, windows, costs.standard), detections: found.flat().length };
}

/** A detector that is what it is at this threshold: what its result files would hold. */
const emitted = (
  scores: Float64Array,
  { threshold, refractoryRows }: Pick<Chosen, 'threshold'> & { readonly refractoryRows: number },
): Float64Array => {
  const found = new Float64Array(scores.length);
  for (const row of detections(scores, threshold, refractoryRows)) found[row] = scores[row] ?? 0;
  return found;
};

type Chosen = Pick<Half, 'trial' | 'threshold'>;

/** Of the whole corpus, at the threshold that is best for each profile: how the benchmark is published. */
function wholeScores({ files, costs }: NabCorpus, { trial, threshold }: Chosen): { readonly scores: Scores; readonly standard: Score } {
  const { refractoryRows } = trial.settings;
  const ranking = rank(
    files,
    trial.raw.map((scores) => emitted(scores, { threshold, refractoryRows })),
  );
  return { scores: profiles((profile) => bestScore(ranking, costs[profile]).score), standard: bestScore(ranking, costs.standard) };
}

function comparison({ published }: NabCorpus, ours: ReadonlyMap<string, Scores>, others: ReadonlyMap<string, Scores>): BenchTable {
  const row = (name: string, scores: Scores): string[] => [name, ...PROFILES.map((profile) => twoPlaces(scores[profile]))];
  const listed = Object.entries(published).map(([name, scores]) => {
    const again = others.get(name);
    return [...row(name, scores), again === undefined ? 'no result files here' : twoPlaces(again.standard)];
  });
  return {
    title: 'NAB: published scores, and ours',
    columns: ['detector', 'standard', 'low FP', 'low FN', 'standard by our scorer'],
    rows: [...[...ours].map(([name, scores]) => [...row(name, scores), '']), ...listed.toSorted((a, b) => Number(b[1]) - Number(a[1]))],
  };
}

function halvesTable(a: Half, b: Half, splits: ReturnType<typeof splitOften>): BenchTable {
  const row = (name: string, chosen: string, { tuned, held, heldBest }: Splits): string[] => [
    name,
    chosen,
    ...[tuned, held, heldBest].map((each) => each.toFixed(1)),
  ];
  const chosen = ({ trial, threshold }: Half): string => `${detectorName(trial.settings)}; ${threshold.toFixed(2)}`;
  return {
    title: `One of ${DETECTOR_GRID.length} settings and its threshold, chosen on one half of the files, standard profile`,
    columns: ['chosen on', 'settings; threshold', 'that half', 'other half', 'other half at its own best threshold'],
    rows: [row('half A', chosen(a), a), row('half B', chosen(b), b), row(`mean of ${splits.count} random halves`, '', splits)],
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
    { name: 'standard, settings chosen on half A', value: ours.standard, aim: '>= 65', met: ours.standard >= 65 },
    { name: 'reward low FP, settings chosen on half A', value: ours.reward_low_FP_rate, aim: '>= 57', met: ours.reward_low_FP_rate >= 57 },
    atMost('half A (tuned) minus half B (held out)', half.tuned - half.held),
    atMost("half B: loss by half A's threshold, with A's settings", half.heldBest - half.held),
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
  const microsecondsPerRow = costOfRow(files);
  const trials = tryDetectors(corpus, signal);
  const of = { windows: files.map(({ windows }) => windows.length), costs: costs.standard };
  const [a, b] = [holdOut(trials, { ...of, tunes: (file) => file % 2 === 0 }), holdOut(trials, { ...of, tunes: (file) => file % 2 === 1 })];
  const splits = splitOften(trials, of);
  const [byA, byB] = [wholeScores(corpus, a), wholeScores(corpus, b)];
  const shipped = trials.find(({ settings }) => detectorName(settings) === detectorName(DETECTOR)) ?? a.trial;
  const asShipped = wholeScores(corpus, { trial: shipped, threshold: THRESHOLDS.high });
  const hindsight = wholeScores(corpus, holdOut(trials, { ...of, tunes: () => true }));
  const half = ({ trial, threshold, tuned, held, heldBest }: Half) => ({
    settings: detectorName(trial.settings),
    threshold,
    tuned,
    held,
    heldBest,
  });
  const ours = byA.scores;
  const figures = {
    settings: trials.length,
    standard: ours.standard,
    lowFp: ours.reward_low_FP_rate,
    lowFn: ours.reward_low_FN_rate,
    windowsFound: byA.standard.windowsFound,
    windows: of.windows.reduce((sum, count) => sum + count, 0),
    falseDetections: byA.standard.falseDetections,
    halfA: half(a),
    halfB: half(b),
    byHalfB: byB.scores,
    shipped: asShipped.scores,
    hindsight: hindsight.scores,
    atNormal: atNormal(corpus, shipped.raw),
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
  const rows = new Map([
    ['NovaCron, settings chosen on half A', ours],
    ['NovaCron, settings chosen on half B', byB.scores],
    ['NovaCron, as it ships (sensitivity `high`)', asShipped.scores],
    ['NovaCron, best in hindsight', hindsight.scores],
  ]);
  return { figures, aims, tables: [comparison(corpus, rows, others), halvesTable(a, b, splits)] };
}
