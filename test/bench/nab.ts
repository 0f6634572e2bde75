import { createState, observe, REFRACTORY_ROWS, STATE_BYTES, THRESHOLD } from '../../plugins/analytics/anomaly/detector.ts';
import type { Aim, BenchOptions, BenchResult, BenchTable } from './main.ts';
import { PROFILES, readCorpus, readResults, type NabCorpus, type NabFile, type Profile } from './nab-data.ts';
import { bestScore, rank, scoreOf } from './nab-score.ts';

/** Two scorers agree when they differ by less, on a scale of 100. */
const REPRODUCED_WITHIN = 0.05;
const REPRODUCED_MIN = 3;
const OURS = 'NovaCron';

type Scores = Readonly<Record<Profile, number>>;

const threeDigits = (score: number): string => score.toFixed(2);

/** The scores of every detector whose result files are there, by our scorer. */
async function scoreOthers(dir: string, { files, costs, published }: NabCorpus): Promise<Map<string, Scores>> {
  const found = new Map<string, Scores>();
  for (const detector of Object.keys(published)) {
    const results = await readResults(dir, detector, files);
    if (results === undefined) continue;
    const ranking = rank(files, results);
    found.set(detector, profiles((profile) => bestScore(ranking, costs[profile]).score));
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
  const began = performance.now();
  let rows = 0;
  const raw = files.map(({ at, value }) => {
    signal.throwIfAborted();
    const state = createState();
    rows += at.length;
    return value.map((each, i) => observe(state, at[i] ?? 0, each));
  });
  return { raw, microsecondsPerRow: ((performance.now() - began) * 1000) / rows };
}

/** Rows that reach the threshold and come after the quiet of the one before. */
function detections(scores: Float64Array, threshold: number): number[] {
  const rows: number[] = [];
  for (const [row, score] of scores.entries())
    if (score >= threshold && row >= (rows.at(-1) ?? Number.NEGATIVE_INFINITY) + REFRACTORY_ROWS) rows.push(row);
  return rows;
}

const emitted = (scores: Float64Array): Float64Array => {
  const found = new Float64Array(scores.length);
  for (const row of detections(scores, THRESHOLD)) found[row] = scores[row] ?? 0;
  return found;
};

interface Half {
  readonly threshold: number;
  /** Of the half that the threshold was chosen on, of the other half at that threshold, and of the other half at its own best. */
  readonly tuned: number;
  readonly held: number;
  readonly heldBest: number;
}

/** Every second file is tuned on, the others are held out; `odd` says which. */
function crossScore({ files, costs }: NabCorpus, raw: readonly Float64Array[], odd: 0 | 1): Half {
  const scoreHalf = (half: 0 | 1, threshold: number): number => {
    const mine = <T>(all: readonly T[]): T[] => all.filter((_, i) => i % 2 === half);
    return scoreOf(
      mine(files),
      mine(raw).map((scores) => detections(scores, threshold)),
      costs.standard,
    );
  };
  const thresholds = Array.from({ length: 81 }, (_, i) => 6 + i / 10);
  const rows = thresholds.map((threshold) => ({ threshold, tuned: scoreHalf(odd, threshold), held: scoreHalf(odd === 0 ? 1 : 0, threshold) }));
  const best = rows.reduce((a, b) => (b.tuned > a.tuned ? b : a));
  return { ...best, heldBest: Math.max(...rows.map(({ held }) => held)) };
}

function comparison({ published }: NabCorpus, ours: Scores, others: ReadonlyMap<string, Scores>): BenchTable {
  const row = (name: string, scores: Scores): string[] => [name, ...PROFILES.map((profile) => threeDigits(scores[profile]))];
  const listed = Object.entries(published).map(([name, scores]) => {
    const again = others.get(name);
    return [...row(name, scores), again === undefined ? 'no result files here' : threeDigits(again.standard)];
  });
  return {
    title: 'NAB: published scores, and ours',
    columns: ['detector', 'standard', 'low FP', 'low FN', 'standard by our scorer'],
    rows: [[...row(OURS, ours), ''], ...listed.toSorted((a, b) => Number(b[1]) - Number(a[1]))],
  };
}

const halves = (a: Half, b: Half): BenchTable => ({
  title: 'Threshold chosen on one half of the files, standard profile',
  columns: ['chosen on', 'threshold', 'that half', 'other half', 'other half at its own best'],
  rows: [
    ['A', a],
    ['B', b],
  ].map(([name, half]) => {
    const { threshold, tuned, held, heldBest } = half as Half;
    return [String(name), ...[threshold, tuned, held, heldBest].map((each) => each.toFixed(1))];
  }),
});

function aimsOf(ours: Scores, half: Half, reproduced: number | null): Aim[] {
  const loss = half.heldBest - half.held;
  return [
    { name: 'standard', value: ours.standard, aim: '>= 65', met: ours.standard >= 65 },
    { name: 'reward low FP', value: ours.reward_low_FP_rate, aim: '>= 57', met: ours.reward_low_FP_rate >= 57 },
    { name: "half B at half A's threshold: loss against B's own best", value: loss, aim: '<= 3 points', met: loss <= 3 },
    { name: 'half A (tuned) minus half B (held out)', value: half.tuned - half.held, aim: '<= 3 points', met: half.tuned - half.held <= 3 },
    {
      name: `published standard scores reproduced within ${REPRODUCED_WITHIN}`,
      value: reproduced,
      aim: `>= ${REPRODUCED_MIN} detectors`,
      met: (reproduced ?? 0) >= REPRODUCED_MIN,
    },
  ];
}

/** The Numenta Anomaly Benchmark below `DIR/nab`: our detector beside the published ones, and our scorer checked on their result files. */
export async function bench({ data, signal }: BenchOptions): Promise<BenchResult> {
  if (data === undefined) throw new Error('Say where the data is: --data DIR, with the benchmark (data, labels, config, results) in DIR/nab.');
  const corpus = await readCorpus(data);
  const { files, costs } = corpus;
  const others = await scoreOthers(data, corpus);
  const { raw, microsecondsPerRow } = detectAll(files, signal);
  const ranking = rank(files, raw.map(emitted));
  const best = { standard: bestScore(ranking, costs.standard), lowFp: bestScore(ranking, costs.reward_low_FP_rate) };
  const ours = profiles((profile) => bestScore(ranking, costs[profile]).score);
  const [a, b] = [crossScore(corpus, raw, 0), crossScore(corpus, raw, 1)];
  const near = [...others].filter(([name, { standard }]) => Math.abs(standard - (corpus.published[name]?.standard ?? 0)) <= REPRODUCED_WITHIN);
  // A silent detector scores 0 by definition: no evidence.
  const reproduced = others.size === 0 ? null : near.filter(([name]) => name !== 'null').length;
  const figures = {
    standard: ours.standard,
    lowFp: ours.reward_low_FP_rate,
    lowFn: ours.reward_low_FN_rate,
    windowsFound: best.standard.windowsFound,
    windows: files.reduce((sum, { windows }) => sum + windows.length, 0),
    falseDetections: best.standard.falseDetections,
    halfA: a,
    halfB: b,
    reproduced: Object.fromEntries(others),
    rows: files.reduce((sum, { at }) => sum + at.length, 0),
    microsecondsPerRow,
    stateBytes: STATE_BYTES,
  };
  return { figures, aims: aimsOf(ours, a, reproduced), tables: [comparison(corpus, ours, others), halves(a, b)] };
}
