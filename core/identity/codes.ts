import { type Actor, HubError } from '../contract.ts';
import { type Core, note } from './core.ts';
import { activeUser, actorOf, refuseAbove, userByName, userUnknown } from './directory.ts';
import { hashToken, newToken, newTypedCode, normalTypedCode } from './secrets.ts';
import { authExpired, authInvalid, type Session, startSession } from './sessions.ts';
import type { OneTimeCodeTable, UserTable } from './tables.ts';
import { admitAttempt, forgiveAttempt } from './throttle.ts';

const SIGN_IN_MS = 15 * 60_000;
const LINK_CHAT_MS = 10 * 60_000;
const CHAT_ID_LENGTH_MAX = 100;

type Purpose = OneTimeCodeTable['purpose'];

async function store({ state, clock }: Core, code: string, row: { purpose: Purpose; userId: string; lifeMs: number }): Promise<void> {
  const createdAt = clock.now();
  const { purpose, userId, lifeMs } = row;
  await state.db
    .insertInto('oneTimeCode')
    .values({ hash: hashToken(code), purpose, userId, createdAt, expiresAt: createdAt + lifeMs, usedAt: null })
    .execute();
}

/** One statement takes it: of two that come at once, one gets it. */
async function take(core: Core, code: string, purpose: Purpose): Promise<UserTable> {
  const { state, clock } = core;
  const at = clock.now();
  const hash = hashToken(code);
  const row = await state.db
    .updateTable('oneTimeCode')
    .set({ usedAt: at })
    .where('hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', at)
    .returning('userId')
    .executeTakeFirst();
  if (row !== undefined) {
    const user = await activeUser(core, row.userId);
    if (user !== undefined) return user;
  }
  const known = await state.db
    .selectFrom('oneTimeCode')
    .select(['usedAt', 'expiresAt'])
    .where('hash', '=', hash)
    .where('purpose', '=', purpose)
    .executeTakeFirst();
  if (known !== undefined && known.usedAt === null && known.expiresAt <= at) throw authExpired('This code has expired. Ask for a new one.');
  throw authInvalid('This code is not valid, or it was used already. Ask for a new one.');
}

/** The secret part of a sign-in link: good once, for 15 minutes. */
export async function createSignInLink(core: Core, userId: string, by: Actor | undefined): Promise<string> {
  const user = await activeUser(core, userId);
  if (user === undefined) throw userUnknown();
  refuseAbove(by, user);
  const code = newToken('novas');
  await store(core, code, { purpose: 'sign-in', userId, lifeMs: SIGN_IN_MS });
  await note(core, { action: 'sign-in-link.create', actor: by ?? null, user });
  return code;
}

export async function redeemSignInLink(core: Core, code: string): Promise<Session> {
  return await startSession(core, await take(core, code, 'sign-in'), 'link');
}

/** What a person types in chat to say who they are: good once, for 10 minutes. */
export async function createLinkCode(core: Core, actor: Actor): Promise<string> {
  // In chat the person has all their rights: a token for some actions must not be a way to the others.
  if (actor.scopes !== undefined) {
    throw new HubError('token_scope', 'A token for some actions cannot link a chat identity. Sign in for that.', { status: 403 });
  }
  const code = newTypedCode();
  await store(core, code, { purpose: 'link-chat', userId: actor.id, lifeMs: LINK_CHAT_MS });
  return code;
}

const chatIdentity = (workspace: string, chatUserId: string): { workspace: string; chatUserId: string } => {
  const fits = [workspace, chatUserId].every((id) => id !== '' && id.length <= CHAT_ID_LENGTH_MAX && !id.includes('\0'));
  if (!fits)
    throw new HubError('chat_identity_invalid', `A chat identity is a workspace and a user id of 1 to ${CHAT_ID_LENGTH_MAX} characters.`, {
      status: 400,
    });
  return { workspace, chatUserId };
};

async function link(core: Core, user: UserTable, chat: { workspace: string; chatUserId: string }): Promise<void> {
  await core.state.db
    .insertInto('chatLink')
    .values({ ...chat, userId: user.id, createdAt: core.clock.now() })
    .onConflict((conflict) => conflict.columns(['workspace', 'chatUserId']).doUpdateSet({ userId: user.id, createdAt: core.clock.now() }))
    .execute();
  await note(core, { action: 'chat.link', actor: actorOf(user), user, input: chat });
}

export async function redeemLinkCode(
  core: Core,
  code: string,
  { workspace, chatUserId }: { workspace: string; chatUserId: string },
): Promise<Actor> {
  const chat = chatIdentity(workspace, chatUserId);
  // A typed code is short, so guesses are counted by who types them.
  const who = { name: `chat:${chatUserId}`, address: `chat:${workspace}` };
  await admitAttempt(core.state, core.clock, who);
  const user = await take(core, normalTypedCode(code), 'link-chat');
  await forgiveAttempt(core.state, who);
  await link(core, user, chat);
  return actorOf(user);
}

/** Links without a code: for prepared users and for admins. Changes nothing when it is so already. */
export async function linkChat(core: Core, userName: string, identity: { workspace: string; chatUserId: string }): Promise<void> {
  const chat = chatIdentity(identity.workspace, identity.chatUserId);
  const user = await userByName(core, userName);
  if (user === undefined || user.disabledAt !== null) throw userUnknown();
  const known = await actorByChat(core, chat);
  if (known?.id !== user.id) await link(core, user, chat);
}

export async function actorByChat(
  core: Core,
  { workspace, chatUserId }: { workspace: string; chatUserId: string },
): Promise<Actor | undefined> {
  if (workspace.includes('\0') || chatUserId.includes('\0')) return undefined;
  const row = await core.state.db
    .selectFrom('chatLink')
    .select('userId')
    .where('workspace', '=', workspace)
    .where('chatUserId', '=', chatUserId)
    .executeTakeFirst();
  const user = row === undefined ? undefined : await activeUser(core, row.userId);
  return user === undefined ? undefined : actorOf(user);
}

export async function forgetOldCodes({ state, clock }: Core): Promise<void> {
  await state.db
    .deleteFrom('oneTimeCode')
    .where('expiresAt', '<', clock.now() - 24 * 3_600_000)
    .execute();
}
