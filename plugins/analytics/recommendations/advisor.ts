import { HubError, type Actor, type Clock, type Jobs, type Log, type Metrics } from 'novacron/plugin';
import type { HostStatus, Hypervisor, VmStatus } from '../../hypervisor/port.ts';
import { partsOf } from '../metric-history.ts';
import type { Forecasts, Workloads } from '../port.ts';
import { findAddMemory } from './add-memory.ts';
import { gatherEvidence, quantileOf, type VmEvidence } from './evidence.ts';
import { findGrowDisk } from './grow-disk.ts';
import { outcomeOf } from './outcome.ts';
import { findPowerOff } from './power-off.ts';
import type { KeptRecommendation, Recommendation } from './recommendation.ts';
import { findRestart, isFilled } from './restart.ts';
import { findShrink } from './shrink.ts';
import { findSpread, type HostLoad } from './spread.ts';
import type { RecommendationStore } from './store.ts';

/** Who looks up jobs: in the audit it is told apart from people. */
const ADVISOR: Actor = { id: 'service:analytics-advisor', name: 'advisor', kind: 'service', role: 'admin', tenant: 'default' };

const DAY_MS = 86_400_000;
const HISTORY_DAYS = 7;
const OPEN_MAX = 1_000;
const JOBS_MAX = 50;
const HOUR_SECONDS = 3600;

export interface AdvisorRules {
  /** Least history before anything is taken away from a VM. */
  readonly daysMin: number;
  /** Being short of processors all the time is as bad as this many lying idle. */
  readonly cpuShortCost: number;
  /** How long advice that was followed is watched before its gain is measured. */
  readonly watchHours: number;
  /** Advice that was dismissed is not given again for so long. */
  readonly dismissedDays: number;
}

