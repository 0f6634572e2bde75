import { refuseMessage, UPDATE_TEXT_LENGTH_MAX } from './block-limits.ts';
import type { Block, Message } from './protocol.ts';
import { fail, refuse, type Answer, type ApiDeps, type Args, type Method } from './api-method.ts';
import { BOT_USER_ID, type Workspace } from './workspace.ts';

/** A message as Slack's API shows it. */
export const wire = (message: Message): Record<string, unknown> => ({
  type: 'message',
  user: message.user,
  ...(message.user === BOT_USER_ID && { bot_id: 'B0NOVA', app_id: 'A0SANDBOX' }),
  ts: message.ts,
  text: message.text,
  blocks: message.blocks,
  ...(message.threadTs !== null && { thread_ts: message.threadTs }),
  ...(message.editedTs !== null && { edited: { user: message.user, ts: message.editedTs } }),
  ...(message.files.length > 0 && { files: message.files.map((file) => ({ id: file.id, name: file.name, title: file.title })) }),
  ...(message.metadata !== null && { metadata: message.metadata }),
});

export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
const asBlocks = (value: unknown): readonly Block[] | undefined => (Array.isArray(value) ? (value as readonly Block[]) : undefined);

/** A channel id, a channel name, or a person's id (then: the conversation with that person). */
export function channelOf(workspace: Workspace, value: unknown): string | undefined {
  const asked = asText(value).replace(/^#/, '');
  if (workspace.channels.has(asked)) return asked;
  return [...workspace.channels.values()].find(
    (channel) => channel.user === asked || (channel.kind === 'channel' && channel.name === asked),
  )?.id;
}

/** The thread's parent: a reply to a reply goes into the same thread. */
function threadOf(workspace: Workspace, channel: string, value: unknown): string | null | undefined {
  if (value === undefined || value === '') return null;
  const parent = workspace.find(channel, asText(value));
  return parent ? (parent.threadTs ?? parent.ts) : undefined;
}

function post(deps: ApiDeps, args: Args, ephemeralFor: string | null): Message | Answer {
  const channel = channelOf(deps.workspace, args['channel']);
  if (channel === undefined) return fail('channel_not_found');
  const refusal = refuseMessage({ text: args['text'], blocks: args['blocks'] });
  if (refusal) return refuse(refusal);
  const threadTs = threadOf(deps.workspace, channel, args['thread_ts']);
  if (threadTs === undefined) return fail('thread_not_found');
  const content = { text: asText(args['text']), blocks: asBlocks(args['blocks']) ?? [], metadata: args['metadata'] };
  return deps.workspace.post({ ...content, channel, user: BOT_USER_ID, threadTs, ephemeralFor });
}

const isRefused = (made: Message | Answer): made is Answer => 'ok' in made;

function update(deps: ApiDeps, args: Args): Answer {
  const channel = asText(args['channel']);
  const ts = asText(args['ts']);
  const before = deps.workspace.find(channel, ts);
  if (!before || before.ephemeralFor !== null) return fail('message_not_found');
  if (before.user !== BOT_USER_ID) return fail('cant_update_message');
  const refusal = refuseMessage({ text: args['text'], blocks: args['blocks'] }, UPDATE_TEXT_LENGTH_MAX);
  if (refusal) return refuse(refusal);
  // Slack drops the blocks when only text comes.
  const blocks = asBlocks(args['blocks']) ?? (args['text'] === undefined ? before.blocks : []);
  const metadata = args['metadata'] === undefined ? before.metadata : args['metadata'];
  const message = deps.workspace.edit(channel, ts, { text: asText(args['text']), blocks, metadata });
  return message ? { ok: true, channel, ts, text: message.text, message: wire(message) } : fail('message_not_found');
}

function react(deps: ApiDeps, args: Args): Answer {
  const channel = asText(args['channel']);
  const name = asText(args['name']).replaceAll(':', '');
  const message = deps.workspace.find(channel, asText(args['timestamp']));
  if (!message) return fail('message_not_found');
  if (name === '') return fail('invalid_name');
  const own = message.reactions.find((reaction) => reaction.name === name);
  if (own?.users.includes(BOT_USER_ID)) return fail('already_reacted');
  const rest = message.reactions.filter((reaction) => reaction.name !== name);
  deps.workspace.edit(channel, message.ts, { reactions: [...rest, { name, users: [...(own?.users ?? []), BOT_USER_ID] }] });
  return { ok: true };
}

export const chatMethods = (deps: ApiDeps): Record<string, Method> => ({
  'chat.postMessage': (args) => {
    const made = post(deps, args, null);
    return isRefused(made) ? made : { ok: true, channel: made.channel, ts: made.ts, message: wire(made) };
  },
  'chat.postEphemeral': (args) => {
    const user = asText(args['user']);
    if (!deps.workspace.people.has(user)) return fail('user_not_in_channel');
    const made = post(deps, args, user);
    return isRefused(made) ? made : { ok: true, message_ts: made.ts };
  },
  'chat.update': (args) => update(deps, args),
  'chat.delete': (args) => {
    const [channel, ts] = [asText(args['channel']), asText(args['ts'])];
    const message = deps.workspace.find(channel, ts);
    if (!message || message.ephemeralFor !== null) return fail('message_not_found');
    if (message.user !== BOT_USER_ID) return fail('cant_delete_message');
    deps.workspace.remove(channel, ts);
    return { ok: true, channel, ts };
  },
  'reactions.add': (args) => react(deps, args),
});
