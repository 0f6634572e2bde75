import { prepare, settleLine } from '../../plugins/analytics/forecast/pipeline.ts';
import { median } from '../../plugins/analytics/models/model.ts';
import { BASELINES } from '../../plugins/analytics/models/pool.ts';
import { BITBRAINS_FILE, bitbrainsLoss, bitbrainsTrials, type BitbrainsTrial } from './bitbrains.ts';
import { crossFit, foldsBy, leastOf, timesChosen } from './choose.ts';
import { readData } from './data.ts';
import { atMost, hourly, mean, round, trainAcross } from './forecast-data.ts';
import { maseOf, naive2, parseM4, smapeOf } from './m4h-scores.ts';
import type { BenchOptions, BenchResult, BenchTable } from './main.ts';
import { DEFAULT_INDEX, POOL_GRID, settingsName, withEach } from './pool-settings.ts';

/**
 * M4 hourly, development split: the last 48 points of each training series are the truth, what lies before is history. The settings are those that
 * were best on the 48 points before these; nothing here is random, so five seeds would be one run. Some minutes.
 */

const FILE = 'm4-hourly/Hourly-train.csv.gz';
const HORIZON = 48;
const HOUR_SECONDS = 3600;

/** sMAPE, MASE, OWA as published, of the competition's own test part: another split than ours, so not to be compared row by row. */
const PUBLISHED = [
  ['Doornik', 8.913, 0.801, 0.41],
  ['Smyl', 9.328, 0.893, 0.44],
  ['Pawlikowski', 9.611, 0.873, 0.444],
  ['Montero-Manso', 11.506, 0.819, 0.484],
  ['seasonal naive', 13.912, 1.193, 0.627],
  ['MLP', 13.842, 2.607, 0.921],
  ['Naive2', 18.383, 2.395, 1],
  ['Theta', 18.138, 2.455, 1.006],
] as const;

interface M4Scores {
  readonly smape: number;
  readonly mase: number;
}

interface Split {
  readonly histories: readonly Float64Array[];
  readonly truths: readonly Float64Array[];
}

/** `later`: how many horizons lie after what is forecast. */
const splitOf = (series: readonly Float64Array[], later: number): Split => {
  const known = series.map((values) => values.subarray(0, values.length - later * HORIZON));
  return { histories: known.map((values) => values.slice(0, -HORIZON)), truths: known.map((values) => values.slice(-HORIZON)) };
};

function scoresOf({ histories, truths }: Split, lines: readonly Float64Array[]): M4Scores {
  return {
    smape: mean(truths.map((truth, i) => smapeOf(truth, lines[i] ?? truth))),
    mase: mean(truths.map((truth, i) => maseOf(truth, lines[i] ?? truth, histories[i] ?? truth))),
  };
}

/** What the pool says with each of the grid. */
async function scoreAll(split: Split, signal: AbortSignal): Promise<M4Scores[]> {
  const models = [...BASELINES, ...trainAcross(split.histories, HORIZON)];
  const lines: Float64Array[][] = POOL_GRID.map(() => []);
  for (const history of split.histories) {
    signal.throwIfAborted();
    const options = { horizonSeconds: HORIZON * HOUR_SECONDS, stepSeconds: HOUR_SECONDS };
    const forecasts = await withEach(await prepare(hourly(history), options, models), settleLine);
    for (const [index, line] of forecasts.entries()) lines[index]?.push(line);
  }
  return lines.map((own) => scoresOf(split, own));
}

const naive2Of = (split: Split): M4Scores =>
  scoresOf(
    split,
    split.histories.map((history) => naive2(history, HORIZON)),
  );

const yesterday = (history: Float64Array): Float64Array =>
  Float64Array.from({ length: HORIZON }, (_, i) => history[history.length - 24 + (i % 24)] ?? 0);

/** Relative to Naive2 on the same split: what the competition ranks by, and what settings are chosen by. */
const owaOf = (one: M4Scores, base: M4Scores): number => (one.smape / base.smape + one.mase / base.mase) / 2;

const GRID_INDEXES = [...POOL_GRID.keys()];
const nameAt = (index: number): string => settingsName(POOL_GRID[index] as (typeof POOL_GRID)[number]);

interface Together {
  /** What both together choose: what ships. */
  readonly index: number;
  /** Bitbrains' mean and median MASE, each VM left out in turn. */
  readonly bitbrains: readonly [number, number];
  readonly chosen: Readonly<Record<string, number>>;
}

