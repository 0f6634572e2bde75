import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { definePlugin } from 'novacron/plugin';
import { createHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import { HubConfig } from '../../../core/plugins/hub-config.ts';
import { withConfig } from '../../../core/plugins/load.ts';

/** One of several hubs, to be killed or held up: `take-over-child.ts DATABASE_URL DATA_DIR FILE NAME`. Its job writes into the file what it does. */
const [databaseUrl = '', dataDir = '', file = '', name = ''] = process.argv.slice(2);
const write = (what: string): void => appendFileSync(file, `${name} ${what}\n`);

const walk = definePlugin({ name: 'walk', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action }) => ({
  actions: {
    'walk.go': action({
      title: 'Go three steps',
      label: 'Go',
      risk: 'change',
      input: z.object({ pauseMs: z.int() }),
      output: z.object({ by: z.string() }),
      timeoutMs: 60_000,
      async run({ step }, { pauseMs }) {
        const go = (what: string, ms: number): Promise<string> =>
          step(
            what,
            async (signal) => {
              write(`begins ${what}`);
              await sleep(ms, undefined, { signal });
              write(`has done ${what}`);
              return name;
            },
            async () => write(`takes back ${what}`),
          );
        await go('one', 10);
        await go('two', pauseMs);
        return { by: await go('three', 10) };
      },
    }),
  },
}));

const hub = createHub({
  dataDir,
  config: HubConfig.parse({ port: 0, databaseUrl, dutySeconds: 4 }),
  plugins: [await withConfig(walk, { file: 'test', raw: {} })],
  log: createLog({ level: process.env['NOVACRON_TEST_LOG'] === 'debug' ? 'debug' : 'silent' }),
});
const running = await hub.start();
const actor = await running.identity.users.ensure({ name: 'a', displayName: 'A', role: 'admin', tenant: 'default' });

interface Asked {
  readonly is: 'go' | 'cancel' | 'verify';
  readonly id?: string;
  readonly pauseMs?: number;
}

async function answer({ is, id = '', pauseMs = 0 }: Asked): Promise<unknown> {
  if (is === 'verify') return running.audit.verify();
  if (is === 'cancel') return running.jobs.cancel(id, { actor, via: 'hub' });
  const outcome = await running.actions.execute('walk.go', { pauseMs }, { actor, via: 'hub' });
  return outcome.is === 'accepted' ? outcome.job.id : null;
}
process.on('message', (asked: Asked) => {
  void answer(asked).then(
    (answered) => process.send?.({ answered }),
    (error: unknown) => process.send?.({ answered: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