export interface AdvisorOptions {
  readonly hypervisor: Pick<Hypervisor, 'vms' | 'hosts'>;
  readonly metrics: Pick<Metrics, 'query' | 'latest'>;
  readonly jobs: Pick<Jobs, 'list'>;
  readonly forecasts: Pick<Forecasts, 'forecast'>;
  readonly workloads: Pick<Workloads, 'classify'>;
  readonly store: RecommendationStore;
  readonly rules: AdvisorRules;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One look at everything: what was followed, what came of it, what there is to advise now, and what went away by itself. Looks may be
 * repeated and may overlap with those of another hub: each thing has one open advice.
 */
export async function look(options: AdvisorOptions, signal: AbortSignal): Promise<void> {
  const { store } = options;
  const open = await store.list({ states: ['open'], tenant: null, rowsMax: OPEN_MAX });
  await noticeFollowed(options, open);
  const { found, seen } = await adviseVms(options, signal);
  for (const one of await adviseHosts(options, signal)) found.set(one.key, one);
  const now = options.clock.now();
  const dismissedAfter = now - options.rules.dismissedDays * DAY_MS;
  for (const one of found.values()) await store.offer(one, { now, dismissedAfter });
  for (const one of open)
    if (!found.has(one.key) && (one.subject.kind === 'host' || seen.has(one.subject.id)))
      await store.decide(one.id, ['open'], { state: 'gone', at: now, by: null });
  await measureFollowed(options, signal);
}

const isAdvised = (vm: VmStatus): boolean => vm.managed && vm.state === 'running';

async function adviseVms(options: AdvisorOptions, signal: AbortSignal): Promise<{ found: Map<string, Recommendation>; seen: Set<string> }> {
  const { hypervisor, metrics, clock, rules, log } = options;
  const found = new Map<string, Recommendation>();
  const seen = new Set<string>();
  const vms = hypervisor.vms().filter(isAdvised);
  for await (const evidence of gatherEvidence({ metrics, vms, now: clock.now(), days: HISTORY_DAYS, signal }))
    try {
      for (const one of await adviseVm(evidence, options, signal)) found.set(one.key, one);
      seen.add(evidence.vm.id);
    } catch (error) {
      signal.throwIfAborted();
      if (!HubError.is(error)) throw error;
      log.debug({ vm: evidence.vm.id, code: error.code, daysMin: rules.daysMin }, 'a VM could not be judged');
    }
  return { found, seen };
}

/** A VM that can go needs no better size, and one that is short of memory has none to give. */
async function adviseVm(
  evidence: VmEvidence,
  { rules, forecasts, workloads }: AdvisorOptions,
  signal: AbortSignal,
): Promise<Recommendation[]> {
  const [workload] = isFilled(evidence) ? await workloads.classify([evidence.vm.id], signal) : [];
  const main = findPowerOff(evidence, rules) ?? findRestart(evidence, workload) ?? findAddMemory(evidence) ?? findShrink(evidence, rules);
  return [...(main ? [main] : []), ...(await findGrowDisk(evidence, { forecasts, signal }))];
}

async function adviseHosts({ hypervisor, metrics, clock }: AdvisorOptions, signal: AbortSignal): Promise<Recommendation[]> {
  const hosts = hypervisor.hosts().filter(({ state }) => state.is === 'connected');
  if (hosts.length < 2) return [];
  const loads = await loadsOf({ hosts, vms: hypervisor.vms().filter(isAdvised) }, { metrics, now: clock.now(), signal });
  return loads.flatMap((load) => findSpread(load, loads) ?? []);
}

async function loadsOf(
  { hosts, vms }: { hosts: readonly HostStatus[]; vms: readonly VmStatus[] },
  { metrics, now, signal }: { metrics: AdvisorOptions['metrics']; now: number; signal: AbortSignal },
): Promise<HostLoad[]> {
  const day = { from: now - DAY_MS, to: now, aggregate: 'mean' } as const;
  const targets = hosts.map(({ id }) => id);
  const ofHosts = partsOf(await metrics.query({ ...day, metric: 'host.cpuRatio', targets, stepSeconds: 300 }, signal));
  const ofVms = partsOf(
    await metrics.query({ ...day, metric: 'vm.cpuRatio', targets: vms.map(({ id }) => id), stepSeconds: HOUR_SECONDS }, signal),
  );
  const usedBy = (vm: VmStatus): number => vm.vcpus * (quantileOf(ofVms.get(vm.id)?.get('') ?? { at: [], value: [] }, 0.5) ?? 0);
  return hosts.map((host) => ({
    host,
    cpu: ofHosts.get(host.id)?.get('') ?? { at: [], value: [] },
    vms: vms
      .filter((vm) => vm.host === host.id)
      .map((vm) => ({ vm, cpus: usedBy(vm) }))
      .toSorted((a, b) => b.cpus - a.cpus),
  }));
}

/** What relieves a host is done to one of its VMs. */
function actedOn({ subject: { kind, id }, suggestion: { input } }: KeptRecommendation): { readonly kind: string; readonly id: string } {
  const { vm } = input;
  return typeof vm === 'string' ? { kind: 'vm', id: vm } : { kind, id };
}

/** Whoever did it and through whatever surface: what counts is that the suggested action was done to the thing since. */
async function noticeFollowed({ jobs, store }: AdvisorOptions, open: readonly KeptRecommendation[]): Promise<void> {
  for (const one of open) {
    const done = await jobs.list({ states: ['succeeded'], target: actedOn(one), rowsMax: JOBS_MAX }, ADVISOR);
    const job = done.find(({ action, createdAt }) => action === one.suggestion.action && createdAt >= one.openedAt);
    if (job === undefined) continue;
    await store.decide(one.id, ['open'], { state: 'applied', at: job.endedAt ?? job.createdAt, by: job.actor.name, jobId: job.id });
  }
}

async function measureFollowed({ hypervisor, metrics, store, rules, clock }: AdvisorOptions, signal: AbortSignal): Promise<void> {
  const now = clock.now();
  const due = (await store.list({ states: ['applied'], tenant: null, rowsMax: OPEN_MAX })).filter(
    ({ decidedAt }) => (decidedAt ?? now) + rules.watchHours * 3_600_000 <= now,
  );
  const vms = new Map(hypervisor.vms().map((vm) => [vm.id, vm]));
  for (const one of due) {
    const vm = vms.get(one.subject.id);
    if (vm === undefined) continue;
    const days = Math.max(1, (now - (one.decidedAt ?? now)) / DAY_MS);
    for await (const after of gatherEvidence({ metrics, vms: [vm], now, days: Math.min(days, HISTORY_DAYS), signal })) {
      const outcome = outcomeOf(one, after);
      if (outcome) await store.measure(one.id, outcome.state, outcome.measured);
    }
  }
}
