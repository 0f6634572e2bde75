import { prepare, settle } from '../../plugins/analytics/forecast/pipeline.ts';
import { COMBINATION } from '../../plugins/analytics/forecast/combine.ts';
import { BASELINES } from '../../plugins/analytics/models/pool.ts';
import type { Model } from '../../plugins/analytics/models/model.ts';
import type { Forecast } from '../../plugins/analytics/port.ts';
import { median } from '../../plugins/analytics/models/model.ts';
import { hourlyMeans, type HourlySeries } from './bitbrains-data.ts';
import { crossFit, foldsBy, leastOf, timesChosen } from './choose.ts';
import { readData } from './data.ts';
import { atMost, hourly, mean, round, trainAcross } from './forecast-data.ts';
import type { BenchOptions, BenchResult } from './main.ts';
import { DEFAULT_INDEX, POOL_GRID, settingsName, withEach } from './pool-settings.ts';

/**
 * Bitbrains GWA-T-12: hourly CPU of 24 VMs; after 7 days of history the next 24 h, each day. Each VM is scored with the settings that are best on
 * the other VMs: one VM is left out at a time, so that as much is known as the product's default is chosen by, and no draw decides. Half a minute.
 */

export const BITBRAINS_FILE = 'bitbrains/trace.csv.gz';
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

/** One forecast, with each of the grid. */
export interface BitbrainsTrial {
  readonly vm: string;
  readonly scores: readonly Scored[];
}

/** All forecasts of the file's text. */
export async function bitbrainsTrials(text: string, signal: AbortSignal): Promise<BitbrainsTrial[]> {
  const all = hourlyMeans(text);
  const trained = new Map<number, Model[]>();
  const trials: BitbrainsTrial[] = [];
  for (const origin of originsOf(all)) {
    signal.throwIfAborted();
    const hour = origin.series.firstHour + origin.history.length;
    const across = trained.get(hour) ?? trainAcross(knownAt(all, hour), HORIZON);
    trained.set(hour, across);
    const options = { horizonSeconds: HORIZON * HOUR_SECONDS, stepSeconds: HOUR_SECONDS };
    const forecasts = await withEach(await prepare(hourly(origin.history), options, [...BASELINES, ...across]), settle);
    trials.push({ vm: origin.series.id, scores: forecasts.map((forecast) => score(origin, forecast)) });
  }
  return trials;
}

const GRID_INDEXES = [...POOL_GRID.keys()];
const scoreAt = ({ scores }: BitbrainsTrial, index: number): Scored => scores[index] as Scored;

/** What settings are chosen by: mean and median MASE, since either alone would forget the other. */
export function bitbrainsLoss(trials: readonly BitbrainsTrial[], index: number): number {
  const mases = trials.map((trial) => scoreAt(trial, index).mase);
  return mean(mases) + median(mases);
}

const leastLoss = (trials: readonly BitbrainsTrial[]): number => leastOf(GRID_INDEXES, (index) => bitbrainsLoss(trials, index));

/** Every second VM is a fold: half as much is known as with all but one. */
const halvesOf = (trials: readonly BitbrainsTrial[]): BitbrainsTrial[][] => {
  const vms = [...new Set(trials.map(({ vm }) => vm))].toSorted();
  return [0, 1].map((half) => trials.filter(({ vm }) => vms.indexOf(vm) % 2 === half));
};

const both = (values: readonly number[]): [number, number] => [round(mean(values)), round(median(values))];

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const data = await readData(options, BITBRAINS_FILE);
  if ('skipped' in data) return data.skipped;
  const startedAt = performance.now();
  const trials = await bitbrainsTrials(data.text, options.signal);
  const fitting = { choose: leastLoss, score: scoreAt };
  const { results: scored, choices } = crossFit(
    foldsBy(trials, ({ vm }) => vm),
    fitting,
  );
  const halves = crossFit(halvesOf(trials), fitting);
  const hindsight = leastLoss(trials);
  const [maseMean, maseMedian] = both(scored.map(({ mase }) => mase));
  const coverage = mean(scored.map(({ inside }) => inside / HORIZON));
  const at = (index: number): [number, number] => both(trials.map((trial) => scoreAt(trial, index).mase));
  const nameAt = (index: number): string => settingsName(POOL_GRID[index] as (typeof POOL_GRID)[number]);
  return {
    figures: {
      forecasts: scored.length,
      folds: choices.length,
      settings: POOL_GRID.length,
      maseMean,
      maseMedian,
      coverageRatio: round(coverage),
      belowP10Ratio: round(mean(scored.map(({ below }) => below / HORIZON))),
      pinballMean: round(mean(scored.map((one) => one.pinball))),
      chosen: timesChosen(choices, nameAt),
      halvesMase: both(halves.results.map(({ mase }) => mase)),
      halvesChosen: halves.choices.map(nameAt),
      productMase: at(DEFAULT_INDEX),
      hindsightMase: at(hindsight),
      hindsight: nameAt(hindsight),
      models: timesChosen(scored, ({ model }) => model),
      seconds: round((performance.now() - startedAt) / 1000, 1),
    },
    aims: [
      atMost('MASE mean, held out', maseMean, 1.05),
      atMost('MASE median, held out', maseMedian, 0.62),
      { name: 'coverage of p10-p90, held out', value: round(coverage), aim: '0.77 .. 0.83', met: Math.abs(coverage - 0.8) <= 0.03 },
    ],
    tables: [
      {
        title: `Bitbrains, 24 h ahead, ${scored.length} forecasts, one of ${POOL_GRID.length} settings`,
        columns: ['method', 'MASE mean', 'MASE median'],
        rows: [
          ['NovaCron, each VM with what the other VMs chose', ...asText(maseMean, maseMedian)],
          ['NovaCron, each half of the VMs with what the other half chose', ...asText(...both(halves.results.map(({ mase }) => mase)))],
          [`NovaCron, as it ships (${settingsName(COMBINATION)})`, ...asText(...at(DEFAULT_INDEX))],
          [`NovaCron, best in hindsight (${nameAt(hindsight)})`, ...asText(...at(hindsight))],
          ['flat median of 24 h', ...asText(...both(scored.map(({ plain }) => plain)))],
          ['last value', ...asText(...both(scored.map(({ last }) => last)))],
        ],
      },
    ],
  };
}

/** In full: three digits would hide what decides. */
const asText = (...values: readonly number[]): string[] => values.map((value) => value.toFixed(4));
