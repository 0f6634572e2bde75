import type { ApiDeps } from './api-method.ts';
import type { Interaction } from './protocol.ts';
import type { Ack } from './socket-mode.ts';
import { APP_ID, BOT_USER_ID, TEAM_ID } from './workspace.ts';

/** Parts that several of Slack's payloads share. */

export const done = (ack: Ack): Interaction => (ack.ok ? { ok: true, ackMs: ack.ms } : { ok: false, error: ack.error });

export const nameOf = (deps: Pick<ApiDeps, 'workspace'>, user: string): string => deps.workspace.people.get(user)?.name ?? 'unknown';

export function channelName(deps: Pick<ApiDeps, 'workspace'>, id: string): string {
  const channel = deps.workspace.channels.get(id);
  return channel?.kind === 'im' ? 'directmessage' : (channel?.name ?? '');
}

/** Who did it, where. */
export const basePayload = (deps: Pick<ApiDeps, 'workspace'>, user: string): object => ({
  team: { id: TEAM_ID, domain: 'sandbox' },
  user: { id: user, username: nameOf(deps, user), name: nameOf(deps, user), team_id: TEAM_ID },
  api_app_id: APP_ID,
  token: 'sandbox',
  enterprise: null,
  is_enterprise_install: false,
});

export const responseUrl = (deps: ApiDeps, ticket: Parameters<ApiDeps['tickets']['response']>[0]): string =>
  `${deps.baseUrl()}/response/${deps.tickets.response(ticket)}`;

/** An event of the Events API. */
export const sendEvent = (deps: ApiDeps, user: string, body: object): Promise<Ack> =>
  deps.sockets.deliver('events_api', {
    token: 'sandbox',
    team_id: TEAM_ID,
    api_app_id: APP_ID,
    type: 'event_callback',
    event: { user, event_ts: `${deps.clock.now() / 1_000}`, ...body },
    event_id: `Ev${deps.clock.now()}${Math.round(performance.now() * 1_000)}`,
    event_time: Math.floor(deps.clock.now() / 1_000),
    authorizations: [{ team_id: TEAM_ID, user_id: BOT_USER_ID, is_bot: true, enterprise_id: null, is_enterprise_install: false }],
  });
