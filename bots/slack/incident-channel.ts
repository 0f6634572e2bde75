import type { Actor } from 'novacron/plugin';
import type { Channel, Incident, Notification } from '../../plugins/monitoring/port.ts';
import type { Content } from './block-kit.ts';
import type { Bot } from './bot.ts';
import { createChannelIds, type ChannelIds } from './channel-ids.ts';
import { followUpContent, incidentContent, silenceContent } from './incident-blocks.ts';
import { uploadPictures } from './pictures.ts';
import { edit, slackError } from './replies.ts';
import { findTold, isChannelId, metadataOf, receiptOf, tellWithin, type Place } from './telling.ts';

export interface IncidentChannelOptions {
  /** Its client tries once: who is told again when, the incidents decide. */
  readonly bot: Bot;
  /** Where `default` is. */
  readonly defaultChannel: string;
}

interface Shared extends IncidentChannelOptions {
  readonly ids: ChannelIds;
}

const EVENT = 'nova_incident';
/** Seen in the channel too, not in the thread only. */
const BROADCAST = new Set<Notification['why']>(['escalated', 'reopened']);

/** To know which actions there are at all; what somebody may do is asked when they press. */
const EVERYBODY: Actor = { id: 'slack', name: 'slack', kind: 'service', role: 'admin', tenant: 'default' };

const placeIn = (receipt: string | null): Place | undefined => {
  const [channel = '', ts = ''] = receipt?.split(':') ?? [];
  return channel === '' || ts === '' ? undefined : { channel, ts };
};

async function channelFor({ bot, defaultChannel, ids }: Shared, to: string): Promise<string> {
  const name = to === 'default' ? defaultChannel : to;
  const known = await ids.get(name);
  if (known !== undefined) return known;
  if (!/^[UW][A-Z0-9]+$/.test(name)) return name;
  const opened = await bot.client.conversations.open({ users: name });
  return opened.channel?.id ?? name;
}

interface NewMessage {
  readonly id: string;
  readonly content: Content;
  readonly thread?: { readonly ts: string; readonly isBroadcast: boolean };
}

async function say({ bot, ids }: Shared, channel: string, { id, content, thread }: NewMessage): Promise<Place> {
  const place = thread && (thread.isBroadcast ? { thread_ts: thread.ts, reply_broadcast: true as const } : { thread_ts: thread.ts });
  const metadata = metadataOf({ event: EVENT, id });
  const quiet = { unfurl_links: false, unfurl_media: false };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- This is Slack's method, not that of a window.
  const sent = await bot.client.chat.postMessage({ channel, ...content, metadata, ...quiet, ...place });
  if (sent.channel !== undefined) await ids.set(channel, sent.channel);
  return { channel: sent.channel ?? channel, ts: sent.ts ?? '' };
}

/** Changes the message when there is one, else makes it. */
async function put(options: Shared, notification: Notification, content: Content): Promise<Place & { readonly isNew: boolean }> {
  const { key, receipt, to, attempt } = notification;
  let at = placeIn(receipt);
  const channel = at?.channel ?? (await channelFor(options, to));
  // By a name nothing was posted yet that could be found.
  if (!at && attempt > 1 && isChannelId(channel)) {
    const ts = await findTold(options.bot, { event: EVENT, id: key }, { channel });
    at = ts === undefined ? undefined : { channel, ts };
  }
  if (at) {
    try {
      await edit(options.bot, at, content);
      return { ...at, isNew: false };
    } catch (error) {
      if (slackError(error) !== 'message_not_found') throw error;
    }
  }
  return { ...(await say(options, channel, { id: key, content })), isNew: true };
}

async function followUp(
  options: Shared,
  { notification, incident, at }: { notification: Notification; incident: Incident; at: Place },
): Promise<void> {
  const { why, id, attempt } = notification;
  const content = followUpContent(why, incident);
  if (!content) return;
  if (attempt > 1 && (await findTold(options.bot, { event: EVENT, id }, at)) !== undefined) return;
  await say(options, at.channel, { id, content, thread: { ts: at.ts, isBroadcast: BROADCAST.has(why) } });
}

/** The message is there: people are not told later because a picture is missing. */
async function picture({ bot }: Shared, notification: Notification, at: Place): Promise<void> {
  if (!notification.picture || notification.attempt > 1) return;
  try {
    await uploadPictures(bot, at, [notification.picture]);
  } catch (error) {
    bot.log.warn({ err: error, key: notification.key }, 'The picture of an incident could not be posted');
  }
}

async function deliver(options: Shared, notification: Notification): Promise<string> {
  const { about } = notification;
  if (about.is === 'silence') {
    const at = await put(options, notification, silenceContent(about.silence));
    return receiptOf(at);
  }
  const at = await put(options, notification, incidentContent(about.incident, options.bot.actions.list(EVERYBODY)));
  // A message that is new says by itself what a follow-up would.
  if (!at.isNew) await followUp(options, { notification, incident: about.incident, at });
  await picture(options, notification, at);
  return receiptOf(at);
}

/** Incidents in Slack: one message each, edited; what is worth a bell is said in its thread. */
export function createIncidentChannel(options: IncidentChannelOptions): Channel {
  const shared: Shared = { ...options, ids: createChannelIds(options.bot.database) };
  return {
    name: 'slack',
    edits: true,
    deliver: (notification, signal) => tellWithin(notification.to, () => deliver(shared, notification), signal),
  };
}
