import type { SampleBatch } from 'novacron/plugin';
import analytics from '../../../plugins/analytics/index.ts';
import charts from '../../../plugins/charts/index.ts';
import grafana from '../../../plugins/grafana/index.ts';
import monitoring from '../../../plugins/monitoring/index.ts';
import { ask, tokenFor, type Reply } from '../../core/http/client.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createFakeHypervisor, hostScrape } from '../monitoring/fake-hypervisor.ts';
import { withMachines } from './machines.ts';

export const STEP_MS = 300_000;
const DAY_MS = 86_400_000;
const DAYS = 3;
/** Loading the samples takes seconds where much else is under way. */
export const START_TIMEOUT_MS = 90_000;

/**
 * Five-minute samples of two VMs of two tenants and their host, three days of what is forecast and one of the rest: a wave of a day, a disk that fills,
 * counters that grow.
 */
export function recordedSamples(now: number): SampleBatch[] {
  const end = Math.floor(now / STEP_MS) * STEP_MS;
  const first = end - DAYS * DAY_MS;
  const instants = Array.from({ length: (end - first) / STEP_MS + 1 }, (_, step) => first + step * STEP_MS);
  return instants.flatMap((at) => [...loadAt(at, end), ...(at >= end - DAY_MS ? trafficAt(at, (at - first) / 1000) : [])]);
}

/** Between -0.5 and 0.5, the same for the same instant. */
const noiseAt = (at: number): number => {
  const turned = Math.sin(at / 1000) * 43_758.5453;
  return turned - Math.floor(turned) - 0.5;
};

function loadAt(at: number, end: number): SampleBatch[] {
  const wave = 0.4 + 0.25 * Math.sin((at / DAY_MS) * 2 * Math.PI) + 0.15 * noiseAt(at);
  // Half an hour: too little for a forecast.
  const memoryUsedBytes = at > end - 6 * STEP_MS ? 1e9 : null;
  const vm = (entity: string, cpuRatio: number) => ({
    entity,
    values: { cpuRatio, vcpus: 2, memoryRssBytes: 1e9, memoryUsedRatio: 0.5 + wave / 10, memoryUsedBytes },
  });
  const host = { cpuRatio: wave / 2, memoryUsedRatio: 0.4, memoryBytes: 8e9, vmsRunning: 2 };
  return [
    { table: 'vm', at, rows: [vm('mine', wave), vm('theirs', 0.1 + 0.05 * noiseAt(at + 7))] },
    { table: 'host', at, rows: [{ entity: 'h1', values: host }] },
  ];
}

function trafficAt(at: number, seconds: number): SampleBatch[] {
  const grown = seconds * 1000;
  const disk = { readBytes: grown, writeBytes: 2 * grown, writeOps: grown, allocatedRatio: 0.2 };
  const nic = { receiveBytes: grown, transmitBytes: grown };
  const ofBoth = (device: string, values: SampleBatch['rows'][number]['values']) =>
    ['mine', 'theirs'].map((entity) => ({ entity, device, values }));
  return [
    { table: 'vm.disk', at, rows: ofBoth('vda', disk) },
    { table: 'vm.nic', at, rows: ofBoth('vnet0', nic) },
    { table: 'vm.filesystem', at, rows: [{ entity: 'mine', device: '/', values: { usedRatio: 0.3 + seconds / 1e6 } }] },
    { table: 'host.pool', at, rows: [{ entity: 'h1', device: 'default', values: { allocatedRatio: 0.6 } }] },
  ];
}

export interface World {
  readonly hub: TestHub;
  /** A request to the plugin as somebody; `body` makes it a POST. */
  get(path: string, as?: string): Promise<Reply>;
  query(body: unknown, as?: string): Promise<Reply>;
  readonly stopped: readonly string[];
  readonly tokens: Readonly<Record<string, string>>;
}

export async function startWorld(options: { readonly config?: unknown; readonly now?: number } = {}): Promise<World> {
  const fake = createFakeHypervisor({
    hosts: ['h1'],
    vms: { mine: 'default', theirs: 'other' },
    scrape: async () => hostScrape(Date.now(), []),
  });
  const { plugin, stopped } = withMachines(fake.plugin);
  const quiet = { plugin: monitoring, config: { everySeconds: 300 } };
  const hub = await startTestHub({ plugins: [plugin, quiet, charts, analytics, { plugin: grafana, config: options.config ?? {} }] });
  await hub.metrics.write('monitoring', recordedSamples(options.now ?? Date.now()));
  const tokens = {
    admin: await tokenFor(hub, 'admin'),
    viewer: await tokenFor(hub, 'viewer'),
    operator: await tokenFor(hub, 'operator'),
    other: await tokenFor(hub, hub.as('viewer', 'other')),
    narrow: await tokenFor(hub, 'viewer', ['job.list']),
  };
  const call = (path: string, as: string, body?: unknown) =>
    ask(`${hub.url}/api/v1/grafana${path}`, { token: tokens[as as keyof typeof tokens], ...(body !== undefined && { body }) });
  return { hub, tokens, stopped, get: (path, as = 'viewer') => call(path, as), query: (body, as = 'viewer') => call('/query', as, body) };
}
