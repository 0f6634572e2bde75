import { refuseView } from './block-limits.ts';
import type { ModalView, OpenView } from './protocol.ts';
import { fail, refuse, type Answer, type ApiDeps, type Args, type Method } from './api-method.ts';
import { APP_ID, BOT_USER_ID, TEAM_ID } from './workspace.ts';

/** A view as Slack's API and its payloads show it. */
export const wireView = (view: OpenView): Record<string, unknown> => ({
  ...view,
  team_id: TEAM_ID,
  app_id: APP_ID,
  bot_id: 'B0NOVA',
  app_installed_team_id: TEAM_ID,
  root_view_id: view.id,
  previous_view_id: null,
  private_metadata: view.private_metadata ?? '',
  callback_id: view.callback_id ?? '',
  external_id: view.external_id ?? '',
  state: { values: {} },
});

const shown = (view: OpenView | undefined): Answer => (view ? { ok: true, view: wireView(view) } : fail('not_found'));

function open(deps: ApiDeps, args: Args, how: 'open' | 'push'): Answer {
  const refusal = refuseView(args['view'], 'modal');
  if (refusal) return refuse(refusal);
  const trigger = deps.tickets.useTrigger(args['trigger_id']);
  if ('error' in trigger) return fail(trigger.error);
  if (how === 'push' && (deps.workspace.views.get(trigger.user)?.length ?? 0) >= 3) return fail('push_limit_reached');
  return shown(deps.workspace.openView(trigger.user, args['view'] as ModalView, how));
}

function update(deps: ApiDeps, args: Args): Answer {
  const refusal = refuseView(args['view'], 'modal');
  if (refusal) return refuse(refusal);
  const wanted = args['view_id'];
  const open = [...deps.workspace.views.values()]
    .flat()
    .find((view) => view.id === wanted || (view.external_id !== undefined && view.external_id === args['external_id']));
  if (!open) return fail('not_found');
  if (typeof args['hash'] === 'string' && args['hash'] !== open.hash) return fail('hash_conflict');
  return shown(deps.workspace.replaceView(open.user, open.id, args['view'] as ModalView));
}

function publish(deps: ApiDeps, args: Args): Answer {
  const user = typeof args['user_id'] === 'string' ? args['user_id'] : '';
  if (!deps.workspace.people.has(user) || user === BOT_USER_ID) return fail('user_not_found');
  const refusal = refuseView(args['view'], 'home');
  if (refusal) return refuse(refusal);
  const before = deps.workspace.homes.get(user);
  if (typeof args['hash'] === 'string' && before && args['hash'] !== before.hash) return fail('hash_conflict');
  return shown(deps.workspace.publishHome(user, args['view'] as ModalView));
}

export const viewMethods = (deps: ApiDeps): Record<string, Method> => ({
  'views.open': (args) => open(deps, args, 'open'),
  'views.push': (args) => open(deps, args, 'push'),
  'views.update': (args) => update(deps, args),
  'views.publish': (args) => publish(deps, args),
});
