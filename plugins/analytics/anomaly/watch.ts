import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { HubError, type Base, type Resolved, type Unit } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import type { Anomalies, Anomaly } from '../port.ts';
import { asForecast } from '../metric-history.ts';
import { fleetFinding, fleetsOf, joined, likeDismissed, metricOf, newFinding, TOGETHER_MS, type Subject } from './findings.ts';
import { openMemory, type Memory } from './memory.ts';
import { firstDay, readOn, type Hit } from './reading.ts';
import { createAnomalyStore, type AnomalyStore, type NewAnomaly } from './store.ts';

/** Reads what was measured, a step at a time, and says what was unusual in it. */

const DAY_MS = 86_400_000;
const LOOK_MS = 1000;
const AGAIN_MS = 30_000;
/** Samples of a step may still be on their way when it ends. */
const LATE_MS = 20_000;
/** Older findings are history when they are made: they are kept, but nobody is called. */
const NEWS_MS = 3_600_000;
/** What was found in history that is learned from is none of today's business. */
const KEPT_FROM_LEARNING_MS = DAY_MS;

export type WatchContext = Pick<Base<Config, Needs>, 'config' | 'clock' | 'log'> & { readonly services: Resolved<Needs> };

type Listener = (anomaly: Anomaly) => void;

/** The findings of one running plugin. */
export interface Watch extends Anomalies {
  readonly store: AnomalyStore;
  /** Reads all that was measured until now. */
  catchUp(signal: AbortSignal): Promise<void>;
  save(): Promise<void>;
}

interface Parts {
  readonly ctx: WatchContext;
  readonly store: AnomalyStore;
  readonly memory: Memory;
  readonly listeners: ReadonlySet<Listener>;
}

/** VMs and hosts by id. HubError `plugin_unavailable` without a hypervisor. */
function subjectsOf({ services: { hypervisor } }: WatchContext): Map<string, Subject> {
  if (hypervisor === undefined)
    throw new HubError('plugin_unavailable', 'Without the hypervisor plugin there is nothing to watch.', { status: 503 });
  const vms = hypervisor.vms().map(({ id, name, tenant, tags, host, image = null, state }): Subject => {
    return { kind: 'vm', id, name, tenant, tags, host, image, isUp: state === 'running' };
  });
  const hosts = hypervisor.hosts().map(({ id, name }): Subject => {
    return { kind: 'host', id, name, tenant: null, tags: [], host: null, image: null, isUp: true };
  });
  return new Map([...vms, ...hosts].map((subject) => [subject.id, subject]));
}

async function tell({ ctx, listeners }: Parts, anomaly: Anomaly): Promise<void> {
  if (ctx.clock.now() - anomaly.foundAt > NEWS_MS) return;
  for (const listener of listeners) listener(anomaly);
  await ctx.services.events.publish('anomaly.found', anomaly.subject.tenant, { anomaly });
}

async function add(parts: Parts, found: NewAnomaly): Promise<void> {
  const anomaly = await parts.store.insert(found);
  if (anomaly === undefined) return;
  await tell(parts, anomaly);
}

function unitOf({ services: { metrics } }: WatchContext, metric: string): Unit {
  const declared = metrics.declared().get(metric);
  return declared === undefined ? 'count' : asForecast(metric, declared).unit;
}

/** What one thing showed in one step: a new finding, or more of the one that is open. */
async function report(parts: Parts, subject: Subject, hits: readonly Hit[]): Promise<void> {
  const { ctx, store } = parts;
  const at = hits[0]?.at ?? 0;
  const dismissed = await store.list({ targets: [subject.id], tenant: null, from: 0, to: at, states: ['dismissed'] });
  const known = hits.map((hit) => ({ hit, like: likeDismissed(hit, dismissed) }));
  for (const { like } of known) if (like) await store.meetAgain(like.id);
  const metrics = known.flatMap(({ hit, like }) => (like ? [] : [metricOf(hit, subject, unitOf(ctx, hit.metric))]));
  if (metrics.length === 0) return;
  const [open] = await store.list({
    targets: [subject.id],
    tenant: null,
    from: at - TOGETHER_MS,
    to: at + 1,
    states: ['open'],
    rowsMax: 1,
  });
  if (open === undefined) return add(parts, newFinding(subject, metrics, at));
  const more = joined(open, metrics);
  // Read again after a crash, the same rows add nothing.
  if (isDeepStrictEqual(more.metrics, open.metrics)) return;
  await store.update(more);
  await tell(parts, more);
}

