import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Interactions } from './interaction-calls.ts';
import type { ViewValues } from './protocol.ts';
import type { SandboxApp } from './port.ts';
import type { SocketMode } from './socket-mode.ts';
import { BOT_USER_ID, LIMITS, SLACKBOT_ID, type Workspace } from './workspace.ts';
import type { PageState, Person } from './protocol.ts';

export interface PageDeps {
  readonly workspace: Workspace;
  readonly interactions: Interactions;
  readonly sockets: SocketMode;
  readonly app: () => SandboxApp;
}

const COMPLETIONS_MAX = 20;
const id = z.string().min(1).max(64);
const text = z.string().max(4_000);
const place = z.union([z.object({ channel: id, ts: id }), z.object({ view: id })]);
const values = z
  .record(z.string(), z.record(z.string(), z.looseObject({ type: z.string() })))
  .transform((entered) => entered as ViewValues);
const elementState = z.looseObject({ type: z.string() });

const bodies = {
  command: z.object({ user: id, channel: id, line: text }),
  say: z.object({ user: id, channel: id, text, threadTs: id.nullable().default(null) }),
  press: z.object({
    user: id,
    place,
    blockId: z.string(),
    actionId: z.string(),
    state: elementState.optional(),
    values: values.optional(),
  }),
  suggest: z.object({ user: id, place, blockId: z.string(), actionId: z.string(), text }),
  submit: z.object({ user: id, view: id, values }),
  close: z.object({ user: id, view: id }),
  home: z.object({ user: id }),
  join: z.object({ displayName: z.string().trim().min(1).max(80) }),
  complete: z.object({ user: id, words: text }),
};

export type PageAnswer = { readonly status: number; readonly body: unknown };
const ok = (body: unknown): PageAnswer => ({ status: 200, body });

/** All that the person sees at this moment. */
export function stateFor(deps: PageDeps, user: string): PageState | undefined {
  const person = deps.workspace.people.get(user);
  if (!person || person.bot) return undefined;
  const { name, commands } = deps.app();
  return {
    app: { name, user: BOT_USER_ID, connected: deps.sockets.connected(), commands },
    people: [...deps.workspace.people.values()],
    channels: [...deps.workspace.channels.values()].filter((channel) => channel.user === null || channel.user === user),
    messages: deps.workspace.visibleTo(user),
    views: deps.workspace.views.get(user) ?? [],
    home: deps.workspace.homes.get(user) ?? null,
  };
}

function join(workspace: Workspace, displayName: string): Person | undefined {
  if (workspace.people.size >= LIMITS.peopleMax) return undefined;
  const chatUserId = `U0${randomBytes(4).toString('hex').toUpperCase()}`;
  const name = displayName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return workspace.join({ id: chatUserId, name, displayName, role: null });
}

const isPerson = (workspace: Workspace, user: string): boolean =>
  workspace.people.has(user) && user !== BOT_USER_ID && user !== SLACKBOT_ID;

async function act(deps: PageDeps, route: keyof typeof bodies, body: unknown): Promise<PageAnswer> {
  const { interactions, workspace } = deps;
  switch (route) {
    case 'command': {
      const { user, channel, line } = bodies.command.parse(body);
      return ok(await interactions.command(user, channel, line));
    }
    case 'say': {
      const { user, channel, ...message } = bodies.say.parse(body);
      return ok(await interactions.say(user, channel, message));
    }
    case 'press': {
      const { user, state, values, ...press } = bodies.press.parse(body);
      return ok(await interactions.press(user, { ...press, ...(state && { state }), ...(values && { values }) }));
    }
    case 'suggest': {
      const { user, ...search } = bodies.suggest.parse(body);
      return ok({ options: await interactions.suggest(user, search) });
    }
    case 'submit': {
      const { user, view, values } = bodies.submit.parse(body);
      return ok(await interactions.submit(user, view, values));
    }
    case 'close': {
      const { user, view } = bodies.close.parse(body);
      return ok(await interactions.closeView(user, view));
    }
    case 'home':
      return ok(await interactions.openHome(bodies.home.parse(body).user));
    case 'join': {
      const person = join(workspace, bodies.join.parse(body).displayName);
      return person ? ok(person) : { status: 409, body: { error: 'workspace_full' } };
    }
    case 'complete': {
      const { user, words } = bodies.complete.parse(body);
      const lines = (await deps.app().complete?.(words, user)) ?? [];
      return ok({ completions: lines.slice(0, COMPLETIONS_MAX) });
    }
  }
}

/** Answers `POST /page/<route>`. */
export async function answerPage(deps: PageDeps, route: string, body: unknown): Promise<PageAnswer> {
  if (!Object.hasOwn(bodies, route)) return { status: 404, body: { error: 'unknown_route' } };
  const known = route as keyof typeof bodies;
  const parsed = bodies[known].safeParse(body);
  if (!parsed.success) return { status: 400, body: { error: 'invalid_body', detail: z.prettifyError(parsed.error) } };
  if ('user' in parsed.data && !isPerson(deps.workspace, parsed.data.user)) return { status: 404, body: { error: 'user_not_found' } };
  return act(deps, known, body);
}
