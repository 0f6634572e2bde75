import type { Actions, Database, Events, HubInfo, Jobs, Resources, Secret, StartContext, Users } from 'novacron/plugin';
import type { Sandbox } from '../sandbox/port.ts';
import type { Bot } from './bot.ts';
import { complete } from './completion.ts';
import { createApp, openChat, untilItWorks, workspaceOf, type Chat } from './connection.ts';
import { registerHandlers } from './handlers.ts';
import { createJobMessages } from './job-messages.ts';
import { createJobStore } from './job-store.ts';

export interface BotConfig {
  readonly botToken?: Secret | undefined;
  readonly appToken?: Secret | undefined;
  readonly apiUrl?: string | undefined;
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
    const jobMessages = createJobMessages({ bot, store: createJobStore(services.database), workspace });
    registerHandlers(app, { bot, jobMessages }, workspace);
    // The hub may have begun to stop while Slack was waited for.
    signal.throwIfAborted();
    await app.start();
    defer(() => app.stop().then(() => undefined));
    await jobMessages.start();
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
