import type { ReportChannel, ReportPost } from '../../plugins/reports/port.ts';
import type { Bot } from './bot.ts';
import { createChannelIds, type ChannelIds } from './channel-ids.ts';
import { uploadPictures } from './pictures.ts';
import { findTold, isChannelId, lookUpChannel, metadataOf, receiptOf, tellWithin, type Place } from './telling.ts';
import { viewBlocks, viewText } from './view-blocks.ts';

const EVENT = 'nova_report';
const THREAD_MAX = 50;

interface Shared {
  readonly bot: Bot;
  readonly ids: ChannelIds;
}

/** Of an attempt before, of which nobody knows whether Slack took it. */
async function findBefore({ bot, ids }: Shared, { id, to, attempt }: ReportPost): Promise<Place | undefined> {
  if (attempt === 1) return undefined;
  const channel = isChannelId(to) ? to : ((await ids.get(to)) ?? (await lookUpChannel(bot, to)));
  const ts = channel === undefined ? undefined : await findTold(bot, { event: EVENT, id }, { channel });
  return channel === undefined || ts === undefined ? undefined : { channel, ts };
}

async function say({ bot, ids }: Shared, { id, to, view }: ReportPost): Promise<Place> {
  const content = { text: viewText(view), blocks: viewBlocks(view) };
  const metadata = metadataOf({ event: EVENT, id });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- This is Slack's method, not that of a window.
  const sent = await bot.client.chat.postMessage({ channel: to, ...content, metadata, unfurl_links: false });
  if (sent.channel !== undefined) await ids.set(to, sent.channel);
  return { channel: sent.channel ?? to, ts: sent.ts ?? '' };
}

/** How many pictures stand in the thread of an attempt before; they were uploaded in order. */
async function picturesThere({ client }: Bot, { channel, ts }: Place): Promise<number> {
  const { messages = [] } = await client.conversations.replies({ channel, ts, limit: THREAD_MAX });
  return messages.flatMap(({ files = [] }) => files).length;
}

async function deliver(shared: Shared, post: ReportPost): Promise<string> {
  const { bot } = shared;
  const before = await findBefore(shared, post);
  const at = before ?? (await say(shared, post));
  const there = before ? await picturesThere(bot, before) : 0;
  try {
    await uploadPictures(bot, at, (post.view.pictures ?? []).slice(there));
  } catch (error) {
    // The message is there: it is not told again because a picture is missing.
    bot.log.warn({ err: error, run: post.id }, 'The pictures of a report could not be posted');
  }
  return receiptOf(at);
}

/** Reports on a schedule in Slack: a message for each run in the channel that its audience names, the pictures in its thread. */
export function createReportChannel(bot: Bot): ReportChannel {
  const shared: Shared = { bot, ids: createChannelIds(bot.database) };
  return { deliver: (post, signal) => tellWithin(post.to, () => deliver(shared, post), signal) };
}
