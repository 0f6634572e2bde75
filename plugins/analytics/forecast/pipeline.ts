import type { Forecast, ForecastOptions, Series } from '../port.ts';
import type { Quantiles } from '../models/model.ts';
import type { Model, Shape } from '../models/model.ts';
import { choose, combineRehearsed, originsOf, rehearse, type Backtest, type Choice, type Rehearsal } from './backtest.ts';
import { combine, COMBINATION, type CombinationSettings } from './combine.ts';
import { outlookOf } from './limit.ts';
import { calibrate, type Band, type LearnedBand } from './quantiles.ts';
import { grantHorizon, historyNeededSeconds, historyShort, STEPS_MIN } from './rules.ts';
import { findSeason } from './season.ts';
import { countMeasured, fillGaps, toSteps, type Grid } from './steps.ts';

export type PipelineOptions = Pick<ForecastOptions, 'horizonSeconds' | 'stepSeconds' | 'minimum' | 'maximum' | 'limit'>;

const DAY_SECONDS = 86_400;

interface Task {
  readonly grid: Grid;
  readonly filled: Float64Array;
  readonly shape: Shape;
  readonly measured: number;
}

function taskOf(series: Series, { horizonSeconds, stepSeconds }: PipelineOptions): Task {
  const grid = toSteps(series, stepSeconds);
  const measured = countMeasured(grid.values);
  const granted = grantHorizon(horizonSeconds, measured * stepSeconds);
  const horizon = Math.max(1, Math.floor(granted / stepSeconds));
  const stepsPerDay = Math.max(1, Math.round(DAY_SECONDS / stepSeconds));
  if (measured < STEPS_MIN || originsOf(grid.values.length, { horizon, stepsPerDay }).length === 0) {
    throw historyShort(measured * stepSeconds, { horizonSeconds, leastSeconds: STEPS_MIN * stepSeconds });
  }
  const filled = fillGaps(grid.values, stepsPerDay);
  const season = findSeason(filled, stepsPerDay);
  return { grid, measured, filled, shape: { horizon, stepsPerDay, beganAt: grid.from, ...(season !== undefined && { season }) } };
}

const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

const boundsOf = ({ minimum, maximum }: PipelineOptions): { low: number; high: number } => ({
  low: minimum === undefined ? 0 : (minimum ?? -Infinity),
  high: maximum ?? Infinity,
});

function pointsOf(line: Float64Array, band: Band, { grid, options }: { grid: Grid; options: PipelineOptions }): Forecast['points'] {
  const { low, high } = boundsOf(options);
  const begin = grid.from + grid.values.length * grid.stepMs;
  return Array.from(line, (value, step) => {
    const at = (offsets: Float64Array): number => within(value + (offsets[step] ?? 0), low, high);
    return { at: begin + step * grid.stepMs, p10: at(band.p10), p50: within(value, low, high), p90: at(band.p90) };
  });
}

interface Said {
  readonly line: Float64Array;
  readonly quantiles?: Quantiles;
}

async function saidBy(model: Model, { filled, shape }: Task): Promise<Said> {
  const fitted = await model.fit(filled, shape, 'final');
  try {
    const quantiles = fitted.quantiles?.(filled);
    return quantiles === undefined ? { line: fitted.forecast(filled) } : { line: quantiles.p50, quantiles };
  } finally {
    fitted.dispose?.();
  }
}

/** What weighs less could not move the median of the others, and need not be computed. */
const WEIGHT_MIN = 0.005;

interface Final {
  readonly line: Float64Array;
  readonly learned: readonly LearnedBand[];
}

const offsetsFrom = (line: Float64Array | undefined, { p10, p90 }: Quantiles): Band => ({
  p10: p10.map((value, step) => value - (line?.[step] ?? 0)),
  p90: p90.map((value, step) => value - (line?.[step] ?? 0)),
});

/** The line that is forecast, and the bands around it that models have learned. */
async function finish(choice: Choice, { tested }: Backtest, { task, say }: Prepared): Promise<Final> {
  const lines: Float64Array[] = [];
  const weights: Float64Array[] = [];
  const learners: { readonly folds: readonly Quantiles[]; readonly final: Quantiles }[] = [];
  const none = new Float64Array(task.shape.horizon);
  for (const [i, one] of tested.entries()) {
    const own = choice.is === 'single' ? none.map(() => (one === choice.best ? 1 : 0)) : (choice.combined.weights[i] ?? none);
    const counts = own.some((weight) => weight >= WEIGHT_MIN);
    if (!counts && one.quantiles === undefined) continue;
    const { line, quantiles } = await say(one.model);
    if (quantiles !== undefined && one.quantiles !== undefined) learners.push({ folds: one.quantiles, final: quantiles });
    if (!counts) continue;
    lines.push(line);
    weights.push(own);
  }
  const line = combine(lines, weights);
  const { forecasts } = choice.is === 'single' ? choice.best : choice.combined;
  const learned = learners.map(({ folds, final }) => ({
    folds: folds.map((quantiles, fold) => offsetsFrom(forecasts[fold], quantiles)),
    final: offsetsFrom(line, final),
  }));
  return { line, learned };
}

