import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';
import { createHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import { HubConfig } from '../../../core/plugins/hub-config.ts';
import { withConfig } from '../../../core/plugins/load.ts';
import charts from '../../../plugins/charts/index.ts';
import reports from '../../../plugins/reports/index.ts';
import { Reports } from '../../../plugins/reports/port.ts';

/** A hub to be killed: `posts-child.ts DATABASE_URL DATA_DIR FOLDER CHAT`. Its chat says what it is asked to post; as `deaf` it never answers, as `none` there is none. */
const [databaseUrl = '', dataDir = '', folder = '', kind = ''] = process.argv.slice(2);

const chat = definePlugin({ name: 'chat', api: 1, config: z.object({}), needs: { reports: Reports }, provides: {} }, () => ({
  start({ services, defer }) {
    if (kind === 'none') return {};
    const withdraw = services.reports.offer({
      async deliver({ id, to, attempt, view }) {
        process.send?.({ is: 'post', id, to, attempt, text: view.text });
        if (kind === 'deaf') await new Promise(() => {});
        return { receipt: 'C1:1' };
      },
    });
    defer(withdraw);
    return {};
  },
}));

const hub = createHub({
  dataDir,
  config: HubConfig.parse({ port: 0, databaseUrl }),
  plugins: [
    await withConfig(charts, { file: 'test', raw: {} }),
    await withConfig(reports, { file: 'test', raw: { folders: [folder] } }),
    await withConfig(chat, { file: 'test', raw: {} }),
  ],
  log: createLog({ level: process.env['NOVACRON_TEST_LOG'] === 'debug' ? 'debug' : 'silent' }),
});
const running = await hub.start();
const actor = await running.identity.users.ensure({ name: 'a', displayName: 'A', role: 'admin', tenant: 'default' });
process.on('message', (report: string) => {
  void running.actions.execute('report.run', { report, audience: '#ops' }, { actor, via: 'hub' });
});
process.on('disconnect', () => process.exit());
process.send?.({ is: 'ready' });
