import { runPipeline } from '../../plugins/analytics/forecast/pipeline.ts';
import { BASELINES } from '../../plugins/analytics/models/pool.ts';
import { readData } from './data.ts';
import { atMost, hourly, mean, round, trainAcross } from './forecast-data.ts';
import { maseOf, naive2, parseM4, smapeOf } from './m4h-scores.ts';
import type { BenchOptions, BenchResult } from './main.ts';

/** M4 hourly, development split: the last 48 points of each training series are the truth, what lies before is history. About a minute. */

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

type Lines = ReadonlyMap<string, readonly Float64Array[]>;

/** What the pool says, and each of its models alone where it took part. */
async function forecastAll(
  histories: readonly Float64Array[],
  signal: AbortSignal,
): Promise<{ pool: Float64Array[]; used: Map<string, number> }> {
  const models = [...BASELINES, ...trainAcross(histories, HORIZON)];
  const pool: Float64Array[] = [];
  const used = new Map<string, number>();
  for (const history of histories) {
    signal.throwIfAborted();
    const options = { horizonSeconds: HORIZON * HOUR_SECONDS, stepSeconds: HOUR_SECONDS };
    const { points, model } = await runPipeline(hourly(history), options, models);
    pool.push(Float64Array.from(points, ({ p50 }) => p50));
    used.set(model, (used.get(model) ?? 0) + 1);
  }
  return { pool, used };
}

function scoresOf(series: readonly Float64Array[], lines: readonly Float64Array[]): { smape: number; mase: number } {
  const truths = series.map((values) => values.subarray(-HORIZON));
  const histories = series.map((values) => values.subarray(0, -HORIZON));
  return {
    smape: mean(truths.map((truth, i) => smapeOf(truth, lines[i] ?? truth))),
    mase: mean(truths.map((truth, i) => maseOf(truth, lines[i] ?? truth, histories[i] ?? truth))),
  };
}

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, FILE);
  if ('skipped' in data) return data.skipped;
  const series = parseM4(data.text);
  const histories = series.map((values) => values.slice(0, -HORIZON));
  const startedAt = performance.now();
  const { pool, used } = await forecastAll(histories, options.signal);
  const seconds = (performance.now() - startedAt) / 1000;
  const lines: Lines = new Map([
    ['NovaCron', pool],
    ['Naive2', histories.map((history) => naive2(history, HORIZON))],
    [
      'seasonal naive',
      histories.map((history) => Float64Array.from({ length: HORIZON }, (_, i) => history[history.length - 24 + (i % 24)] ?? 0)),
    ],
  ]);
  const scores = new Map([...lines].map(([name, own]) => [name, scoresOf(series, own)]));
  const ours = scores.get('NovaCron') ?? { smape: Number.NaN, mase: Number.NaN };
  const base = scores.get('Naive2') ?? ours;
  const owa = (one: { smape: number; mase: number }): number => (one.smape / base.smape + one.mase / base.mase) / 2;
  const rows = [...scores].map(([name, one]) => [
    `${name} (development split)`,
    round(one.smape, 3),
    round(one.mase, 3),
    round(owa(one), 3),
  ]);
  return {
    figures: {
      series: series.length,
      smape: round(ours.smape),
      mase: round(ours.mase),
      owa: round(owa(ours)),
      naive2: { smape: round(base.smape), mase: round(base.mase) },
      models: Object.fromEntries(used),
      seconds: round(seconds, 1),
    },
    aims: [atMost('sMAPE, development split', round(ours.smape), 10.5), atMost('MASE, development split', round(ours.mase), 0.92)],
    tables: [
      {
        title: 'M4 hourly, 48 h ahead',
        columns: ['method', 'sMAPE', 'MASE', 'OWA'],
        rows: [...rows, ...PUBLISHED.map(([name, ...figures]) => [`${name} (published, test split)`, ...figures])],
      },
    ],
  };
}
