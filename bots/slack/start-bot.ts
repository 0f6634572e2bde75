import type { Actions, Database, Events, HubInfo, Jobs, Resources, Secret, StartContext, Users } from 'novacron/plugin';
import { webApi } from '@slack/bolt';
import type { Incidents } from '../../plugins/monitoring/port.ts';
import type { Reports } from '../../plugins/reports/port.ts';
import type { Sandbox } from '../sandbox/port.ts';
import type { Bot } from './bot.ts';
import { complete } from './completion.ts';
import { createApp, openChat, untilItWorks, workspaceOf, type Chat } from './connection.ts';
import { registerHandlers } from './handlers.ts';
import { createIncidentChannel } from './incident-channel.ts';
import { createJobMessages } from './job-messages.ts';
import { createJobStore } from './job-store.ts';
import { createReportChannel } from './report-channel.ts';

export interface BotConfig {
  readonly botToken?: Secret | undefined;
  readonly appToken?: Secret | undefined;
  readonly apiUrl?: string | undefined;
  readonly incidentChannel: string;
}

export interface BotServices {
  readonly actions: Actions;
  readonly jobs: Jobs;
  readonly events: Events;
  readonly users: Users;
  readonly resources: Resources;
  readonly database: Database;
  readonly hub: HubInfo;
  readonly sandbox: Sandbox;
  readonly incidents: Incidents | undefined;
  readonly reports: Reports | undefined;
}

type Context = Pick<StartContext<BotConfig, never>, 'config' | 'signal' | 'log' | 'clock' | 'defer'> & { readonly services: BotServices };

async function chatOf({ config, services }: Context): Promise<Chat> {
  const { botToken, appToken, apiUrl } = config;
  if (botToken && appToken) return { botToken, appToken, apiUrl, isSandbox: false };
  const { actions, users } = services;
  return openChat({
    ...services,
    async complete(words, workspace, chatUserId) {
      const actor = await users.byChat(workspace, chatUserId);
      return actor ? complete(words, actions.list(actor)) : [];
    },
  });
}

/** A call takes so long at the most; a telling is given 30 s in all. */
const TELLING_MS = 10_000;

/** Incidents and reports are told by a client that tries once: it must not go on trying when the next try has begun already. */
const tellingClient = ({ botToken, apiUrl }: Chat): webApi.WebClient =>
  new webApi.WebClient(botToken.reveal(), {
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: TELLING_MS,
  });

/** Connects and listens until the hub stops. */
export async function startBot(context: Context): Promise<void> {
  const { services, log, clock, defer } = context;
  const chat = await chatOf(context);
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const connect = async (): Promise<void> => {
    const app = createApp(chat, log);
    const bot: Bot = { ...services, client: app.client, log, clock, signal, hubUrl: () => services.hub.url };
    const workspace = await workspaceOf(app);
    const jobMessages = createJobMessages({ bot, store: createJobStore(services.database, services.hub.id), workspace });
    registerHandlers(app, { bot, jobMessages }, workspace);
    // The hub may have begun to stop while Slack was waited for.
    signal.throwIfAborted();
    await app.start();
    defer(() => app.stop().then(() => undefined));
    await jobMessages.start();
    const telling = { ...bot, client: tellingClient(chat) };
    const incidents = createIncidentChannel({ bot: telling, defaultChannel: context.config.incidentChannel });
    defer(services.incidents?.offer(incidents) ?? (() => undefined));
    defer(services.reports?.offer(createReportChannel(telling)) ?? (() => undefined));
    defer(() => jobMessages.stop());
    // Runs first at stop: nothing new is begun while the rest is taken down.
    defer(() => stopping.abort());
    log.info({ workspace, sandbox: chat.isSandbox }, 'The chat app is connected');
  };
  if (chat.isSandbox) return connect();
  const onTrouble = (text: string): void => services.hub.announce({ label: 'Slack', text, tone: 'warn' });
  const connecting = untilItWorks(connect, { signal, log, onTrouble });
  defer(async () => {
    stopping.abort();
    await connecting;
  });
}
