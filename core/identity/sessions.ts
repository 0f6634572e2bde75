import { randomUUID } from 'node:crypto';
import { type Actor, HubError, type Secret } from '../contract.ts';
import { signAccess } from './access-tokens.ts';
import { type Core, note } from './core.ts';
import { actorOf, userByName } from './directory.ts';
import { passwordFits } from './passwords.ts';
import { hashToken, newToken } from './secrets.ts';
import type { UserTable } from './tables.ts';
import { admitAttempt, forgiveAttempt } from './throttle.ts';

export interface Session {
  readonly actor: Actor;
  /** A JWT, good for 10 minutes. */
  readonly accessToken: string;
  readonly accessExpiresAt: number;
  /** Good once: `refresh` gives the next one. */
  readonly refreshToken: string;
  readonly refreshExpiresAt: number;
}

export interface SignIn {
  readonly name: string;
  readonly password: Secret;
  /** Of the caller, as the server saw it. */
  readonly address: string;
}

const REFRESH_MS = 30 * 24 * 3_600_000;

export const authInvalid = (sentence: string): HubError => new HubError('auth_invalid', sentence, { status: 401 });
export const authExpired = (sentence: string): HubError => new HubError('auth_expired', sentence, { status: 401 });

type Db = Core['state']['db'];

async function issue(core: Core, db: Db, { user, sessionId }: { user: UserTable; sessionId: string }): Promise<Session> {
  const refreshToken = newToken('novar');
  const at = core.clock.now();
  const refreshExpiresAt = at + REFRESH_MS;
  await db
    .insertInto('refreshToken')
    .values({ hash: hashToken(refreshToken), sessionId, createdAt: at, expiresAt: refreshExpiresAt, usedAt: null })
    .execute();
  const access = await signAccess(core, user.id, sessionId);
  return { actor: actorOf(user), accessToken: access.token, accessExpiresAt: access.expiresAt, refreshToken, refreshExpiresAt };
}

/** Begins a family of refresh tokens; how the person was recognized is the caller's affair. */
export async function startSession(core: Core, user: UserTable, how: string): Promise<Session> {
  const sessionId = randomUUID();
  const session = await core.state.db.transaction().execute(async (tx) => {
    const db = tx.withSchema('core');
    await db
      .insertInto('session')
      .values({ id: sessionId, userId: user.id, createdAt: core.clock.now(), revokedAt: null, revokedFor: null })
      .execute();
    return await issue(core, db, { user, sessionId });
  });
  await note(core, { action: 'session.start', actor: actorOf(user), user, input: { how } });
  return session;
}

/** The same answer, after the same work, whether the name or the password is wrong. */
export async function signIn(core: Core, { name, password, address }: SignIn): Promise<Session> {
  const who = { name: name.toLowerCase().replaceAll('\0', ''), address };
  await admitAttempt(core.state, core.clock, who);
  const user = await userByName(core, who.name);
  const fits = await passwordFits(password, user?.passwordHash ?? null);
  if (!fits || user === undefined || user.disabledAt !== null) {
    await note(core, {
      action: 'session.refuse',
      actor: null,
      user,
      code: 'auth_invalid',
      input: { name: who.name.slice(0, 100), address },
    });
    throw authInvalid('The name or the password is wrong.');
  }
  await forgiveAttempt(core.state, who);
  return await startSession(core, user, 'password');
}

type Refreshed = { readonly session: Session } | { readonly refused: HubError; readonly reusedBy?: UserTable };

async function refuse(
  db: Db,
  core: Core,
  { user, sessionId, used }: { user: UserTable; sessionId: string; used: boolean },
): Promise<Refreshed> {
  if (!used) return { refused: authExpired('The session has expired. Sign in again.') };
  await db.updateTable('session').set({ revokedAt: core.clock.now(), revokedFor: 'reused' }).where('id', '=', sessionId).execute();
  return {
    refused: new HubError('auth_reused', 'This session was continued elsewhere with the same token, so it has ended. Sign in again.', {
      status: 401,
    }),
    reusedBy: user,
  };
}

/** The row of the session is locked, so that a rotation and the discovery of a reuse cannot pass each other. */
async function rotate(core: Core, db: Db, hash: string): Promise<Refreshed> {
  const at = core.clock.now();
  const token = await db.selectFrom('refreshToken').select('sessionId').where('hash', '=', hash).executeTakeFirst();
  if (token === undefined) return { refused: authInvalid('The session is not known. Sign in again.') };
  const { sessionId } = token;
  const session = await db.selectFrom('session').selectAll().where('id', '=', sessionId).forUpdate().executeTakeFirstOrThrow();
  const user = await db.selectFrom('user').selectAll().where('id', '=', session.userId).executeTakeFirstOrThrow();
  if (session.revokedAt !== null || user.disabledAt !== null) return { refused: authInvalid('The session has ended. Sign in again.') };
  const row = await db
    .updateTable('refreshToken')
    .set({ usedAt: at })
    .where('hash', '=', hash)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', at)
    .returning('hash')
    .executeTakeFirst();
  if (row !== undefined) return { session: await issue(core, db, { user, sessionId }) };
  const { usedAt } = await db.selectFrom('refreshToken').select('usedAt').where('hash', '=', hash).executeTakeFirstOrThrow();
  return await refuse(db, core, { user, sessionId, used: usedAt !== null });
}

/** A refusal is committed, not rolled back: it may have ended the family. */
export async function refresh(core: Core, refreshToken: string): Promise<Session> {
  const result = await core.state.db.transaction().execute((tx) => rotate(core, tx.withSchema('core'), hashToken(refreshToken)));
  if ('session' in result) return result.session;
  if (result.reusedBy !== undefined) {
    await note(core, {
      action: 'session.reuse',
      actor: null,
      user: result.reusedBy,
      code: result.refused.code,
      message: 'An old refresh token was used; the session was ended.',
    });
  }
  throw result.refused;
}

/** Ends the family. An unknown token is no error: the caller wanted it gone. */
export async function signOut(core: Core, refreshToken: string): Promise<void> {
  const { state, clock } = core;
  await state.db
    .updateTable('session')
    .set({ revokedAt: clock.now(), revokedFor: 'signed-out' })
    .where('revokedAt', 'is', null)
    .where('id', 'in', (from) => from.selectFrom('refreshToken').select('sessionId').where('hash', '=', hashToken(refreshToken)))
    .execute();
}

export async function endSessionsOf({ state, clock }: Core, userId: string, reason: string): Promise<void> {
  await state.db
    .updateTable('session')
    .set({ revokedAt: clock.now(), revokedFor: reason })
    .where('userId', '=', userId)
    .where('revokedAt', 'is', null)
    .execute();
}

/** A used token is kept until it would have expired, and as long again: until then its reuse must be noticed. */
export async function forgetOldSessions({ state, clock }: Core): Promise<void> {
  const limit = clock.now() - REFRESH_MS;
  await state.db.deleteFrom('refreshToken').where('expiresAt', '<', limit).execute();
  await state.db
    .deleteFrom('session')
    .where('createdAt', '<', limit)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('refreshToken').select('hash').whereRef('refreshToken.sessionId', '=', 'session.id'))),
    )
    .execute();
}
