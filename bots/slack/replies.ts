import type { webApi } from '@slack/bolt';
import type { Asker, Bot } from './bot.ts';
import { LIMITS, type Content } from './block-kit.ts';
import { cut } from './mrkdwn.ts';

export interface Posted {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
}

const RESPONSE_TIMEOUT_MS = 10_000;
/** The bot may not write there; it can still write to the person. */
const NOT_THERE = new Set(['not_in_channel', 'channel_not_found', 'is_archived', 'restricted_action', 'user_not_in_channel']);

/** Slack's error code of a refused call. */
export function slackError(error: unknown): string | undefined {
  const data = error instanceof Error && 'data' in error ? (error.data as { error?: unknown } | undefined) : undefined;
  return typeof data?.error === 'string' ? data.error : undefined;
}

const isNotThere = (error: unknown): boolean => NOT_THERE.has(slackError(error) ?? '');

/** Slack's ids say what they name: `D` is a direct message. */
const isDirect = (channel: string): boolean => channel.startsWith('D');

async function directChannel(client: webApi.WebClient, user: string): Promise<string> {
  const opened = await client.conversations.open({ users: user });
  return opened.channel?.id ?? user;
}

async function viaResponseUrl(bot: Bot, url: string, content: Content): Promise<boolean> {
  const signal = AbortSignal.any([bot.signal, AbortSignal.timeout(RESPONSE_TIMEOUT_MS)]);
  const body = JSON.stringify({ ...content, response_type: 'ephemeral', replace_original: false });
  try {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
    if (!answer.ok) bot.log.debug({ status: answer.status }, 'A response_url did not take the answer');
    return answer.ok;
  } catch (error) {
    bot.log.debug({ err: error }, 'A response_url could not be reached');
    return false;
  }
}

type PostArguments = Parameters<webApi.WebClient['chat']['postMessage']>[0];

/** Every message of the bot goes out here. */
function send(bot: Bot, message: PostArguments): Promise<webApi.ChatPostMessageResponse> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- This is Slack's method, not that of a window.
  return bot.client.chat.postMessage(message);
}

/** Says something to the person only. */
export async function whisper(bot: Bot, asker: Omit<Asker, 'actor'>, content: Content): Promise<void> {
  const { user, channel, threadTs, responseUrl } = asker;
  if (responseUrl !== null && threadTs === null && (await viaResponseUrl(bot, responseUrl, content))) return;
  const thread = threadTs === null ? {} : { thread_ts: threadTs };
  if (channel !== null && !isDirect(channel)) {
    try {
      await bot.client.chat.postEphemeral({ channel, user, ...content, ...thread });
      return;
    } catch (error) {
      if (!isNotThere(error)) throw error;
    }
  }
  // A conversation between two is private already, and there an ephemeral message would be gone tomorrow.
  const direct = channel !== null && isDirect(channel) ? channel : await directChannel(bot.client, user);
  await send(bot, { channel: direct, ...content, ...(direct === channel && thread) });
}

export interface PostOptions {
  /** Found again by it when the hub died before it knew the message. */
  readonly jobId?: string;
}

/** Says something to everybody in the channel or thread; where the bot may not write, to the person. */
export async function post(
  bot: Bot,
  at: Pick<Asker, 'user' | 'channel' | 'threadTs'>,
  { jobId, ...content }: Content & PostOptions,
): Promise<Posted> {
  const metadata = jobId === undefined ? {} : { metadata: { event_type: 'nova_job', event_payload: { job: jobId } } };
  const write = async (channel: string, threadTs: string | null): Promise<Posted> => {
    const thread = threadTs === null ? {} : { thread_ts: threadTs };
    const quiet = { unfurl_links: false, unfurl_media: false };
    const sent = await send(bot, { channel, ...content, ...metadata, ...thread, ...quiet });
    return { channel: sent.channel ?? channel, ts: sent.ts ?? '', threadTs };
  };
  if (at.channel !== null) {
    try {
      return await write(at.channel, at.threadTs);
    } catch (error) {
      if (!isNotThere(error)) throw error;
    }
  }
  return write(await directChannel(bot.client, at.user), null);
}

/** Changes a message of ours. */
export async function edit(bot: Bot, at: Pick<Posted, 'channel' | 'ts'>, content: Content): Promise<void> {
  await bot.client.chat.update({
    channel: at.channel,
    ts: at.ts,
    text: cut(content.text, LIMITS.updateTextLength),
    blocks: content.blocks,
  });
}
