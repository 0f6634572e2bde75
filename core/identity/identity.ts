import type { Actor, Clock, Log, Secret, Users } from '../contract.ts';
import type { Audit } from '../audit/audit.ts';
import { openSigningKey } from '../state/signing-key.ts';
import type { State } from '../state/state.ts';
import { type KeyRing, verifyAccess } from './access-tokens.ts';
import { type ApiToken, createApiToken, type NewApiToken, revokeApiToken, selectApiTokens, verifyApiToken } from './api-tokens.ts';
import { actorByChat, createLinkCode, createSignInLink, forgetOldCodes, linkChat, redeemLinkCode, redeemSignInLink } from './codes.ts';
import { type Core, forgetUsers, IDENTITY_CHANNEL, note, usersChanged } from './core.ts';
import {
  activeUser,
  actorOf,
  ensureUser,
  insertUser,
  markDisabled,
  refuseAbove,
  type NewUser,
  selectUsers,
  updatePassword,
  type User,
  userByName,
} from './directory.ts';
import { endSessionsOf, forgetOldSessions, refresh, type Session, type SignIn, signIn, signOut } from './sessions.ts';
import { createMemory } from './memory.ts';
import { forgetOldAttempts } from './throttle.ts';

export type { ApiToken, NewApiToken } from './api-tokens.ts';
export type { NewUser, User } from './directory.ts';
export type { Session, SignIn } from './sessions.ts';

export interface IdentityOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  readonly dataDir: string;
  readonly audit: Pick<Audit, 'append'>;
}

