import { Actions, Database, definePlugin, Events, Hub, Jobs, optional, Resources, Secret, Users } from 'novacron/plugin';
import { z } from 'zod';
import { Incidents } from '../../plugins/monitoring/port.ts';
import { Reports } from '../../plugins/reports/port.ts';
import { Sandbox } from '../sandbox/port.ts';
import { channelIdMigrations } from './channel-ids.ts';
import { startBot } from './start-bot.ts';
import { migrations } from './job-store.ts';

const token = (description: string) =>
  z
    .unknown()
    .refine((value): value is Secret => value instanceof Secret, { error: 'must be { "env": "NAME" } or { "file": "/path" }' })
    .optional()
    .meta({ description });

const config = z
  .object({
    botToken: token('Bot token (xoxb-…) of the Slack app; without it the sandbox is opened.'),
    appToken: token('App-level token (xapp-…) with the scope connections:write.'),
    apiUrl: z.url().optional().meta({ description: "Base address of the Web API, ending in '/'; default: Slack's own." }),
    incidentChannel: z
      .string()
      .min(1)
      .max(80)
      .default('#ops')
      .meta({ description: 'Where incidents are told when the routes of the plugin monitoring say "default": #name or an id.' }),
  })
  .refine(({ botToken, appToken }) => (botToken === undefined) === (appToken === undefined), {
    error: 'botToken and appToken belong together: give both, or neither for the sandbox',
  });

/** The chat app: every action of every plugin as `/nova <noun> <verb>`, with forms, questions, and one message per job. */
export default definePlugin(
  {
    name: 'slack',
    api: 1,
    config,
    needs: {
      actions: Actions,
      jobs: Jobs,
      events: Events,
      users: Users,
      resources: Resources,
      database: Database,
      hub: Hub,
      sandbox: Sandbox,
      incidents: optional(Incidents),
      reports: optional(Reports),
    },
    provides: {},
  },
  () => ({
    migrations: { ...migrations, ...channelIdMigrations },
    async start(context) {
      await startBot(context);
      return {};
    },
  }),
);
