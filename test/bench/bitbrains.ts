import { runPipeline } from '../../plugins/analytics/forecast/pipeline.ts';
import { BASELINES } from '../../plugins/analytics/models/pool.ts';
import type { Model } from '../../plugins/analytics/models/model.ts';
import type { Forecast } from '../../plugins/analytics/port.ts';
import { median } from '../../plugins/analytics/models/model.ts';
import { hourlyMeans, type HourlySeries } from './bitbrains-data.ts';
import { readData } from './data.ts';
import { atMost, hourly, mean, round, trainAcross } from './forecast-data.ts';
import type { BenchOptions, BenchResult } from './main.ts';

/** Bitbrains GWA-T-12: hourly CPU of 24 VMs; after 7 days of history the next 24 h, each day. About a minute. */

const FILE = 'bitbrains/trace.csv.gz';
const HORIZON = 24;
const HISTORY_MIN = 168;
const HOUR_SECONDS = 3600;

interface Scored {
  readonly mase: number;
  /** The flat median of the last day, which is hard to beat here. */
  readonly plain: number;
  readonly last: number;
  readonly inside: number;
  readonly below: number;
  readonly pinball: number;
  readonly model: string;
}

interface Origin {
  readonly series: HourlySeries;
  readonly history: Float64Array;
  readonly truth: Float64Array;
}

function originsOf(all: readonly HourlySeries[]): Origin[] {
  return all.flatMap((series) => {
    const origins: Origin[] = [];
    for (let at = HISTORY_MIN; at + HORIZON <= series.values.length; at += HORIZON) {
      origins.push({ series, history: series.values.slice(0, at), truth: series.values.slice(at, at + HORIZON) });
    }
    return origins;
  });
}

/** What was known of all VMs at that hour: a model trained across series must not know more either. */
function knownAt(all: readonly HourlySeries[], hour: number): Float64Array[] {
  return all.map(({ firstHour, values }) => values.slice(0, Math.max(0, hour - firstHour))).filter(({ length }) => length > 0);
}

const pinball = (error: number, share: number): number => Math.max(share * error, (share - 1) * error);

/** Mean absolute change to the same hour of the next day; floored, since a VM that never changes has no scale. */
function scaleOf(history: Float64Array): number {
  let sum = 0;
  for (let i = 24; i < history.length; i++) sum += Math.abs((history[i] ?? 0) - (history[i - 24] ?? 0));
  return Math.max(sum / (history.length - 24), 1e-9);
}

function score({ history, truth }: Origin, { points, model }: Forecast): Scored {
  const scale = scaleOf(history);
  const maeOf = (of: (step: number) => number): number => mean([...truth].map((value, step) => Math.abs(value - of(step))));
  const flat = median(history.subarray(-24));
  const quantiles = (value: number, step: number): number => {
    const { p10 = 0, p50 = 0, p90 = 0 } = points[step] ?? {};
    return (pinball(value - p10, 0.1) + pinball(value - p50, 0.5) + pinball(value - p90, 0.9)) / 3;
  };
  return {
    mase: maeOf((step) => points[step]?.p50 ?? 0) / scale,
    plain: maeOf(() => flat) / scale,
    last: maeOf(() => history.at(-1) ?? 0) / scale,
    inside: [...truth].filter((value, step) => value >= (points[step]?.p10 ?? 0) && value <= (points[step]?.p90 ?? 0)).length,
    below: [...truth].filter((value, step) => value < (points[step]?.p10 ?? 0)).length,
    pinball: mean([...truth].map(quantiles)) / scale,
    model,
  };
}

async function forecastAll(all: readonly HourlySeries[], signal: AbortSignal): Promise<Scored[]> {
  const trained = new Map<number, Model[]>();
  const scored: Scored[] = [];
  for (const origin of originsOf(all)) {
    signal.throwIfAborted();
    const hour = origin.series.firstHour + origin.history.length;
    const across = trained.get(hour) ?? trainAcross(knownAt(all, hour), HORIZON);
    trained.set(hour, across);
    const options = { horizonSeconds: HORIZON * HOUR_SECONDS, stepSeconds: HOUR_SECONDS };
    scored.push(score(origin, await runPipeline(hourly(origin.history), options, [...BASELINES, ...across])));
  }
  return scored;
}

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, FILE);
  if ('skipped' in data) return data.skipped;
  const startedAt = performance.now();
  const scored = await forecastAll(hourlyMeans(data.text), options.signal);
  const seconds = (performance.now() - startedAt) / 1000;
  const both = (values: readonly number[]): [number, number] => [round(mean(values)), round(median(values))];
  const [maseMean, maseMedian] = both(scored.map(({ mase }) => mase));
  const coverage = mean(scored.map(({ inside }) => inside / HORIZON));
  const models = Map.groupBy(scored, ({ model }) => model);
  return {
    figures: {
      forecasts: scored.length,
      maseMean,
      maseMedian,
      coverageRatio: round(coverage),
      belowP10Ratio: round(mean(scored.map(({ below }) => below / HORIZON))),
      pinballMean: round(mean(scored.map((one) => one.pinball))),
      models: Object.fromEntries([...models].map(([name, { length }]) => [name, length])),
      seconds: round(seconds, 1),
    },
    aims: [
      atMost('MASE mean', maseMean, 1.05),
      atMost('MASE median', maseMedian, 0.62),
      { name: 'coverage of p10-p90', value: round(coverage), aim: '0.77 .. 0.83', met: Math.abs(coverage - 0.8) <= 0.03 },
    ],
    tables: [
      {
        title: `Bitbrains, 24 h ahead, ${scored.length} forecasts`,
        columns: ['method', 'MASE mean', 'MASE median'],
        rows: [
          ['NovaCron', maseMean, maseMedian],
          ['flat median of 24 h', ...both(scored.map(({ plain }) => plain))],
          ['last value', ...both(scored.map(({ last }) => last))],
        ],
      },
    ],
  };
}
