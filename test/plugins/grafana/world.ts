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
const DAYS = 3;

/** Three days of five-minute samples of two VMs of two tenants and their host: a wave of a day, disks that fill, counters that grow. */
export function recordedSamples(now: number): SampleBatch[] {
  const end = Math.floor(now / STEP_MS) * STEP_MS;
  const first = end - ((DAYS * 86_400_000) / STEP_MS) * STEP_MS;
  return Array.from({ length: (end - first) / STEP_MS + 1 }, (_, step) => first + step * STEP_MS).flatMap((at) => {
    const wave = 0.4 + 0.3 * Math.sin((at / 86_400_000) * 2 * Math.PI);
    const grown = ((at - first) / 1000) * 1000;
    const vm = (entity: string, cpuRatio: number) => ({
      entity,
      values: { cpuRatio, vcpus: 2, memoryRssBytes: 1e9, memoryUsedRatio: 0.5 + wave / 10, memoryUsedBytes: isLast ? 1e9 : null },
    });
    // Half an hour: too little for a forecast.
    const isLast = at > end - 6 * STEP_MS;
    const disk = (entity: string) => ({
      entity,
      device: 'vda',
      values: { readBytes: grown, writeBytes: 2 * grown, writeOps: grown, allocatedRatio: 0.2 },
    });
    const nic = (entity: string) => ({ entity, device: 'vnet0', values: { receiveBytes: grown, transmitBytes: grown } });
    return [
      { table: 'vm', at, rows: [vm('mine', wave), vm('theirs', 0.1)] },
      { table: 'vm.disk', at, rows: [disk('mine'), disk('theirs')] },
      { table: 'vm.nic', at, rows: [nic('mine'), nic('theirs')] },
      { table: 'vm.filesystem', at, rows: [{ entity: 'mine', device: '/', values: { usedRatio: 0.3 + grown / 1e9 } }] },
      {
        table: 'host',
        at,
        rows: [{ entity: 'h1', values: { cpuRatio: wave / 2, memoryUsedRatio: 0.4, memoryBytes: 8e9, vmsRunning: 2 } }],
      },
      { table: 'host.pool', at, rows: [{ entity: 'h1', device: 'default', values: { allocatedRatio: 0.6 } }] },
    ];
  });
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
