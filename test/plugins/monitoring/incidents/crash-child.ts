import { createWebhook } from '../../../../plugins/monitoring/channels/webhook.ts';
import { incidentsConfig, policyOf } from '../../../../plugins/monitoring/incidents/config.ts';
import { createCourier } from '../../../../plugins/monitoring/incidents/courier.ts';
import { createDesk } from '../../../../plugins/monitoring/incidents/desk.ts';
import { createLoop } from '../../../../plugins/monitoring/incidents/loop.ts';
import { incidentMigrations } from '../../../../plugins/monitoring/incidents/migrations.ts';
import { createPostgresStore } from '../../../../plugins/monitoring/incidents/postgres-store.ts';
import type { Signal } from '../../../../plugins/monitoring/port.ts';
import { Secret } from '../../../../core/contract.ts';
import { openState } from '../../../../core/state/state.ts';

/** The incidents of a hub, to be killed: `crash-child.ts DATABASE_URL DATA_DIR WEBHOOK_URL`. Its clock runs 30 times as fast. */
const [databaseUrl = '', dataDir = '', url = ''] = process.argv.slice(2);
const FASTER = 30;
const EPOCH = Date.UTC(2026, 0, 5);
const clock = { now: () => EPOCH + (Date.now() % 1e9) * FASTER };
const log = { debug() {}, info() {}, warn() {}, error: (fields: object, text: string) => console.error(text, fields) };

const hook = (to: string) => ({ channel: 'webhook', to });
const policy = policyOf(
  incidentsConfig.parse({
    receivers: { default: [hook('first')] },
    escalations: {
      urgent: [
        { afterSeconds: 60, tell: [hook('second')] },
        { afterSeconds: 60, tell: [hook('third')] },
      ],
    },
    route: { receiver: 'default', escalation: 'urgent', repeatSeconds: 0, groupWaitSeconds: 5 },
  }),
);

const { signal } = new AbortController();
const state = await openState({ dataDir, databaseUrl, log, signal });
await state.migratePlugin('monitoring', incidentMigrations);
const store = createPostgresStore(await state.pluginDatabase('monitoring'), { editEveryMs: policy.editEveryMs });
const topology = { parentsOf: () => [], childrenOf: () => [] };
const desk = createDesk({ store, policy, topology, clock, hub: 'hub-1', onChange: () => loop.wake() });
const target = { url, secret: new Secret('x') };
const channels = new Map([['webhook', createWebhook({ first: target, second: target, third: target }, clock)]]);
const courier = createCourier({ store, channels, clock, log, draw: async () => null, onFailed: async () => undefined });
const loop = createLoop({ desk, courier, store, clock, log, keepMs: 1e12, beat: () => undefined });

/** As a rule does: it says how things are, whether they were told before or not. */
const signals = Array.from({ length: 8 }, (_, index): Signal => {
  const subject = { kind: 'vm', id: `vm-${index}`, name: `vm-${index}`, tenant: null };
  const facts = { rule: { id: 'cpu', title: 'CPU' }, severity: 'warning', summary: 'CPU is at 97 %.', values: {} } as const;
  return { key: `cpu/${index}`, state: 'firing', subject, at: clock.now(), since: clock.now(), ...facts };
});
const running = loop.run(signal);
await desk.raise(signals);
console.log('ready');
await running;