/** One setting for both: the least loss on the earlier stretch here and on the (other) VMs there, each relative to the least that was to be had. */
async function chooseTogether(owas: readonly number[], options: BenchOptions): Promise<Together | null> {
  const data = await readData(options, BITBRAINS_FILE);
  if ('skipped' in data) return null;
  const relative = (losses: readonly number[]): number[] => losses.map((loss) => loss / Math.min(...losses));
  const here = relative(owas);
  const choose = (trials: readonly BitbrainsTrial[]): number => {
    const there = relative(GRID_INDEXES.map((index) => bitbrainsLoss(trials, index)));
    return leastOf(GRID_INDEXES, (index) => (here[index] ?? 0) + (there[index] ?? 0));
  };
  const trials = await bitbrainsTrials(data.text, options.signal);
  const { choices, results } = crossFit(
    foldsBy(trials, ({ vm }) => vm),
    { choose, score: ({ scores }, index) => scores[index]?.mase ?? Number.NaN },
  );
  return { index: choose(trials), bitbrains: [round(mean(results)), round(median(results))], chosen: timesChosen(choices, nameAt) };
}

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, FILE);
  if ('skipped' in data) return data.skipped;
  const startedAt = performance.now();
  const series = parseM4(data.text);
  const [earlier, last] = [splitOf(series, 1), splitOf(series, 0)];
  const earlierBase = naive2Of(earlier);
  const owas = (await scoreAll(earlier, options.signal)).map((one) => owaOf(one, earlierBase));
  const chosen = leastOf(GRID_INDEXES, (index) => owas[index] ?? Infinity);
  const together = await chooseTogether(owas, options);
  // Only now is the last stretch looked at.
  const scored = await scoreAll(last, options.signal);
  const base = naive2Of(last);
  const owaAt = (index: number): number => owaOf(scored[index] as M4Scores, base);
  const hindsight = leastOf(GRID_INDEXES, owaAt);
  const ours = scored[chosen] as M4Scores;
  const row = (name: string, one: M4Scores) => [name, round(one.smape, 3), round(one.mase, 3), round(owaOf(one, base), 3)];
  const at = (index: number) => ({ ...scored[index], owa: round(owaAt(index)), settings: nameAt(index) });
  return {
    figures: {
      series: series.length,
      settings: POOL_GRID.length,
      smape: round(ours.smape),
      mase: round(ours.mase),
      owa: round(owaAt(chosen)),
      chosen: nameAt(chosen),
      chosenOwaEarlier: round(owas[chosen] ?? Number.NaN),
      product: at(DEFAULT_INDEX),
      hindsight: at(hindsight),
      together: together && { ...at(together.index), bitbrainsMase: together.bitbrains, bitbrainsChosen: together.chosen },
      naive2: { smape: round(base.smape), mase: round(base.mase) },
      seconds: round((performance.now() - startedAt) / 1000, 1),
    },
    aims: [atMost('sMAPE, last 48 h', round(ours.smape), 10.5), atMost('MASE, last 48 h', round(ours.mase), 0.92)],
    tables: [
      {
        title: 'M4 hourly, 48 h ahead, development split (the last 48 h); settings by the 48 h before them',
        columns: ['method', 'sMAPE', 'MASE', 'OWA'],
        rows: [
          row(`NovaCron, chosen on the 48 h before (${nameAt(chosen)})`, ours),
          row(`NovaCron, as it ships (${nameAt(DEFAULT_INDEX)})`, scored[DEFAULT_INDEX] as M4Scores),
          row(`NovaCron, best in hindsight (${nameAt(hindsight)})`, scored[hindsight] as M4Scores),
          row('Naive2', base),
          row('seasonal naive', scoresOf(last, last.histories.map(yesterday))),
          ...PUBLISHED.map(([name, ...figures]) => [`${name} (published, test split)`, ...figures]),
        ],
      },
      ...(together === null ? [] : [togetherTable(together, row(nameAt(together.index), scored[together.index] as M4Scores))]),
    ],
  };
}

const togetherTable = ({ index, bitbrains }: Together, [, smape = 0, mase = 0]: readonly (string | number)[]): BenchTable => ({
  title: 'One setting for both, chosen on the 48 h before and on the other VMs of Bitbrains',
  columns: ['settings', 'M4 sMAPE', 'M4 MASE', 'Bitbrains MASE mean', 'median'],
  rows: [[nameAt(index), smape, mase, ...bitbrains]],
});
