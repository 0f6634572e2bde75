import type { Forecast, ForecastOptions, Series } from '../port.ts';
import type { Model, Shape } from '../models/model.ts';
import { backtest, choose, originsOf, type Backtest, type Choice } from './backtest.ts';
import { combine } from './combine.ts';
import { outlookOf } from './limit.ts';
import { calibrate, type Band } from './quantiles.ts';
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

function pointsOf(line: Float64Array, band: Band, { grid, options }: { grid: Grid; options: PipelineOptions }): Forecast['points'] {
  const low = options.minimum === undefined ? 0 : (options.minimum ?? -Infinity);
  const high = options.maximum ?? Infinity;
  const begin = grid.from + grid.values.length * grid.stepMs;
  return Array.from(line, (value, step) => {
    const at = (offsets: Float64Array): number => within(value + (offsets[step] ?? 0), low, high);
    return { at: begin + step * grid.stepMs, p10: at(band.p10), p50: within(value, low, high), p90: at(band.p90) };
  });
}

async function lineOf(model: Model, { filled, shape }: Task): Promise<Float64Array> {
  const fitted = await model.fit(filled, shape, 'final');
  try {
    return fitted.forecast(filled);
  } finally {
    fitted.dispose?.();
  }
}

/** What weighs less could not move the median of the others, and need not be computed. */
const WEIGHT_MIN = 0.005;

async function finalLine(choice: Choice, { tested }: Backtest, task: Task): Promise<Float64Array> {
  if (choice.is === 'single') return lineOf(choice.best.model, task);
  const lines: Float64Array[] = [];
  const weights: Float64Array[] = [];
  for (const [i, { model }] of tested.entries()) {
    const own = choice.combined.weights[i];
    if (own === undefined || own.every((weight) => weight < WEIGHT_MIN)) continue;
    lines.push(await lineOf(model, task));
    weights.push(own);
  }
  return combine(lines, weights);
}

function shortened(granted: number, asked: number, stepSeconds: number): Forecast['shortened'] {
  const wanted = Math.max(stepSeconds, Math.floor(asked / stepSeconds) * stepSeconds);
  return granted >= wanted ? null : { askedSeconds: asked, needsHistorySeconds: historyNeededSeconds(asked) };
}

/** From samples to a forecast; pure but for the training. HubErrors as the port says. */
export async function runPipeline(series: Series, options: PipelineOptions, models: readonly Model[]): Promise<Forecast> {
  const task = taskOf(series, options);
  const { grid, filled, shape } = task;
  const result = await backtest({ measured: grid.values, filled, shape, models });
  const choice = choose(result);
  if (choice === undefined) throw historyShort(task.measured * options.stepSeconds, options);
  const { residuals, score } = choice.is === 'single' ? choice.best : choice.combined;
  const [first = 0, second = first + 1] = originsOf(filled.length, shape);
  const { band, coverage } = calibrate(residuals, { horizon: shape.horizon, stride: second - first });
  const granted = shape.horizon * options.stepSeconds;
  const line = await finalLine(choice, result, task);
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
