import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, type Log, type Metrics, type StartContext } from 'novacron/plugin';
import type { HostSurvey, Hypervisor } from '../hypervisor/port.ts';
import type { Config, Needs } from './config.ts';
import { createHostSampler, surveySamples } from './figures.ts';

export interface CollectorOptions {
  readonly hypervisor: Pick<Hypervisor, 'hosts' | 'vms' | 'scrape' | 'survey'>;
  readonly metrics: Pick<Metrics, 'write'>;
  readonly log: Log;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Beat of what changes slowly: pools, file systems. */
  readonly surveyEveryMs: number;
  /** Told of each survey, also of what it says beside its figures. */
  readonly onSurvey?: (survey: HostSurvey) => void;
  readonly signal: AbortSignal;
}

const codeOf = (error: unknown): string => (HubError.is(error) ? error.code : error instanceof Error ? error.name : 'unknown');

/** Says the first failure of a row, and the end of it; not each of them. */
function createTeller(host: string, log: Log): { failed(error: unknown): void; worked(): void } {
  let failures = 0;
  return {
    failed(error) {
      failures++;
      if (failures === 1) log.warn({ host, code: codeOf(error), error }, 'a host is not measured');
      else log.debug({ host, code: codeOf(error), failures }, 'a host is still not measured');
    },
    worked() {
      if (failures > 0) log.info({ host, failures }, 'a host is measured again');
      failures = 0;
    },
  };
}

/** One scrape within its time. It waits for the scrape to end even when that ignores the time limit: then beats are skipped, never piled up. */
async function scrapeOnce(
  options: CollectorOptions,
  host: string,
  use: (scrape: Awaited<ReturnType<Hypervisor['scrape']>>) => Promise<void>,
): Promise<void> {
  const { hypervisor, timeoutMs } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  const scrape = await hypervisor.scrape(host, signal, { timeoutMs });
  signal.throwIfAborted();
  await use(scrape);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** How often a host is looked at for VMs that have started since. */
const LOOK_MS = 1_000;

/** Until the next beat. A VM that has started meanwhile is measured at once, so that its load can be told one beat later. */
async function untilBeat(ms: number, { hasNew, signal }: { hasNew(): boolean; signal: AbortSignal }): Promise<void> {
  const deadline = performance.now() + ms;
  for (let left = ms; left > 0 && !signal.aborted; left = deadline - performance.now()) {
    await pause(Math.min(left, LOOK_MS), signal);
    if (hasNew()) return;
  }
}

/** Measures one host at every beat until the signal fires. A beat that comes while a scrape is under way is skipped. */
async function collectHost(options: CollectorOptions, host: string): Promise<void> {
  const { hypervisor, metrics, everyMs, log, signal } = options;
  const sampler = createHostSampler();
  const teller = createTeller(host, log);
  const first = performance.now();
  const running = (): readonly string[] =>
    hypervisor
      .vms()
      .filter((vm) => vm.host === host && vm.state === 'running')
      .map(({ id }) => id);
  while (!signal.aborted) {
    const known = new Set(running());
    try {
      await scrapeOnce(options, host, async (scrape) => {
        await metrics.write('monitoring', sampler.sample(scrape, { id: host, vmsRunning: known.size }));
      });
      teller.worked();
    } catch (error) {
      if (signal.aborted) return;
      teller.failed(error);
    }
    const passed = performance.now() - first;
    await untilBeat(everyMs - (passed % everyMs), { hasNew: () => running().some((id) => !known.has(id)), signal });
  }
}

/** Surveys one host at its slower beat until the signal fires. That a host is away is told by its scrapes. */
async function surveyHost({ hypervisor, metrics, surveyEveryMs, onSurvey, log, signal }: CollectorOptions, host: string): Promise<void> {
  while (!signal.aborted) {
    const beganAt = performance.now();
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(surveyEveryMs)]);
      const survey = await hypervisor.survey(host, within);
      onSurvey?.(survey);
      const batches = surveySamples(survey, host);
      if (batches.length > 0) await metrics.write('monitoring', batches);
    } catch (error) {
      if (!signal.aborted) log.debug({ host, code: codeOf(error), error }, 'a host was not surveyed');
    }
    await pause(Math.max(0, surveyEveryMs - (performance.now() - beganAt)), signal);
  }
}

/**
 * Starts one collector for each host, each with its own beat: a slow or dead host delays no other. Hosts that come later get theirs at the next beat, hosts that
 * go lose it. Resolves when all have ended.
 */
export async function collect(options: CollectorOptions): Promise<void> {
  const { hypervisor, everyMs, signal } = options;
  const running = new Map<string, { stop: AbortController; done: Promise<unknown> }>();
  while (!signal.aborted) {
    const hosts = new Set(hypervisor.hosts().map((host) => host.id));
    for (const [id, { stop }] of running) if (!hosts.has(id)) stop.abort();
    for (const id of hosts) {
      if (running.has(id)) continue;
      const stop = new AbortController();
      const one = { ...options, signal: AbortSignal.any([signal, stop.signal]) };
      const done = Promise.all([collectHost(one, id), surveyHost(one, id)]).finally(() => running.delete(id));
      running.set(id, { stop, done });
    }
    await pause(everyMs, signal);
  }
  await Promise.all([...running.values()].map(({ done }) => done));
}

/** Measures from now on until the plugin stops; `health` hears what the surveys say. */
export function startCollecting(
  { config, services, log, signal, defer }: StartContext<Config, Needs>,
  health: { survey(survey: HostSurvey): void },
): void {
  const stop = new AbortController();
  const collecting = collect({
    hypervisor: services.hypervisor,
    metrics: services.metrics,
    log,
    everyMs: config.everySeconds * 1000,
    surveyEveryMs: config.surveySeconds * 1000,
    timeoutMs: config.timeoutSeconds * 1000,
    onSurvey: (survey) => health.survey(survey),
    signal: AbortSignal.any([signal, stop.signal]),
  });
  defer(async () => {
    stop.abort();
    await collecting;
  });
}
