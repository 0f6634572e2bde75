import type { ApiDeps } from './api-method.ts';
import { refuseMessage } from './block-limits.ts';
import { isRecord } from './block-shapes.ts';
import type { Interactions } from './interaction-calls.ts';
import { wire } from './methods-chat.ts';
import { channelName, done, nameOf, responseUrl, sendEvent } from './payloads.ts';
import type { Block } from './protocol.ts';
import { APP_ID, BOT_USER_ID, SLACKBOT_ID, TEAM_ID } from './workspace.ts';

const TEXT_LENGTH_MAX = 4_000;

function slackbot(deps: ApiDeps, at: { readonly user: string; readonly channel: string }, text: string): void {
  deps.workspace.post({ channel: at.channel, user: SLACKBOT_ID, text, ephemeralFor: at.user });
}

/** Slash commands and messages that people write. */
export function chatInteractions(deps: ApiDeps, commands: () => readonly string[]): Pick<Interactions, 'command' | 'say'> {
  const { workspace, tickets, sockets } = deps;
  return {
    async command(user, channel, line) {
      const [word = '', ...rest] = line.trim().split(/\s+/);
      if (!workspace.channels.has(channel)) return { ok: false, error: 'channel_not_found' };
      if (line.length > TEXT_LENGTH_MAX) return { ok: false, error: 'msg_too_long' };
      if (!commands().includes(word)) {
        slackbot(deps, { user, channel }, `\`${word.replaceAll('`', '')}\` is not a valid command.`);
        return { ok: false, error: 'invalid_command' };
      }
      const ack = await sockets.deliver('slash_commands', {
        token: 'sandbox',
        team_id: TEAM_ID,
        team_domain: 'sandbox',
        channel_id: channel,
        channel_name: channelName(deps, channel),
        user_id: user,
        user_name: nameOf(deps, user),
        command: word,
        text: rest.length === 0 ? '' : line.trim().slice(word.length).trim(),
        api_app_id: APP_ID,
        is_enterprise_install: 'false',
        response_url: responseUrl(deps, { channel, user, messageTs: null, threadTs: null }),
        trigger_id: tickets.trigger(user),
      });
      if (!ack.ok) slackbot(deps, { user, channel }, `${word} failed with the error "${ack.error}"`);
      else answerCommand(deps, { user, channel, payload: ack.payload });
      return done(ack);
    },

    async say(user, channel, { text, threadTs }) {
      if (!workspace.channels.has(channel)) return { ok: false, error: 'channel_not_found' };
      if (text.trim() === '') return { ok: false, error: 'no_text' };
      if (text.length > TEXT_LENGTH_MAX) return { ok: false, error: 'msg_too_long' };
      if (threadTs !== null && !workspace.find(channel, threadTs)) return { ok: false, error: 'thread_not_found' };
      const message = workspace.post({ channel, user, text, threadTs });
      const isDirect = workspace.channels.get(channel)?.kind === 'im';
      const isMention = text.includes(`<@${BOT_USER_ID}>`);
      if (!isDirect && !isMention) return { ok: true, ackMs: 0 };
      const type = isDirect ? { type: 'message', channel_type: 'im' } : { type: 'app_mention' };
      return done(await sendEvent(deps, user, { ...wire(message), channel, ...type }));
    },
  };
}

/** An app may answer a command inside the acknowledgement: a text, or a message. */
function answerCommand(deps: ApiDeps, answer: { readonly user: string; readonly channel: string; readonly payload: unknown }): void {
  const message = typeof answer.payload === 'string' ? { text: answer.payload } : answer.payload;
  if (!isRecord(message) || Object.keys(message).length === 0) return;
  if (refuseMessage(message)) {
    deps.workspace.post({
      channel: answer.channel,
      user: SLACKBOT_ID,
      text: 'failed with the error "invalid_response"',
      ephemeralFor: answer.user,
    });
    return;
  }
  const content = {
    text: typeof message['text'] === 'string' ? message['text'] : '',
    blocks: (message['blocks'] ?? []) as readonly Block[],
  };
  const ephemeralFor = message['response_type'] === 'in_channel' ? null : answer.user;
  deps.workspace.post({ ...content, channel: answer.channel, user: BOT_USER_ID, ephemeralFor });
}
