import { randomUUID } from 'node:crypto';
import { HubError, type Clock, type Metrics } from 'novacron/plugin';
import { capacityOf, FETCH_STEP_SECONDS, fetchHistory, findMetric, fullSteps, type ForecastMetric } from '../metric-history.ts';
import type { Forecast, Forecasts, LimitOutlook, LimitQuestion, MetricForecast, MetricQuestion, Series } from '../port.ts';
import { median } from '../models/model.ts';
import { isUsable, type TrainedModel } from '../models/trained.ts';
import type { Archive } from './archive.ts';
import type { ModelStore } from './model-store.ts';
import { durationText, historyShort, horizonCarriedSeconds, stepSecondsFor } from './rules.ts';
import type { ForecastThreads } from './threads.ts';

export interface ForecastParts {
  readonly threads: ForecastThreads;
  readonly archive: Archive;
  readonly models: ModelStore;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly historyDays: number;
}

/** Answers kept in memory: alert rules ask the same again and again. */
const KEPT_MAX = 500;

/** What is measured once an hour has as much history in twelve times fewer values. */
function spacingSeconds({ at }: Series): number {
  const apart = at.slice(1).map((instant, i) => (instant - (at[i] ?? instant)) / 1000);
  return apart.length === 0 ? FETCH_STEP_SECONDS : Math.min(3600, Math.max(FETCH_STEP_SECONDS, median(apart)));
}

/** The step fits the horizon that the history carries, so that a short history is not washed out by wide means. */
function stepFor(series: Series, horizonSeconds: number): number {
  const historySeconds = series.at.length * spacingSeconds(series);
  const carried = horizonCarriedSeconds(historySeconds);
  if (carried === 0) throw historyShort(historySeconds, { horizonSeconds });
  return stepSecondsFor(Math.min(horizonSeconds, carried));
}

function checkAge(ageSeconds: number, horizonSeconds: number, { metric, target }: MetricQuestion): void {
  if (ageSeconds <= horizonSeconds) return;
  const message = `The newest value of ${metric} of '${target}' is ${durationText(ageSeconds)} old, so there is nothing to go on from. Start it, or ask further ahead.`;
  throw new HubError('forecast_history_old', message, { status: 422, details: { ageSeconds } });
}

function scaleOf({ backtest, model }: Forecast): number {
  const score = backtest.find((each) => each.model === model);
  return score === undefined || score.mase === 0 ? 1 : score.mae / score.mase;
}

const keyOf = ({ metric, target, device, horizonSeconds, limit }: MetricQuestion): string =>
  JSON.stringify([metric, target, device, horizonSeconds, limit?.value, limit?.direction]);

/** The limit that was asked for, or the one that the metric has. HubError `forecast_limit_unknown`. */
function limitOf(question: MetricQuestion, metric: ForecastMetric, metrics: Metrics): LimitQuestion {
  if (question.limit !== undefined) return question.limit;
  const capacity = capacityOf(metric, metrics, question);
  if (capacity !== undefined) return { value: capacity };
  const message = `It is not known when ${metric.metric} of '${question.target}' is full. Give a limit.`;
  throw new HubError('forecast_limit_unknown', message, { status: 422 });
}

/** Forecasts of what is measured: from the history in the store to a recorded answer. */
export class MetricForecasts implements Forecasts {
  readonly #parts: ForecastParts;
  readonly #kept = new Map<string, { readonly until: number; readonly forecast: MetricForecast }>();

  constructor(parts: ForecastParts) {
    this.#parts = parts;
  }

  readonly forecast: Forecasts['forecast'] = (series, options) => this.#parts.threads.forecast(series, options);

  async ofMetric(question: MetricQuestion): Promise<MetricForecast> {
    const { metrics, clock } = this.#parts;
    const metric = findMetric(metrics.declared(), question.metric);
    const key = keyOf({ ...question, metric: metric.metric });
    const kept = this.#kept.get(key);
    if (kept !== undefined && clock.now() < kept.until) return kept.forecast;
    const forecast = await this.#make({ ...question, metric: metric.metric }, metric);
    this.#keep(key, forecast);
    return forecast;
  }

  async timeToLimit(question: MetricQuestion): Promise<LimitOutlook> {
    const { metrics } = this.#parts;
    const limit = limitOf(question, findMetric(metrics.declared(), question.metric), metrics);
    const { limit: outlook } = await this.ofMetric({ ...question, limit });
    if (outlook === null) throw new HubError('forecast_failed', 'The forecast has no answer about its limit.');
    return outlook;
  }

  async probabilityOfLimit(question: MetricQuestion & { readonly limit: LimitQuestion }): Promise<number> {
    return (await this.timeToLimit(question)).probability.at(-1) ?? 0;
  }

  readonly scores: Forecasts['scores'] = (filter) => this.#parts.archive.scores(filter);

  async #make(question: MetricQuestion, metric: ForecastMetric): Promise<MetricForecast> {
    const { threads, models, metrics, clock, historyDays } = this.#parts;
    const { horizonSeconds, signal, target, device, limit } = question;
    const now = clock.now();
    const fetched = await fetchHistory(metrics, metric, {
      target,
      now,
      days: historyDays,
      signal,
      ...(device !== undefined && { device }),
    });
    const stepSeconds = stepFor(fetched, horizonSeconds);
    const trained = await this.#trainedFor(models, metric.metric, { horizonSeconds, stepSeconds });
    const maximum = capacityOf(metric, metrics, question);
    const options = { horizonSeconds, stepSeconds, signal, trained, ...(limit && { limit }), ...(maximum !== undefined && { maximum }) };
    const forecast = await threads.forecast(fullSteps(fetched, now, stepSeconds), options);
    const ageSeconds = (now - forecast.history.to) / 1000;
    checkAge(ageSeconds, forecast.horizonSeconds, question);
    return this.#record({ forecast, ageSeconds, metric, question, now });
  }

  async #trainedFor(models: ModelStore, metric: string, task: { horizonSeconds: number; stepSeconds: number }): Promise<TrainedModel[]> {
    const all = await models.active(metric);
    return all.filter((model) =>
      isUsable(model, { horizon: task.horizonSeconds / task.stepSeconds, stepsPerDay: 86_400 / task.stepSeconds }),
    );
  }

  async #record(made: {
    forecast: Forecast;
    ageSeconds: number;
    metric: ForecastMetric;
    question: MetricQuestion;
    now: number;
  }): Promise<MetricForecast> {
    const { archive } = this.#parts;
    const { forecast, ageSeconds, metric, question, now } = made;
    const of = { metric: metric.metric, target: question.target, device: question.device ?? null };
    const record = await archive.record(of, now);
    const recorded: MetricForecast = { ...forecast, ...of, id: randomUUID(), unit: metric.unit, ageSeconds, record };
    const expectedMase = forecast.backtest.find(({ model }) => model === forecast.model)?.mase ?? 0;
    await archive.add({ ...recorded, madeAt: now, expectedMase, scale: scaleOf(forecast) });
    return recorded;
  }

  /** Until the next step is over there is nothing new to say. */
  #keep(key: string, forecast: MetricForecast): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.delete(key);
    this.#kept.set(key, { until: forecast.history.to + 2 * forecast.stepSeconds * 1000, forecast });
  }
}
