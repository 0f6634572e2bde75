import { z } from 'zod';
import { definePlugin, type Metric, type Resource } from '../../../core/contract.ts';
import type { MetricsStore } from '../../../core/metrics/metrics.ts';
import grafana from '../../../plugins/grafana/index.ts';
import { createRemoteWrite } from '../../bench/remote-write.ts';
import { tokenFor } from '../../core/http/client.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';

const metric = (kind: Metric['kind'], unit: Metric['unit']): Metric => ({ kind, unit, help: 'For a test.' });

const vm = (name: string, tenant: string): Resource => ({ kind: 'vm', id: `id-${name}`, name, tenant, tags: [], owner: null });
export const VMS = [vm('web-1', 'default'), vm('web-2', 'default'), vm('db-1', 'default'), vm('other-1', 'other')];

const find = (text: string) => VMS.find(({ id, name }) => id === text || name === text);
const seen = (tenant: string | null) => VMS.filter((one) => tenant === null || one.tenant === tenant);

/** A plugin with VMs of two tenants and some metrics, and the right to import them. */
const machines = definePlugin({ name: 'machines', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action }) => ({
  metrics: {
    vm: { cpuRatio: metric('gauge', 'ratio'), memoryBytes: metric('gauge', 'bytes'), cpuTimeSeconds: metric('counter', 'seconds') },
    'vm.disk': { readBytes: metric('counter', 'bytes') },
  },
  resources: {
    vm: {
      title: 'VM',
      get: async (_, text, { tenant }) => seen(tenant).find((one) => one === find(text)),
      search: async (_, { tenant, rowsMax }) => seen(tenant).slice(0, rowsMax),
      card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
    },
  },
  actions: {
    'metrics.import': action({
      title: 'Import history of metrics',
      label: 'Import metrics',
      risk: 'change',
      input: z.object({}),
      output: z.object({}),
      run: async () => ({}),
    }),
  },
}));

export interface GrafanaHub extends AsyncDisposable {
  readonly hub: TestHub;
  /** The store behind the contract's `Metrics`. */
  readonly store: MetricsStore;
  /** Where a Prometheus data source would be pointed at. */
  readonly url: string;
  readonly tokens: { readonly admin: string; readonly viewer: string; readonly other: string };
}

export async function startGrafanaHub(): Promise<GrafanaHub> {
  const hub = await startTestHub({ plugins: [machines, grafana] });
  const [admin, viewer, other] = [
    await tokenFor(hub, 'admin'),
    await tokenFor(hub, 'viewer'),
    await tokenFor(hub, hub.as('viewer', 'other')),
  ];
  return {
    hub,
    store: hub.metrics as MetricsStore,
    url: `${hub.url}/api/v1/grafana/prometheus`,
    tokens: { admin, viewer, other },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The same scrape as bodies of remote write: one a set of series that is seen, kept for the next scrape. */
export function createScrapes(): (samples: readonly Sample[], atMs: number) => Buffer<ArrayBuffer> {
  const kept = new Map<string, ReturnType<typeof createRemoteWrite>>();
  return (samples, atMs) => {
    const key = JSON.stringify(samples.map(({ labels }) => labels));
    const remote = kept.get(key) ?? createRemoteWrite(samples.map(({ labels }) => labels));
    kept.set(key, remote);
    return remote.encode(
      Float64Array.from(samples, ({ value }) => value),
      atMs,
    );
  };
}
