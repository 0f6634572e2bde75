import type { ApiDeps } from './api-method.ts';
import { refuseOptions } from './block-limits.ts';
import { isRecord } from './block-shapes.ts';
import type { Interactions } from './interaction-calls.ts';
import { wire } from './methods-chat.ts';
import { wireView } from './methods-views.ts';
import { basePayload, channelName, done, responseUrl } from './payloads.ts';
import type { Block, Interaction, Message, OpenView, Option, Place } from './protocol.ts';
import { findElement, stateOf } from './view-state.ts';

const gone: Interaction = { ok: false, error: 'message_not_found' };

interface PlaceFound {
  readonly blocks: readonly Block[];
  readonly message: Message | null;
  readonly view: OpenView | null;
}

const canSee = ({ workspace }: ApiDeps, user: string, message: Message): boolean => {
  const owner = workspace.channels.get(message.channel)?.user ?? null;
  return (message.ephemeralFor === null || message.ephemeralFor === user) && (owner === null || owner === user);
};

const findPlace = (deps: ApiDeps, user: string, place: Place): PlaceFound | undefined => {
  if ('view' in place) {
    const view = deps.workspace.findView(place.view);
    return view && view.user === user ? { blocks: view.blocks, message: null, view } : undefined;
  }
  const message = deps.workspace.find(place.channel, place.ts);
  return message && canSee(deps, user, message) ? { blocks: message.blocks, message, view: null } : undefined;
};

function urlFor(deps: ApiDeps, user: string, message: Message): string {
  return responseUrl(deps, { channel: message.channel, user, messageTs: message.ts, threadTs: message.threadTs });
}

function messagePart(deps: ApiDeps, message: Message): object {
  const isEphemeral = message.ephemeralFor !== null;
  return {
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: message.channel,
      is_ephemeral: isEphemeral,
      ...(message.threadTs !== null && { thread_ts: message.threadTs }),
    },
    channel: { id: message.channel, name: channelName(deps, message.channel) },
    // Slack does not send the content of an ephemeral message back.
    ...(!isEphemeral && { message: wire(message) }),
  };
}

/** Buttons, and selects that search while one types. */
export function pressInteractions(deps: ApiDeps): Pick<Interactions, 'press' | 'suggest'> {
  const { tickets, sockets } = deps;
  return {
    async press(user, press) {
      const found = findPlace(deps, user, press.place);
      const element = found && findElement(found.blocks, press.blockId, press.actionId);
      if (!found || !element) return gone;
      const at = `${deps.clock.now() / 1_000}`;
      const { type, action_id, value, text } = element;
      const chosen = type === 'button' ? { value, text } : press.state;
      const common = {
        ...basePayload(deps, user),
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
          ...messagePart(deps, found.message),
          actions,
          response_url: urlFor(deps, user, found.message),
        }),
      );
    },

    async suggest(user, search) {
      const found = findPlace(deps, user, search.place);
      const element = found && findElement(found.blocks, search.blockId, search.actionId);
      if (!found || element?.type !== 'external_select') return [];
      const container = found.view ? { type: 'view', view_id: found.view.id } : {};
      const ack = await sockets.deliver('interactive', {
        ...basePayload(deps, user),
        type: 'block_suggestion',
        action_id: element.action_id,
        block_id: search.blockId,
        value: search.text.slice(0, 100),
        container,
        ...(found.view ? { view: wireView(found.view) } : found.message && messagePart(deps, found.message)),
      });
      if (!ack.ok || refuseOptions(ack.payload) || !isRecord(ack.payload)) return [];
      return Array.isArray(ack.payload['options']) ? (ack.payload['options'] as Option[]) : [];
    },
  };
}