/** Whether many VMs of a kind changed at once. One finding a fleet: who joins within half an hour joins that. */
async function reportFleets(parts: Parts, subjects: ReadonlyMap<string, Subject>, at: number): Promise<void> {
  const { ctx, store } = parts;
  const recent = await store.list({ tenant: null, from: at - TOGETHER_MS, to: at + 1, states: ['open'], rowsMax: 1000 });
  for (const fleet of fleetsOf(recent, [...subjects.values()], ctx.config.anomalies.fleetMin)) {
    const found = fleetFinding(fleet, at);
    const open = recent.find(
      ({ kind, subject }) => kind === 'fleet' && subject.id === found.subject.id && subject.tenant === found.subject.tenant,
    );
    if (open === undefined) await add(parts, found);
    else if (open.members.length < found.members.length) {
      const more = { ...open, ...found, id: open.id, foundAt: open.foundAt };
      await store.update(more);
      await tell(parts, more);
    }
  }
}

async function reportAll(parts: Parts, hits: readonly Hit[]): Promise<void> {
  const subjects = subjectsOf(parts.ctx);
  const steps = Map.groupBy(hits, ({ at }) => at);
  for (const [at, ofStep] of steps) {
    for (const [entity, ofEntity] of Map.groupBy(ofStep, (hit) => hit.entity)) {
      const subject = subjects.get(entity);
      // A VM that is gone by now is nobody's trouble.
      if (subject) await report(parts, subject, ofEntity);
    }
    await reportFleets(parts, subjects, at);
  }
}

async function catchUp(parts: Parts, signal: AbortSignal): Promise<void> {
  const { ctx, memory } = parts;
  const { metrics: watched, sensitivity, stepSeconds, learnDays } = ctx.config.anomalies;
  const now = ctx.clock.now() - LATE_MS;
  const stepMs = stepSeconds * 1000;
  const oldest = Math.floor((now - learnDays * DAY_MS) / stepMs) * stepMs;
  const learning = memory.through < oldest;
  const entities = subjectsOf(ctx).size;
  const options = { metrics: ctx.services.metrics, memory, watched, sensitivity, stepSeconds, entities };
  if (learning) {
    const first = await firstDay(options, { from: oldest, to: now }, signal);
    memory.through = Math.max(oldest, first ?? Math.floor(now / stepMs) * stepMs);
  }
  for (let more = true; more;) {
    signal.throwIfAborted();
    const read = await readOn(options, now, signal);
    more = read.more;
    await reportAll(
      parts,
      read.hits.filter(({ at }) => !learning || now - at < KEPT_FROM_LEARNING_MS),
    );
  }
}

/** Opens what is known from before. */
export async function createWatch(ctx: WatchContext, dataDir: string): Promise<Watch> {
  const { seriesMax, keepDays } = ctx.config.anomalies;
  const listeners = new Set<Listener>();
  const store = createAnomalyStore(ctx.services.database);
  const memory = await openMemory(dataDir, { seriesMax });
  const parts = { ctx, store, memory, listeners };
  return {
    store,
    list: (query) => store.list(query),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    catchUp: (signal) => catchUp(parts, signal),
    async save() {
      await memory.save();
      memory.forget(memory.through - 30 * DAY_MS);
      await store.forget(ctx.clock.now() - keepDays * DAY_MS);
    },
  };
}

/** Watches until the signal fires, then saves what was learned. A reading that fails is said, and made again. */
export async function keepWatching(ctx: WatchContext, watch: Watch, signal: AbortSignal): Promise<void> {
  const { stepSeconds, saveMinutes } = ctx.config.anomalies;
  let readAt = 0;
  let savedAt = ctx.clock.now();
  while (!signal.aborted) {
    const now = ctx.clock.now();
    let pauseMs = LOOK_MS;
    const isDue = Math.floor((now - LATE_MS) / stepSeconds / 1000) > Math.floor((readAt - LATE_MS) / stepSeconds / 1000);
    try {
      if (isDue) await watch.catchUp(signal);
      readAt = now;
      if (now - savedAt >= saveMinutes * 60_000) {
        await watch.save();
        savedAt = now;
      }
    } catch (error) {
      pauseMs = AGAIN_MS;
      if (!signal.aborted) ctx.log.warn({ err: error }, 'a look for anomalies failed');
    }
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  await watch.save();
}
