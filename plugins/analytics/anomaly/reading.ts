import { setImmediate as breathe } from 'node:timers/promises';
import type { Frame, Metrics } from 'novacron/plugin';
import { asForecast } from '../metric-history.ts';
import { detects, explain, observe, THRESHOLDS, type Explanation, type Sensitivity } from './detector.ts';
import type { Memory } from './memory.ts';

/** Something unusual in one metric of one VM or host. */
export interface Hit {
  readonly metric: string;
  readonly entity: string;
  /** End of the step that it was found in, epoch milliseconds. */
  readonly at: number;
  readonly score: number;
  readonly explanation: Explanation;
}

/** Rows between two breaths of the main loop: about a millisecond. */
const ROWS_A_BREATH = 300;
/** Rows of one query, about: more would hold the main loop up when they arrive. */
const ROWS_AT_ONCE = 10_000;
const STEPS_AT_ONCE_MAX = 288;

export interface ReadingOptions {
  readonly metrics: Pick<Metrics, 'declared' | 'query'>;
  readonly memory: Memory;
  readonly watched: readonly string[];
  readonly sensitivity: Sensitivity;
  readonly stepSeconds: number;
  /** About how many VMs and hosts there are. */
  readonly entities: number;
}

interface Point {
  readonly entity: string;
  readonly at: number;
  value: number;
}

/** A long frame, the devices of an entity added up; in the order of time for each entity. */
function pointsOf(frame: Frame): Point[] {
  const column = (name: string): readonly unknown[] => frame.fields.find((field) => field.name === name)?.values ?? [];
  const [times, entities, values] = [column('time'), column('entity'), column('value')];
  const sums = new Map<string, Point>();
  for (const [row, time] of times.entries()) {
    const [at, entity, value] = [Number(time), String(entities[row]), values[row]];
    if (typeof value !== 'number') continue;
    const key = `${at} ${entity}`;
    const point = sums.get(key);
    if (point) point.value += value;
    else sums.set(key, { entity, at, value });
  }
  return [...sums.values()].toSorted((a, b) => a.at - b.at);
}

/** Tells the detectors of one metric what was measured in a range. */
async function readMetric(
  options: ReadingOptions,
  metric: string,
  { from, to, signal }: { from: number; to: number; signal: AbortSignal },
): Promise<Hit[]> {
  const { metrics, memory, sensitivity, stepSeconds } = options;
  const declared = metrics.declared().get(metric);
  if (declared === undefined) return [];
  const { aggregate } = asForecast(metric, declared);
  const frame = await metrics.query({ metric, targets: [], from, to, stepSeconds, aggregate }, signal);
  const stepMs = stepSeconds * 1000;
  if (frame.truncated && to - from > stepMs) {
    const middle = from + Math.floor((to - from) / stepMs / 2) * stepMs;
    const first = await readMetric(options, metric, { from, to: middle, signal });
    return [...first, ...(await readMetric(options, metric, { from: middle, to, signal }))];
  }
  const hits: Hit[] = [];
  for (const [row, { entity, at, value }] of pointsOf(frame).entries()) {
    if (row % ROWS_A_BREATH === 0) await breathe();
    const state = memory.stateOf(metric, entity);
    if (state === undefined) continue;
    const end = at + stepMs;
    const score = observe(state, { instant: end, value });
    if (!detects(state, score, THRESHOLDS[sensitivity])) continue;
    const explanation = explain(state);
    hits.push({ metric, entity, at: end, score, explanation: { ...explanation, since: explanation.since - stepMs } });
  }
  return hits;
}

/** Begin of the first day since `from` that anything was measured on; undefined when nothing was. */
export async function firstDay(
  { metrics, watched }: ReadingOptions,
  { from, to }: { from: number; to: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  const days: number[] = [];
  for (const metric of watched) {
    if (!metrics.declared().has(metric)) continue;
    const frame = await metrics.query({ metric, targets: [], from, to, stepSeconds: 86_400, aggregate: 'last' }, signal);
    const times = frame.fields.find(({ name }) => name === 'time')?.values ?? [];
    days.push(...times.map(Number));
  }
  return days.length === 0 ? undefined : days.reduce((a, b) => Math.min(a, b));
}

/**
 * Reads on from where the memory stands, some steps of it; what was unusual, the oldest first. `now`: steps that have not ended by then
 * wait. The memory has moved on when this resolves; when it rejects, the rows that were read already are passed over the next time.
 */
export async function readOn(
  options: ReadingOptions,
  now: number,
  signal: AbortSignal,
): Promise<{ readonly hits: Hit[]; readonly more: boolean }> {
  const stepMs = options.stepSeconds * 1000;
  const from = options.memory.through;
  const end = Math.floor(now / stepMs) * stepMs;
  const steps = Math.max(1, Math.min(STEPS_AT_ONCE_MAX, Math.floor(ROWS_AT_ONCE / Math.max(1, options.entities))));
  const to = Math.min(end, from + steps * stepMs);
  if (to <= from) return { hits: [], more: false };
  const hits: Hit[] = [];
  for (const metric of options.watched) hits.push(...(await readMetric(options, metric, { from, to, signal })));
  options.memory.through = to;
  return { hits: hits.toSorted((a, b) => a.at - b.at), more: to < end };
}
