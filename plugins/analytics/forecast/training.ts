import { randomUUID } from 'node:crypto';
import { HubError, type Clock, type Log, type Metrics } from 'novacron/plugin';
import { findMetric, seriesOf, type ForecastMetric } from '../metric-history.ts';
import type { ModelStore, ModelVersion } from './model-store.ts';
import { runThread } from './run-thread.ts';
import type { TrainReply, TrainRequest } from './train-worker.ts';

const STEP_SECONDS = 3_600;
const HORIZON_STEPS = 48;
const STEPS_PER_DAY = 24;
/** Training looks further back than a forecast: what lies before a backtest is all that it may teach. */
const LONGER = 2;
const SERIES_MIN = 3;
/** Fetched at once: their rows pass through the main loop. */
const SERIES_PER_QUERY = 20;
const HEAP_MAX_MEBIBYTES = 2_048;
/** Of wall time: a busy machine gives a thread that stepped back little of a processor. */
const PATIENCE_FACTOR = 20;

export interface TrainingParts {
  readonly metrics: Metrics;
  readonly models: ModelStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly historyDays: number;
  readonly seriesMax: number;
  readonly cpuSecondsMax: number;
}

const failed = (reason: string, cause?: Error): HubError =>
  new HubError('forecast_training_failed', `The training was not finished: ${reason}.`, cause === undefined ? {} : { cause });

/** Runs one training in a fresh thread; HubError `forecast_training_failed`. */
export function trainInThread(request: TrainRequest, signal: AbortSignal): Promise<TrainReply> {
  const timeoutMs = request.cpuSecondsMax * 1000 * PATIENCE_FACTOR;
  const job = {
    file: new URL('./train-worker.ts', import.meta.url),
    name: 'training',
    data: request,
    moved: request.histories.map(({ buffer }) => buffer as ArrayBuffer),
    heapMaxMebibytes: HEAP_MAX_MEBIBYTES,
    timeoutMs,
  };
  return runThread<TrainReply>(job, signal, { failed, timeout: () => failed(`it took longer than ${timeoutMs / 1000} s`) });
}

/** Hourly values of everything that is measured, on one grid. */
async function gather(
  metric: ForecastMetric,
  parts: TrainingParts,
  signal: AbortSignal,
): Promise<{ histories: Float64Array[]; from: number }> {
  const { metrics, clock, historyDays, seriesMax } = parts;
  const stepMs = STEP_SECONDS * 1000;
  const to = Math.floor(clock.now() / stepMs) * stepMs;
  const steps = LONGER * historyDays * STEPS_PER_DAY;
  const from = to - steps * stepMs;
  const entities = [...new Set(metrics.latest(metric.table).map(({ entity }) => entity))].toSorted().slice(0, seriesMax);
  const histories: Float64Array[] = [];
  for (let begin = 0; begin < entities.length; begin += SERIES_PER_QUERY) {
    const targets = entities.slice(begin, begin + SERIES_PER_QUERY);
    const query = { metric: metric.metric, targets, from, to, stepSeconds: STEP_SECONDS, aggregate: metric.aggregate };
    for (const { at, value } of seriesOf(await metrics.query(query, signal), metric).values()) {
      const values = new Float64Array(steps).fill(Number.NaN);
      for (const [i, instant] of at.entries()) values[Math.floor((instant - from) / stepMs)] = value[i] ?? Number.NaN;
      histories.push(values);
    }
  }
  return { histories, from };
}

/**
 * Trains the models of one metric across all its series. A new version is used only when it wins on the backtest over the one in use; every
 * version is recorded. Answers the versions; none when too few things are measured.
 */
export async function trainMetric(name: string, parts: TrainingParts, signal: AbortSignal): Promise<readonly ModelVersion[]> {
  const metric = findMetric(parts.metrics.declared(), name);
  const { histories, from } = await gather(metric, parts, signal);
  if (histories.length < SERIES_MIN) return [];
  const rivals = await parts.models.active(metric.metric);
  const { cpuSecondsMax, historyDays, clock, log } = parts;
  const seriesCount = histories.length;
  const shape = { stepsPerDay: STEPS_PER_DAY, horizon: HORIZON_STEPS, seenSteps: historyDays * STEPS_PER_DAY, seed: 1 };
  const { trained, cpuSeconds } = await trainInThread({ histories, from, ...shape, cpuSecondsMax, rivals }, signal);
  const versions: ModelVersion[] = [];
  for (const { kind, model, mase, rivalMase, cpuSeconds: own } of trained) {
    const state = rivalMase === null || mase < rivalMase ? 'active' : 'refused';
    const of = { id: randomUUID(), metric: metric.metric, kind, trainedAt: clock.now(), seriesCount, cpuSeconds: own };
    const version: ModelVersion = { ...of, mase, rivalMase, state };
    await parts.models.add(version, model);
    versions.push(version);
  }
  log.info(
    { metric: metric.metric, series: seriesCount, cpuSeconds, kinds: versions.map(({ kind, state }) => `${kind} ${state}`) },
    'models trained',
  );
  return versions;
}
