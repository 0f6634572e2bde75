import { z } from 'zod';
import { definePlugin, type Resource } from '../../core/contract.ts';
import type { MetricsStore } from '../../core/metrics/metrics.ts';
import grafana from '../../plugins/grafana/index.ts';
import { startTestHub } from '../kit/hub.ts';
import { METRICS } from './ingest-generator.ts';
import { vmName } from './metrics-data.ts';

/** A hub in a process of its own, so that its CPU time can be told from the client's. Told by its parent what to do, answers when it is done. */

const [dataDir = '', vms = '0', names = ''] = process.argv.slice(2);

const things: readonly Resource[] = Array.from({ length: Number(vms) }, (_, index) => {
  const name = vmName(index);
  return { kind: 'vm', id: name, name, tenant: 'default', tags: [], owner: null };
});
const byName = new Map(things.map((thing) => [thing.name, thing]));

const machines = definePlugin({ name: 'machines', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action }) => ({
  metrics: { vm: Object.fromEntries(names.split(',').map((name) => [name, METRICS[name]!])) },
  resources: {
    vm: {
      title: 'VM',
      get: async (_, name) => byName.get(name),
      search: async (_, { rowsMax }) => things.slice(0, rowsMax),
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

const limits = { addressPerMinuteMax: 10_000_000, actorPerMinuteMax: 10_000_000 };
const hub = await startTestHub({
  plugins: [machines, grafana],
  dataDir,
  config: {
    limits: {
      bodyBytesMax: 2 ** 20,
      authPerMinuteMax: 30,
      streamsMax: 500,
      streamsPerActorMax: 20,
      slowClientMs: 15_000,
      clientBytesMax: 2 ** 20,
      ...limits,
    },
  },
});
const { token } = await hub.identity.createApiToken({
  actor: hub.as('admin'),
  name: 'bench',
  scopes: ['*'],
  expiresAt: Date.now() + 86_400_000,
});
// The hub opened it, so it is the store and not only the contract's part of it.
const metrics = hub.metrics as MetricsStore;

process.on('message', async ({ seal }: { seal?: string }) => {
  if (seal === undefined) {
    await hub[Symbol.asyncDispose]();
    process.disconnect();
    return;
  }
  const beganAt = performance.now();
  await metrics.seal(seal);
  process.send?.({ sealMs: performance.now() - beganAt, stats: await metrics.stats() });
});
process.send?.({ url: hub.url, token: token.reveal() });
