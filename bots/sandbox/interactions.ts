import { refuseMessage, refuseOptions, refuseView } from './block-limits.ts';
import { isRecord } from './block-shapes.ts';
import { wire } from './methods-chat.ts';
import { wireView } from './methods-views.ts';
import type { Block, ElementState, Interaction, Message, ModalView, OpenView, Option, Place, ViewValues } from './protocol.ts';
import type { Ack } from './socket-mode.ts';
import { checkValues, findElement, stateOf } from './view-state.ts';
import type { ApiDeps } from './web-api.ts';
import { APP_ID, BOT_USER_ID, SLACKBOT_ID, TEAM_ID } from './workspace.ts';

/** What people do in the workspace, and what Slack makes of it for the app. */
export interface Interactions {
  command(user: string, channel: string, line: string): Promise<Interaction>;
  say(user: string, channel: string, message: { readonly text: string; readonly threadTs: string | null }): Promise<Interaction>;
  press(user: string, press: Press): Promise<Interaction>;
  suggest(user: string, search: Search): Promise<readonly Option[]>;
  submit(user: string, viewId: string, values: ViewValues): Promise<Interaction>;
  closeView(user: string, viewId: string): Promise<Interaction>;
  openHome(user: string): Promise<Interaction>;
}

export interface Press {
  readonly place: Place;
  readonly blockId: string;
  readonly actionId: string;
  /** What was chosen, for elements that are not buttons. */
  readonly state?: ElementState;
  /** All that was entered in the view so far. */
  readonly values?: ViewValues;
}

export interface Search {
  readonly place: Place;
  readonly blockId: string;
  readonly actionId: string;
  readonly text: string;
}

const TEXT_LENGTH_MAX = 4_000;
const gone: Interaction = { ok: false, error: 'message_not_found' };
const done = (ack: Ack): Interaction => (ack.ok ? { ok: true, ackMs: ack.ms } : { ok: false, error: ack.error });

interface PlaceFound {
  readonly blocks: readonly Block[];
  readonly message: Message | null;
  readonly view: OpenView | null;
}