/** Who is who. Whether the caller may do it is the policy's affair: the door asks before it calls. */
export interface Identity {
  readonly users: Users;
  /** `undefined` for an unknown or disabled user. */
  actorById(id: string): Promise<Actor | undefined>;
  actorByName(name: string): Promise<Actor | undefined>;
  /**
   * HubError `user_name_taken`, `user_invalid`, `password_weak`. `by`: who does it, for the audit; who is no admin gets `permission_denied`
   * for what concerns an admin or another tenant, here and in the three below that take `by`.
   */
  createUser(user: NewUser, by?: Actor): Promise<Actor>;
  /** Those of the actor's tenant; all for an admin or without an actor. */
  listUsers(actor?: Actor): Promise<User[]>;
  /** Ends all sessions of the user. */
  setPassword(userId: string, password: Secret, by?: Actor): Promise<void>;
  /** Sessions and tokens end at once. HubError `user_unknown`, `user_last_admin`. */
  disableUser(userId: string, by?: Actor): Promise<void>;
  /** HubError `auth_invalid`, `auth_throttled`. */
  signIn(signIn: SignIn): Promise<Session>;
  /** HubError `auth_invalid`, `auth_expired`, `auth_reused`: then the whole session has ended. */
  refresh(refreshToken: string): Promise<Session>;
  signOut(refreshToken: string): Promise<void>;
  /** HubError `auth_invalid`, `auth_expired`. */
  verifyAccess(token: string): Promise<Actor>;
  createApiToken(token: NewApiToken): Promise<{ token: Secret; id: string }>;
  listApiTokens(actor: Actor): Promise<ApiToken[]>;
  revokeApiToken(id: string, actor: Actor): Promise<void>;
  verifyApiToken(token: string): Promise<Actor>;
  /** The secret of a link, good once and for 15 minutes. */
  createSignInLink(userId: string, by?: Actor): Promise<string>;
  redeemSignInLink(code: string): Promise<Session>;
  /** What the person types in chat, good once and for 10 minutes. */
  createLinkCode(actor: Actor): Promise<string>;
  /** Removes what has long expired. Runs every hour by itself. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

const TIDY_MS = 3_600_000;

const usersOf = (core: Core): Users => ({
  byId: (id) => actorBy(activeUser(core, id)),
  byName: (name) => actorBy(userByName(core, name)),
  byChat: (workspace, chatUserId) => actorByChat(core, { workspace, chatUserId }),
  linkChat: (workspace, chatUserId, userName) => linkChat(core, userName, { workspace, chatUserId }),
  ensure: async (user) => actorOf(await ensureUser(core, user)),
  redeemLinkCode: (code, workspace, chatUserId) => redeemLinkCode(core, code, { workspace, chatUserId }),
});

async function createUser(core: Core, user: NewUser, by: Actor | undefined): Promise<Actor> {
  refuseAbove(by, user);
  const made = await insertUser(core, user);
  await note(core, { action: 'user.create', actor: by ?? null, user: made, input: { role: made.role } });
  return actorOf(made);
}

async function setPassword(core: Core, userId: string, { password, by }: { password: Secret; by: Actor | undefined }): Promise<void> {
  await updatePassword(core, userId, { password, by });
  await endSessionsOf(core, userId, 'password-changed');
  await usersChanged(core);
  await note(core, { action: 'user.password.set', actor: by ?? null, user: await activeUser(core, userId) });
}

async function disableUser(core: Core, userId: string, by: Actor | undefined): Promise<void> {
  const user = await markDisabled(core, userId, by);
  await endSessionsOf(core, userId, 'disabled');
  await usersChanged(core);
  await note(core, { action: 'user.disable', actor: by ?? null, user });
}

async function actorBy(find: Promise<Parameters<typeof actorOf>[0] | undefined>): Promise<Actor | undefined> {
  const user = await find;
  return user === undefined || user.disabledAt !== null ? undefined : actorOf(user);
}

async function tidy(core: Core): Promise<void> {
  await forgetOldAttempts(core.state, core.clock);
  await forgetOldCodes(core);
  await forgetOldSessions(core);
}

function tidySoon(core: Core): void {
  tidy(core).catch((error: unknown) =>
    core.log.warn({ error }, 'old sign-in records could not be removed; the next try follows in an hour'),
  );
}

async function openCore({ state, clock, log, dataDir, audit }: IdentityOptions): Promise<Core> {
  const key = await openSigningKey(dataDir, 'token');
  const core: Core = { state, clock, log, audit, key, users: createMemory(clock), tokens: createMemory(clock) };
  await state.db
    .insertInto('tokenKey')
    .values({ keyId: key.id, publicPem: key.publicPem, createdAt: clock.now() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await ensureUser(core, { name: 'admin', displayName: 'Administrator', role: 'admin', tenant: 'default' });
  return core;
}

/** Makes the user `admin` (role admin, tenant `default`, no password) when there is none. */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const core = await openCore(options);
  const ring: KeyRing = new Map();
  const unlisten = await options.state.listen(IDENTITY_CHANNEL, () => forgetUsers(core));
  const timer = setInterval(() => tidySoon(core), TIDY_MS);
  timer.unref();
  return {
    users: usersOf(core),
    actorById: (id) => actorBy(activeUser(core, id)),
    actorByName: (name) => actorBy(userByName(core, name)),
    createUser: (user, by) => createUser(core, user, by),
    listUsers: (actor) => selectUsers(core, actor),
    setPassword: (userId, password, by) => setPassword(core, userId, { password, by }),
    disableUser: (userId, by) => disableUser(core, userId, by),
    signIn: (asked) => signIn(core, asked),
    refresh: (token) => refresh(core, token),
    signOut: (token) => signOut(core, token),
    verifyAccess: (token) => verifyAccess(core, ring, token),
    createApiToken: (asked) => createApiToken(core, asked),
    listApiTokens: (actor) => selectApiTokens(core, actor),
    revokeApiToken: (id, actor) => revokeApiToken(core, id, actor),
    verifyApiToken: (token) => verifyApiToken(core, token),
    createSignInLink: (userId, by) => createSignInLink(core, userId, by),
    redeemSignInLink: (code) => redeemSignInLink(core, code),
    createLinkCode: (actor) => createLinkCode(core, actor),
    tidy: () => tidy(core),
    async close() {
      clearInterval(timer);
      await unlisten();
    },
  };
}
