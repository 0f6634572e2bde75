import type { ApiDeps } from './api-method.ts';
import { refuseView } from './block-limits.ts';
import { isRecord } from './block-shapes.ts';
import type { Interactions } from './interaction-calls.ts';
import { wireView } from './methods-views.ts';
import { basePayload, done, sendEvent } from './payloads.ts';
import type { Interaction, ModalView, OpenView } from './protocol.ts';
import { checkValues, stateOf } from './view-state.ts';

/** Modals and the Home tab. */
export function viewInteractions(deps: ApiDeps): Pick<Interactions, 'submit' | 'closeView' | 'openHome'> {
  const { workspace, tickets, sockets } = deps;
  return {
    async submit(user, viewId, entered) {
      const view = (workspace.views.get(user) ?? []).find((open) => open.id === viewId);
      if (!view) return { ok: false, error: 'view_not_found' };
      const values = stateOf(view.blocks, entered);
      const errors = checkValues(view.blocks, values);
      if (Object.keys(errors).length > 0) return { ok: false, error: 'invalid_values', errors };
      const ack = await sockets.deliver('interactive', {
        ...basePayload(deps, user),
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
      return done(
        await sockets.deliver('interactive', { ...basePayload(deps, user), type: 'view_closed', view: wireView(view), is_cleared: false }),
      );
    },

    async openHome(user) {
      const channel = [...workspace.channels.values()].find((candidate) => candidate.user === user)?.id ?? '';
      const view = workspace.homes.get(user);
      return done(await sendEvent(deps, user, { type: 'app_home_opened', channel, tab: 'home', ...(view && { view: wireView(view) }) }));
    },
  };
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