export function createInteractions(deps: ApiDeps, commands: () => readonly string[]): Interactions {
  const { workspace, tickets, sockets } = deps;
  const nameOf = (user: string): string => workspace.people.get(user)?.name ?? 'unknown';
  const channelName = (id: string): string => {
    const channel = workspace.channels.get(id);
    return channel?.kind === 'im' ? 'directmessage' : (channel?.name ?? '');
  };
  const base = (user: string): object => ({
    team: { id: TEAM_ID, domain: 'sandbox' },
    user: { id: user, username: nameOf(user), name: nameOf(user), team_id: TEAM_ID },
    api_app_id: APP_ID,
    token: 'sandbox',
    enterprise: null,
    is_enterprise_install: false,
  });
  const slackbot = (user: string, channel: string, text: string): void => {
    workspace.post({ channel, user: SLACKBOT_ID, text, ephemeralFor: user });
  };
  const responseUrl = (ticket: Parameters<typeof tickets.response>[0]): string => `${deps.baseUrl()}/response/${tickets.response(ticket)}`;
  const canSee = (user: string, message: Message): boolean => {
    const owner = workspace.channels.get(message.channel)?.user ?? null;
    return (message.ephemeralFor === null || message.ephemeralFor === user) && (owner === null || owner === user);
  };
  const findPlace = (user: string, place: Place): PlaceFound | undefined => {
    if ('view' in place) {
      const view = workspace.findView(place.view);
      return view && view.user === user ? { blocks: view.blocks, message: null, view } : undefined;
    }
    const message = workspace.find(place.channel, place.ts);
    return message && canSee(user, message) ? { blocks: message.blocks, message, view: null } : undefined;
  };
  const event = (user: string, body: object): Promise<Ack> =>
    sockets.deliver('events_api', {
      token: 'sandbox',
      team_id: TEAM_ID,
      api_app_id: APP_ID,
      type: 'event_callback',
      event: { user, event_ts: `${deps.clock.now() / 1_000}`, ...body },
      event_id: `Ev${deps.clock.now()}${Math.round(performance.now() * 1_000)}`,
      event_time: Math.floor(deps.clock.now() / 1_000),
      authorizations: [{ team_id: TEAM_ID, user_id: BOT_USER_ID, is_bot: true, enterprise_id: null, is_enterprise_install: false }],
    });

  return {
    async command(user, channel, line) {
      const [word = '', ...rest] = line.trim().split(/\s+/);
      if (!workspace.channels.has(channel)) return { ok: false, error: 'channel_not_found' };
      if (line.length > TEXT_LENGTH_MAX) return { ok: false, error: 'msg_too_long' };
      if (!commands().includes(word)) {
        slackbot(user, channel, `\`${word.replaceAll('`', '')}\` is not a valid command.`);
        return { ok: false, error: 'invalid_command' };
      }
      const ack = await sockets.deliver('slash_commands', {
        token: 'sandbox',
        team_id: TEAM_ID,
        team_domain: 'sandbox',
        channel_id: channel,
        channel_name: channelName(channel),
        user_id: user,
        user_name: nameOf(user),
        command: word,
        text: rest.length === 0 ? '' : line.trim().slice(word.length).trim(),
        api_app_id: APP_ID,
        is_enterprise_install: 'false',
        response_url: responseUrl({ channel, user, messageTs: null, threadTs: null }),
        trigger_id: tickets.trigger(user),
      });
      if (!ack.ok) slackbot(user, channel, `${word} failed with the error "${ack.error}"`);
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
      return done(await event(user, { ...wire(message), channel, ...type }));
    },

    async press(user, press) {
      const found = findPlace(user, press.place);
      const element = found && findElement(found.blocks, press.blockId, press.actionId);
      if (!found || !element) return gone;
      const at = `${deps.clock.now() / 1_000}`;
      const { type, action_id, value, text } = element;
      const chosen = type === 'button' ? { value, text } : press.state;
      const common = {
        ...base(user),
        type: 'block_actions',
        trigger_id: tickets.trigger(user),
        state: { values: stateOf(found.blocks, press.values ?? {}) },
      };
      const actions = [{ ...chosen, type, action_id, block_id: press.blockId, action_ts: at }];
      if (found.view) {
        const container = { type: 'view', view_id: found.view.id };
        return done(await sockets.deliver('interactive', { ...common, container, view: wireView(found.view), actions }));
      }
      if (!found.message) return gone;
      return done(
        await sockets.deliver('interactive', {
          ...common,
          ...messagePart(found.message),
          actions,
          response_url: urlFor(user, found.message),
        }),
      );
    },

    async suggest(user, search) {
      const found = findPlace(user, search.place);
      const element = found && findElement(found.blocks, search.blockId, search.actionId);
      if (!found || element?.type !== 'external_select') return [];
      const container = found.view ? { type: 'view', view_id: found.view.id } : {};
      const ack = await sockets.deliver('interactive', {
        ...base(user),
        type: 'block_suggestion',
        action_id: element.action_id,
        block_id: search.blockId,
        value: search.text.slice(0, 100),
        container,
        ...(found.view ? { view: wireView(found.view) } : found.message && messagePart(found.message)),
      });
      if (!ack.ok || refuseOptions(ack.payload) || !isRecord(ack.payload)) return [];
      return Array.isArray(ack.payload['options']) ? (ack.payload['options'] as Option[]) : [];
    },

    async submit(user, viewId, entered) {
      const view = (workspace.views.get(user) ?? []).find((open) => open.id === viewId);
      if (!view) return { ok: false, error: 'view_not_found' };
      const values = stateOf(view.blocks, entered);
      const errors = checkValues(view.blocks, values);
      if (Object.keys(errors).length > 0) return { ok: false, error: 'invalid_values', errors };
      const ack = await sockets.deliver('interactive', {
        ...base(user),
        type: 'view_submission',
        trigger_id: tickets.trigger(user),
        view: { ...wireView(view), state: { values } },
        response_urls: [],
      });
      return ack.ok ? answerSubmission(deps, { user, view, payload: ack.payload, ms: ack.ms }) : done(ack);
    },

    async closeView(user, viewId) {
      const view = (workspace.views.get(user) ?? []).find((open) => open.id === viewId);
      if (!view) return { ok: false, error: 'view_not_found' };
      workspace.closeViews(user, view.clear_on_close === true ? undefined : viewId);
      if (view.notify_on_close !== true) return { ok: true, ackMs: 0 };
      return done(await sockets.deliver('interactive', { ...base(user), type: 'view_closed', view: wireView(view), is_cleared: false }));
    },

    async openHome(user) {
      const channel = [...workspace.channels.values()].find((candidate) => candidate.user === user)?.id ?? '';
      const view = workspace.homes.get(user);
      return done(await event(user, { type: 'app_home_opened', channel, tab: 'home', ...(view && { view: wireView(view) }) }));
    },
  };

  function urlFor(user: string, message: Message): string {
    return responseUrl({ channel: message.channel, user, messageTs: message.ts, threadTs: message.threadTs });
  }

  function messagePart(message: Message): object {
    const isEphemeral = message.ephemeralFor !== null;
    return {
      container: {
        type: 'message',
        message_ts: message.ts,
        channel_id: message.channel,
        is_ephemeral: isEphemeral,
        ...(message.threadTs !== null && { thread_ts: message.threadTs }),
      },
      channel: { id: message.channel, name: channelName(message.channel) },
      // Slack does not send the content of an ephemeral message back.
      ...(!isEphemeral && { message: wire(message) }),
    };
  }
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

const TROUBLE: Interaction = { ok: false, error: 'We had some trouble connecting. Try again?' };

/** `response_action`: errors at the fields, a new content, a further view, or the end. */
function answerSubmission(
  deps: ApiDeps,
  answer: { readonly user: string; readonly view: OpenView; readonly payload: unknown; readonly ms: number },
): Interaction {
  const { user, view, ms } = answer;
  const payload = isRecord(answer.payload) ? answer.payload : {};
  const next = payload['view'];
  switch (payload['response_action']) {
    case undefined:
      deps.workspace.closeViews(user, view.id);
      return { ok: true, ackMs: ms };
    case 'clear':
      deps.workspace.closeViews(user);
      return { ok: true, ackMs: ms };
    case 'errors': {
      const errors = isRecord(payload['errors']) ? (payload['errors'] as Record<string, string>) : {};
      const inputs = new Set(view.blocks.filter((block) => block.type === 'input').map((block) => block.block_id));
      const ids = Object.keys(errors);
      if (ids.length === 0 || !ids.every((id) => inputs.has(id) && typeof errors[id] === 'string')) return TROUBLE;
      return { ok: false, error: 'invalid_values', errors };
    }
    case 'update':
      if (refuseView(next, 'modal')) return TROUBLE;
      deps.workspace.replaceView(user, view.id, next as ModalView);
      return { ok: true, ackMs: ms };
    case 'push':
      if (refuseView(next, 'modal')) return TROUBLE;
      deps.workspace.openView(user, next as ModalView, 'push');
      return { ok: true, ackMs: ms };
    default:
      return TROUBLE;
  }
}
