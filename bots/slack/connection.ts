import { setTimeout as sleep } from 'node:timers/promises';
import { App } from '@slack/bolt';
import { HubError, type HubInfo, type Log, type Secret, type Users } from 'novacron/plugin';
import type { Completion, Sandbox } from '../sandbox/port.ts';
import { createAppLog } from './app-log.ts';

export interface Tokens {
  readonly botToken: Secret;
  readonly appToken: Secret;
  /** Default: Slack's own. */
  readonly apiUrl?: string | undefined;
}

export interface Chat extends Tokens {
  /** True when it is the local sandbox. */
  readonly isSandbox: boolean;
}

const TENANT = 'default';
const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 60_000;

/** Opens the sandbox and links its prepared people to users of the hub. */
export async function openChat(deps: {
  readonly sandbox: Sandbox;
  readonly users: Users;
  readonly hub: HubInfo;
  readonly complete: (words: string, workspace: string, chatUserId: string) => Promise<readonly Completion[]>;
}): Promise<Chat> {
  let workspace = '';
  const opened = await deps.sandbox.open({
    name: 'Nova',
    commands: [{ command: '/nova', description: 'Run your virtual machines', usageHint: 'help | vm create web-1' }],
    complete: (words, chatUserId) => deps.complete(words, workspace, chatUserId),
  });
  workspace = opened.workspace;
  for (const { chatUserId, name, displayName, role } of opened.users) {
    await deps.users.ensure({ name, displayName, role, tenant: TENANT });
    await deps.users.linkChat(workspace, chatUserId, name);
  }
  deps.hub.announce({ label: 'Chat sandbox', text: opened.pageUrl });
  return { botToken: opened.botToken, appToken: opened.appToken, apiUrl: opened.apiUrl, isSandbox: true };
}

export function createApp(chat: Chat, log: Log): App {
  return new App({
    token: chat.botToken.reveal(),
    appToken: chat.appToken.reveal(),
    socketMode: true,
    logger: createAppLog(log),
    // The sockets and tokens are checked when the app starts, in our own time.
    deferInitialization: true,
    clientOptions: { ...(chat.apiUrl !== undefined && { slackApiUrl: chat.apiUrl }) },
  });
}

/** Codes that waiting does not heal. */
const HOPELESS = /invalid_auth|not_authed|account_inactive|token_revoked|missing_scope|not_allowed_token_type/;

/** Makes the app ready and answers which workspace its token belongs to. HubError `slack_refused` names what is wrong with it. */
export async function workspaceOf(app: App): Promise<string> {
  try {
    await app.init();
    const { team_id } = await app.client.auth.test();
    return team_id ?? '';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!HOPELESS.test(reason)) throw error;
    throw new HubError('slack_refused', `Slack refuses the bot token (${reason}). Check "botToken" of the plugin slack in plugins.json.`, {
      cause: error,
    });
  }
}

interface Trying {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Told of the first failure. */
  onTrouble(reason: string): void;
}

/** Tries until it works or the hub stops: Slack being away must neither keep the hub from starting nor from stopping. */
export async function untilItWorks(work: () => Promise<void>, { signal, log, onTrouble }: Trying): Promise<void> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => stop(), { once: true });
  for (let pauseMs = RETRY_FIRST_MS; !signal.aborted; pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2)) {
    try {
      return await Promise.race([work(), stopped]);
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error, retryInMs: pauseMs }, 'Slack cannot be reached; it is tried again');
      if (pauseMs === RETRY_FIRST_MS) onTrouble(error instanceof Error ? error.message : String(error));
    }
    await Promise.race([sleep(pauseMs, undefined, { ref: false }), stopped]);
  }
}
