import {
  HubError,
  type Clock,
  type Database,
  type Duties,
  type Duty,
  type Events,
  type HubInfo,
  type Log,
  type Metrics,
} from 'novacron/plugin';
import type { Charts } from '../../charts/port.ts';
import type { Hypervisor } from '../../hypervisor/port.ts';
import type { Channel, Incidents, Signal } from '../port.ts';
import { configuredChannels } from '../channels/configured.ts';
import type { DeadManConfig } from '../channels/config.ts';
import { keepCalling } from '../channels/dead-man.ts';
import { RULES_DUTY } from '../rules/start.ts';
import { policyOf, type IncidentsConfig } from './config.ts';
import { createCourier } from './courier.ts';
import { createDesk } from './desk.ts';
import { followJobs } from './follow-jobs.ts';
import { createLoop } from './loop.ts';
import { drawIncident } from './pictures.ts';
import { createPostgresStore } from './postgres-store.ts';
import { createPulse } from './pulse.ts';
import { incidentId, incidentOf, type IncidentRecord } from './record.ts';
import { setIncidents, type IncidentsRuntime } from './runtime.ts';
import { incidentFor } from './tenancy.ts';
import { topologyOf } from './topology.ts';

export interface IncidentsContext {
  readonly config: IncidentsConfig;
  readonly everySeconds: number;
  readonly services: {
    readonly database: Database;
    readonly duties: Duties;
    readonly events: Events;
    readonly hub: HubInfo;
    readonly hypervisor: Hypervisor;
    readonly metrics: Metrics;
    readonly charts: Charts | undefined;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  defer(cleanup: () => void | Promise<void>): void;
}

const KEY_LENGTH_MAX = 300;
const SUMMARY_LENGTH_MAX = 1_000;
/** Taken in one transaction; more are several. */
const BATCH_MAX = 500;
const ROWS_MAX = 500;
const ROUND_MS = 5_000;

function checked(signal: Signal): Signal {
  if (signal.key === '' || signal.key.length > KEY_LENGTH_MAX)
    throw new HubError(
      'signal_invalid',
      `A signal needs a key of 1 to ${KEY_LENGTH_MAX} characters; "${signal.key.slice(0, 80)}" is not.`,
      {
        status: 400,
      },
    );
  return signal.summary.length <= SUMMARY_LENGTH_MAX ? signal : { ...signal, summary: signal.summary.slice(0, SUMMARY_LENGTH_MAX) };
}

/** `INC-42`, `inc-42` or `42`. */
export function incidentNumber(text: string): number | undefined {
  const found = /^(?:INC-)?(\d{1,9})$/i.exec(text.trim());
  return found ? Number(found[1]) : undefined;
}

/** What others may know of a change: of an incident that all see, nothing of any tenant. */
function publish({ services: { events }, log }: IncidentsContext, records: readonly IncidentRecord[]): void {
  for (const record of records) {
    const incident = record.tenant === null ? incidentFor(incidentOf(record), '') : incidentOf(record);
    events
      .publish('incident.changed', record.tenant, { incident })
      .catch((error: unknown) =>
        log.warn({ err: error, incident: incidentId(record.number) }, 'A change of an incident could not be published'),
      );
  }
}

function createRuntime(
  context: IncidentsContext,
): IncidentsRuntime & { run(signal: AbortSignal): Promise<void>; readonly channels: Map<string, Channel> } {
  const { config, everySeconds, services, clock, log } = context;
  const { database, hypervisor, metrics, charts, events } = services;
  const policy = policyOf(config);
  const topology = topologyOf(hypervisor);
  const store = createPostgresStore(database, { editEveryMs: policy.editEveryMs });
  const channels = new Map(configuredChannels(config, clock).map((channel) => [channel.name, channel]));
  const pulse = createPulse(clock);
  const nameOf = (id: string): string => hypervisor.vms().find((vm) => vm.id === id)?.name ?? id;
  const pictures = { charts, metrics, log, everySeconds, nameOf, now: () => clock.now() };
  const draw: IncidentsRuntime['draw'] = (record, signal) => drawIncident(pictures, record, signal);
  const onChange = (records: readonly IncidentRecord[]): void => {
    publish(context, records);
    loop.wake();
  };
  const desk = createDesk({ store, policy, topology, clock, hub: services.hub.id, onChange });
  const courier = createCourier({ store, channels, clock, log, draw, onFailed: (number) => desk.hurry(number) });
  const keepMs = config.keepDays * 86_400_000;
  const loop = createLoop({ desk, courier, store, clock, log, keepMs, beat: pulse.watch('incidents', ROUND_MS) });
  const raise: IncidentsRuntime['raise'] = async (signals, fence) => {
    const all = signals.map(checked);
    for (let start = 0; start < all.length; start += BATCH_MAX) await desk.raise(all.slice(start, start + BATCH_MAX), fence);
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([loop.run(signal), followJobs({ events, desk, store, topology, log }, signal)]);
  };
  return { desk, store, policy, channels, pulse, clock, raise, draw, wake: () => loop.wake(), ruleSources: new Set(), run };
}

function serviceOf({ store, channels, raise, wake }: IncidentsRuntime & { readonly channels: Map<string, Channel> }): Incidents {
  return {
    raise: (signals) => raise(signals),
    async get(id) {
      const number = incidentNumber(id);
      const record = number === undefined ? undefined : await store.get(number);
      return record && incidentOf(record);
    },
    async list({ rowsMax = 100, ...filter }) {
      return (await store.list({ ...filter, tenant: null, rowsMax: Math.min(rowsMax, ROWS_MAX) })).map(incidentOf);
    },
    async timeline(id) {
      const number = incidentNumber(id);
      return number === undefined ? [] : store.timeline(number);
    },
    offer(channel) {
      channels.set(channel.name, channel);
      wake();
      return () => {
        if (channels.get(channel.name) === channel) channels.delete(channel.name);
      };
    },
  };
}

/** Takes up what was open and goes on. */
export function startIncidents(context: IncidentsContext): { readonly incidents: Incidents; readonly runtime: IncidentsRuntime } {
  const stop = new AbortController();
  const runtime = createRuntime(context);
  setIncidents(context.services.database, runtime);
  const { config, log, services } = context;
  const { deadMan } = config;
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const call = (duty: Duty, deadMan: DeadManConfig): Promise<void> => keepCalling(deadMan, { pulse: runtime.pulse, log, duty });
  const calling = deadMan && services.duties.keep(RULES_DUTY, (duty) => call(duty, deadMan), signal);
  const running = Promise.all([runtime.run(signal), calling]);
  context.defer(async () => {
    stop.abort();
    await running;
  });
  return { incidents: serviceOf(runtime), runtime };
}
