import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, HubCheck, HubInfo, Log } from 'novacron/plugin';
import type { HostSurvey } from '../../hypervisor/port.ts';
import type { Signal } from '../port.ts';
import type { HealthConfig, ServiceCheck } from './config.ts';
import { probe, type ProbeResult } from './probes.ts';

/** How a service was when it was asked last. */
export interface ServiceState {
  readonly check: ServiceCheck;
  readonly result: ProbeResult | null;
  /** Failures in a row. */
  readonly failures: number;
  /** Since when it is as it is. */
  readonly since: number;
}

/** How the agent of a guest was in the survey before. */
export interface AgentState {
  readonly answers: boolean;
  readonly reason: string | null;
  /** True once it has answered since the hub started: only then somebody misses it. */
  readonly answered: boolean;
  readonly at: number;
}

export interface HealthWatchOptions {
  readonly config: HealthConfig;
  readonly hub: Pick<HubInfo, 'id' | 'health'>;
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
  /** Whether it is for this hub to say how services are; how it is itself each hub says. */
  readonly saysServices: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks services and the hub itself at every beat, remembers what agents said, and raises signals of what is down. */
export interface HealthWatch {
  services(): readonly ServiceState[];
  agents(): ReadonlyMap<string, AgentState>;
  hub(): Promise<readonly HubCheck[]>;
  /** What a host's survey says of its guests' agents. */
  survey(survey: HostSurvey): void;
  /** One beat. */
  look(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

const AT_ONCE_MAX = 10;
/** A hub of which so many beats long nothing was heard says nothing any more. */
const BEATS_MISSED_MAX = 5;
const AGENTS_MAX = 100_000;

export const isDown = ({ failures }: ServiceState, { failuresMax }: HealthConfig): boolean => failures >= failuresMax;

const serviceKey = (name: string): string => `monitoring.service/service/${name}`;

function serviceSignal(state: ServiceState, { config, at }: { config: HealthConfig; at: number }): Signal {
  const { check, result, since } = state;
  const down = isDown(state, config);
  const { name, severity, tenant = null } = check;
  return {
    key: serviceKey(name),
    state: down ? 'firing' : 'resolved',
    rule: { id: 'monitoring.service', title: 'Service is down' },
    severity,
    subject: { kind: 'service', id: name, name, tenant },
    at,
    since,
    summary: down
      ? `The service ${name} is down: ${result?.text ?? 'it was not asked'}.`
      : `The service ${name} is well: ${result?.text ?? ''}.`,
    values: result?.values ?? {},
  };
}

/** It ends by itself when the hub is not heard of any more. */
function hubSignal(
  { name, ok, detail }: HubCheck,
  { hub, at, since, lastsMs }: { hub: string; at: number; since: number; lastsMs: number },
): Signal {
  return {
    key: `monitoring.hub/hub/${hub}/${name}`,
    state: ok ? 'resolved' : 'firing',
    rule: { id: 'monitoring.hub', title: 'A part of the hub is not well' },
    severity: name.startsWith('plugin ') ? 'warning' : 'critical',
    subject: { kind: 'hub', id: `${hub}/${name}`, name: `hub: ${name}`, tenant: null },
    at,
    since,
    summary: ok ? `${name} is well.` : `${name} is not well: ${detail ?? 'it says no reason'}`,
    values: {},
    ...(!ok && { expiresAt: at + lastsMs }),
  };
}

export function createHealthWatch({ config, hub, raise, saysServices, clock, log }: HealthWatchOptions): HealthWatch {
  const services = new Map<string, ServiceState>(
    config.services.map((check) => [check.name, { check, result: null, failures: 0, since: clock.now() }]),
  );
  const agents = new Map<string, AgentState>();
  const hubSince = new Map<string, { readonly ok: boolean; readonly since: number }>();
  /** What was said last, by key: what is well is said once, what is not at every beat. */
  const said = new Map<string, Signal['state']>();

  async function ask(state: ServiceState, signal: AbortSignal): Promise<void> {
    const { check } = state;
    const at = clock.now();
    const result = await probe(check, { timeoutMs: config.timeoutSeconds * 1000, now: at, signal });
    const failures = result.ok ? 0 : state.failures + 1;
    const isSame = state.result !== null && state.result.ok === result.ok;
    services.set(check.name, { check, result, failures, since: isSame ? state.since : at });
  }
  async function askAll(signal: AbortSignal): Promise<void> {
    const waiting = [...services.values()].values();
    const lane = async (): Promise<void> => {
      for (const state of waiting) await ask(state, signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE_MAX }, lane));
  }
  async function hubSignals(at: number): Promise<readonly Signal[]> {
    const checks = await hub.health();
    return checks.map((check) => {
      const before = hubSince.get(check.name);
      const since = before?.ok === check.ok ? before.since : at;
      hubSince.set(check.name, { ok: check.ok, since });
      return hubSignal(check, { hub: hub.id, at, since, lastsMs: BEATS_MISSED_MAX * config.everySeconds * 1000 });
    });
  }
  return {
    services: () => [...services.values()],
    agents: () => agents,
    hub: () => hub.health(),
    survey({ at, guests }) {
      for (const { id, agent } of guests) {
        const answered = agent.answers || (agents.get(id)?.answered ?? false);
        agents.delete(id);
        agents.set(id, { answers: agent.answers, reason: agent.answers ? null : agent.reason, answered, at });
      }
      for (const id of agents.keys()) if (agents.size > AGENTS_MAX) agents.delete(id);
    },
    async look(signal) {
      await askAll(signal);
      const at = clock.now();
      // Another hub has said meanwhile how they are: once it is this one's turn, all is said anew.
      if (!saysServices()) for (const name of services.keys()) said.delete(serviceKey(name));
      const asked = saysServices() ? [...services.values()].filter(({ failures }) => failures === 0 || failures >= config.failuresMax) : [];
      const signals = [...asked.map((state) => serviceSignal(state, { config, at })), ...(await hubSignals(at))];
      const due = signals.filter(({ key, state }) => state === 'firing' || said.get(key) !== state);
      if (due.length > 0) await raise(due);
      for (const { key, state } of due) said.set(key, state);
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await this.look(signal);
        } catch (error) {
          if (!signal.aborted) log.error({ err: error }, 'health could not be looked at; it is at the next beat');
        }
        await sleep(config.everySeconds * 1000, undefined, { signal, ref: false }).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
      }
    },
  };
}