function shortened(granted: number, asked: number, stepSeconds: number): Forecast['shortened'] {
  const wanted = Math.max(stepSeconds, Math.floor(asked / stepSeconds) * stepSeconds);
  return granted >= wanted ? null : { askedSeconds: asked, needsHistorySeconds: historyNeededSeconds(asked) };
}

/** A series and what the models say of it: of its past, and when asked of its future. It depends on no settings of a combination. */
export interface Prepared {
  readonly options: PipelineOptions;
  readonly task: Task;
  readonly rehearsal: Rehearsal;
  readonly say: (model: Model) => Promise<Said>;
}

/** HubErrors as the port says. */
export async function prepare(series: Series, options: PipelineOptions, models: readonly Model[]): Promise<Prepared> {
  const task = taskOf(series, options);
  const { grid, filled, shape } = task;
  const rehearsal = await rehearse({ measured: grid.values, filled, shape, models });
  const said = new Map<Model, Promise<Said>>();
  const say = (model: Model): Promise<Said> => {
    const known = said.get(model) ?? saidBy(model, task);
    said.set(model, known);
    return known;
  };
  return { options, task, rehearsal, say };
}

/** From samples to a forecast; pure but for the training. HubErrors as the port says. */
export const runPipeline = async (series: Series, options: PipelineOptions, models: readonly Model[]): Promise<Forecast> =>
  settle(await prepare(series, options, models));

interface Decided extends Final {
  readonly result: Backtest;
  readonly choice: Choice;
}

async function decide(prepared: Prepared, settings: CombinationSettings): Promise<Decided> {
  const { options, task, rehearsal } = prepared;
  const result = combineRehearsed(rehearsal, settings);
  const choice = choose(result, settings);
  if (choice === undefined) throw historyShort(task.measured * options.stepSeconds, options);
  return { result, choice, ...(await finish(choice, result, prepared)) };
}

/** The line of `settle` without its band, which costs the most. */
export async function settleLine(prepared: Prepared, settings: CombinationSettings = COMBINATION): Promise<Float64Array> {
  const { low, high } = boundsOf(prepared.options);
  return (await decide(prepared, settings)).line.map((value) => within(value, low, high));
}

/** What is forecast when the models count as these settings say. */
export async function settle(prepared: Prepared, settings: CombinationSettings = COMBINATION): Promise<Forecast> {
  const { options, task } = prepared;
  const { grid, filled, shape } = task;
  const { result, choice, line, learned } = await decide(prepared, settings);
  const { residuals, score } = choice.is === 'single' ? choice.best : choice.combined;
  const [first = 0, second = first + 1] = originsOf(filled.length, shape);
  const { band, coverage } = calibrate(residuals, { horizon: shape.horizon, stride: second - first, learned });
  const granted = shape.horizon * options.stepSeconds;
  const points = pointsOf(line, band, { grid, options });
  return {
    model: score.model,
    backtest: scoresOf(result),
    folds: residuals.length,
    coverage,
    seasonSeconds: shape.season === undefined ? null : shape.season * options.stepSeconds,
    stepSeconds: options.stepSeconds,
    horizonSeconds: granted,
    shortened: shortened(granted, options.horizonSeconds, options.stepSeconds),
    points,
    limit:
      options.limit === undefined
        ? null
        : outlookOf(options.limit, { line, residuals, at: points.map(({ at }) => at), stepSeconds: options.stepSeconds }),
    observed: {
      at: Array.from(grid.values, (_, i) => grid.from + i * grid.stepMs),
      value: Array.from(grid.values, (value) => (Number.isNaN(value) ? null : value)),
    },
    history: {
      from: grid.from,
      to: grid.from + grid.values.length * grid.stepMs,
      steps: task.measured,
      missing: grid.values.length - task.measured,
    },
  };
}

/** The combination among the others, each with what it weighs in it. */
function scoresOf({ tested, combined }: Backtest): Forecast['backtest'] {
  const meanOf = (values: Float64Array | undefined): number | undefined =>
    values === undefined ? undefined : values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const singles = tested.map(({ score }, i) => ({ ...score, weight: meanOf(combined?.weights[i]) ?? (i === 0 ? 1 : 0) }));
  const all = combined === undefined ? singles : [...singles, { ...combined.score, weight: 0 }];
  return all.toSorted((a, b) => a.mae - b.mae);
}
