import { channelOf, wire } from './methods-chat.ts';
import type { Channel, Message, Person } from './protocol.ts';
import { fail, type Answer, type ApiDeps, type Args, type Method } from './api-method.ts';
import { BOT_USER_ID, TEAM_ID } from './workspace.ts';

const PAGE_MAX = 200;

const wirePerson = (person: Person): Record<string, unknown> => ({
  id: person.id,
  team_id: TEAM_ID,
  name: person.name,
  deleted: false,
  real_name: person.displayName,
  is_bot: person.bot,
  profile: { display_name: person.displayName, real_name: person.displayName },
  tz: 'Etc/UTC',
});

const wireChannel = (channel: Channel): Record<string, unknown> => ({
  id: channel.id,
  name: channel.name,
  is_channel: channel.kind === 'channel',
  is_im: channel.kind === 'im',
  is_member: true,
  is_archived: false,
  ...(channel.user !== null && { user: channel.user }),
  purpose: { value: channel.purpose },
});

const limitOf = (args: Args): number => Math.min(PAGE_MAX, Math.max(1, Number(args['limit'] ?? 100) || 100));

/** Newest first, as Slack answers. */
function page(messages: readonly Message[], args: Args): Answer {
  const oldest = typeof args['oldest'] === 'string' ? args['oldest'] : '';
  const latest = typeof args['latest'] === 'string' && args['latest'] !== '' ? args['latest'] : '9';
  const withMetadata = args['include_all_metadata'] === true;
  const found = messages.filter((message) => message.ts > oldest && message.ts < latest).toReversed();
  const shown = found.slice(0, limitOf(args)).map((message) => wire(withMetadata ? message : { ...message, metadata: null }));
  return { ok: true, messages: shown, has_more: found.length > shown.length };
}

const conversations = (deps: ApiDeps): Record<string, Method> => ({
  'conversations.list': () => ({
    ok: true,
    channels: [...deps.workspace.channels.values()].filter((channel) => channel.kind === 'channel').map(wireChannel),
    response_metadata: { next_cursor: '' },
  }),
  'conversations.info': (args) => {
    const channel = deps.workspace.channels.get(channelOf(deps.workspace, args['channel']) ?? '');
    return channel ? { ok: true, channel: wireChannel(channel) } : fail('channel_not_found');
  },
  'conversations.members': (args) => {
    const channel = deps.workspace.channels.get(channelOf(deps.workspace, args['channel']) ?? '');
    if (!channel) return fail('channel_not_found');
    const members = channel.user === null ? [...deps.workspace.people.keys()] : [channel.user, BOT_USER_ID];
    return { ok: true, members, response_metadata: { next_cursor: '' } };
  },
  'conversations.open': (args) => {
    const user = typeof args['users'] === 'string' ? args['users'] : '';
    const channel = [...deps.workspace.channels.values()].find((candidate) => candidate.user !== null && candidate.user === user);
    return channel ? { ok: true, channel: wireChannel(channel) } : fail('user_not_found');
  },
  'conversations.join': (args) => {
    const channel = deps.workspace.channels.get(channelOf(deps.workspace, args['channel']) ?? '');
    return channel ? { ok: true, channel: wireChannel(channel) } : fail('channel_not_found');
  },
  'conversations.history': (args) => {
    const messages = deps.workspace.history(channelOf(deps.workspace, args['channel']) ?? '');
    return messages
      ? page(
          messages.filter((message) => message.threadTs === null),
          args,
        )
      : fail('channel_not_found');
  },
  'conversations.replies': (args) => {
    const messages = deps.workspace.history(channelOf(deps.workspace, args['channel']) ?? '');
    if (!messages) return fail('channel_not_found');
    const thread = messages.filter((message) => message.ts === args['ts'] || message.threadTs === args['ts']);
    return thread.length > 0 ? { ok: true, messages: thread.map(wire), has_more: false } : fail('thread_not_found');
  },
});

export const directoryMethods = (deps: ApiDeps): Record<string, Method> => ({
  ...conversations(deps),
  'api.test': () => ({ ok: true }),
  'auth.test': () => ({
    ok: true,
    url: `${deps.baseUrl()}/`,
    team: 'Sandbox',
    user: 'nova',
    team_id: TEAM_ID,
    user_id: BOT_USER_ID,
    bot_id: 'B0NOVA',
    is_enterprise_install: false,
  }),
  'apps.connections.open': () => ({
    ok: true,
    url: `${deps.baseUrl().replace('http', 'ws')}/link/?ticket=${deps.sockets.ticket()}&app_id=A0SANDBOX`,
  }),
  'users.info': (args) => {
    const person = deps.workspace.people.get(String(args['user']));
    return person ? { ok: true, user: wirePerson(person) } : fail('user_not_found');
  },
  'users.list': () => ({
    ok: true,
    members: [...deps.workspace.people.values()].map(wirePerson),
    response_metadata: { next_cursor: '' },
  }),
});
