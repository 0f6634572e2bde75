import { setTimeout as sleep } from 'node:timers/promises';
import type { Archive } from './archive.ts';
import { scoreDue, type ScoringParts } from './scoring.ts';
import { trainMetric, type TrainingParts } from './training.ts';

export interface DutyParts extends ScoringParts, TrainingParts {
  readonly archive: Archive;
  /** Those whose models are trained. */
  readonly trainedMetrics: readonly string[];
  readonly trainEveryHours: number;
  readonly keepDays: number;
  /** When each metric was tried last, so that one with too little history is not tried all the time. */
  readonly triedAt: Map<string, number>;
}

const ROUND_MS = 10 * 60_000;
/** A hub that has just started has other things to do. */
const FIRST_ROUND_MS = 2 * 60_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

async function isDue(metric: string, { clock, models, trainEveryHours, triedAt }: DutyParts): Promise<boolean> {
  const now = clock.now();
  if (now - (triedAt.get(metric) ?? 0) < HOUR_MS) return false;
  return now - (await models.lastTrainedAt(metric)) >= trainEveryHours * HOUR_MS;
}

/** What is due now: scores of forecasts whose time is over, old forecasts forgotten, models trained again. One that fails holds up no other. */
export async function doDuties(parts: DutyParts, signal: AbortSignal): Promise<void> {
  const { archive, clock, keepDays, log, metrics, trainedMetrics, triedAt } = parts;
  await scoreDue(parts, signal);
  await archive.forget(clock.now() - keepDays * DAY_MS);
  for (const metric of trainedMetrics) {
    signal.throwIfAborted();
    if (!metrics.declared().has(metric) || !(await isDue(metric, parts))) continue;
    triedAt.set(metric, clock.now());
    try {
      await trainMetric(metric, parts, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error, metric }, 'models could not be trained; those in use stay');
    }
  }
}

/** Until the signal fires. */
export async function keepDuties(parts: DutyParts, signal: AbortSignal): Promise<void> {
  for (let pauseMs = FIRST_ROUND_MS; !signal.aborted; pauseMs = ROUND_MS) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await doDuties(parts, signal);
    } catch (error) {
      if (!signal.aborted) parts.log.warn({ err: error }, 'forecasts could not be looked after; it is tried again');
    }
  }
}
