import { HubError } from 'novacron/plugin';
import type { Bot } from './bot.ts';
import { slackError } from './replies.ts';

/** What both incidents and reports need: to tell something once, though answers of Slack may be lost. */

/** Where a message stands. */
export interface Place {
  readonly channel: string;
  readonly ts: string;
}

export const receiptOf = ({ channel, ts }: Place): string => `${channel}:${ts}`;

const HISTORY_MAX = 200;
const CHANNELS_PAGE = 1_000;
const CHANNEL_PAGES_MAX = 10;
/** Slack will say the same next time. */
const HOPELESS =
  /^(?:channel_not_found|not_in_channel|is_archived|restricted_action|user_not_found|invalid_auth|account_inactive|token_revoked|missing_scope|invalid_blocks|msg_)/;
const CHANNEL_ID = /^[CDG][A-Z0-9]{2,}$/;

export const isChannelId = (text: string): boolean => CHANNEL_ID.test(text);

/** Metadata of a message by which it is found again: they are invisible to people. */
export interface Mark {
  /** `nova_incident` */
  readonly event: string;
  readonly id: string;
}

export const metadataOf = ({ event, id }: Mark) => ({ event_type: event, event_payload: { id } });

interface WithMetadata {
  readonly ts?: string;
  readonly metadata?: { readonly event_type?: string; readonly event_payload?: unknown };
}

const hasMark = ({ metadata }: WithMetadata, { event, id }: Mark): boolean =>
  metadata?.event_type === event && (metadata.event_payload as { id?: unknown } | undefined)?.id === id;

/** A message that Slack took though its answer was lost. With `ts`: one in that thread. */
export async function findTold(
  { client }: Bot,
  mark: Mark,
  { channel, ts }: { readonly channel: string; readonly ts?: string },
): Promise<string | undefined> {
  const options = { channel, include_all_metadata: true, limit: HISTORY_MAX };
  const found = ts === undefined ? await client.conversations.history(options) : await client.conversations.replies({ ...options, ts });
  return found.messages?.find((message) => hasMark(message, mark))?.ts;
}

/** Id of a channel by its name: Slack posts by name, but reads by id only. `undefined`: not among those that the app may list. */
export async function lookUpChannel({ client }: Bot, name: string): Promise<string | undefined> {
  const wanted = name.replace(/^#/, '');
  let cursor: string | undefined;
  try {
    for (let page = 0; page < CHANNEL_PAGES_MAX; page++) {
      const found = await client.conversations.list({ exclude_archived: true, limit: CHANNELS_PAGE, ...(cursor && { cursor }) });
      const channel = found.channels?.find((one) => one.name === wanted);
      cursor = found.response_metadata?.next_cursor;
      if (channel || !cursor) return channel?.id;
    }
  } catch (error) {
    // An app that was made before the manifest asked for it.
    if (slackError(error) !== 'missing_scope') throw error;
  }
  return undefined;
}

/** Gives up when the signal fires, and says as a HubError whether trying again makes sense. */
export async function tellWithin(to: string, tell: () => Promise<string>, signal: AbortSignal): Promise<{ readonly receipt: string }> {
  const { promise: given, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new HubError('slack_timeout', 'Slack did not answer in time.', { status: 504, retryable: true }));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return { receipt: await Promise.race([tell(), given]) };
  } catch (error) {
    if (HubError.is(error)) throw error;
    const code = slackError(error) ?? (error instanceof Error ? error.message : String(error));
    throw new HubError('slack_untold', `Slack did not take it for ${to}: ${code}.`, {
      status: 502,
      retryable: !HOPELESS.test(code),
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
