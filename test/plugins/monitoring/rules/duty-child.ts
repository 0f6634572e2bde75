import { z } from 'zod';
import { definePlugin } from 'novacron/plugin';
import { createHub } from '../../../../core/hub.ts';
import { createLog } from '../../../../core/log.ts';
import { HubConfig } from '../../../../core/plugins/hub-config.ts';
import { withConfig } from '../../../../core/plugins/load.ts';
import monitoring from '../../../../plugins/monitoring/index.ts';
import { Rules } from '../../../../plugins/monitoring/port.ts';
import { createFakeHypervisor, hostScrape, vmScrape } from '../fake-hypervisor.ts';

/** One of several hubs, to be killed or held up: `duty-child.ts DATABASE_URL DATA_DIR`. Says `judged` whenever it judges its rule; told `bad` or `good`, finds that. */
const [databaseUrl = '', dataDir = ''] = process.argv.slice(2);
let verdict: 'bad' | 'good' = 'bad';
process.on('message', (said: typeof verdict) => void (verdict = said));

const witness = definePlugin({ name: 'witness', api: 1, config: z.object({}), needs: { rules: Rules }, provides: {} }, () => ({
  alerts: {
    seen: { title: 'Seen', severity: 'warning', metric: 'vm.vcpus', condition: { is: 'offered', kind: 'witness', settings: null } },
  },
  start({ services, defer }) {
    const withdraw = services.rules.offer({
      kind: 'witness',
      everySeconds: 1,
      settings: { validate: (value) => ({ ok: true, value: value as null }) },
      async judge({ targets }) {
        process.send?.('judged');
        return targets.map((subject) => ({ subject, verdict, summary: `${subject.name} is ${verdict}`, values: {} }));
      },
    });
    defer(withdraw);
    return {};
  },
}));

const fake = createFakeHypervisor({
  hosts: ['h1'],
  vms: { web: 'default' },
  scrape: async () => hostScrape(Date.now(), [vmScrape('web')]),
});
const hub = createHub({
  dataDir,
  config: HubConfig.parse({ port: 0, databaseUrl, dutySeconds: 4 }),
  plugins: [
    await withConfig(fake.plugin, { file: 'test', raw: {} }),
    await withConfig(monitoring, { file: 'test', raw: { everySeconds: 1, rules: { everySeconds: 1 } } }),
    await withConfig(witness, { file: 'test', raw: {} }),
  ],
  log: createLog({ level: process.env['NOVACRON_TEST_LOG'] === 'debug' ? 'debug' : 'silent' }),
});
const running = await hub.start();
const actor = await running.identity.users.ensure({ name: 'a', displayName: 'A', role: 'admin', tenant: 'default' });
setInterval(() => {
  void running.actions
    .execute('alert.list', { state: 'firing' }, { actor, via: 'hub' })
    .then((outcome) => process.send?.({ firing: outcome.is === 'done' ? JSON.stringify(outcome.output).includes('witness.seen') : false }));
}, 500);
process.on('disconnect', () => process.exit());
process.send?.('ready');
