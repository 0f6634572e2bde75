import { randomUUID } from 'node:crypto';
import { type Actor, HubError, Secret } from '../contract.ts';
import { SCOPE_PATTERN } from '../policy/scopes.ts';
import { type Core, note, usersChanged } from './core.ts';
import { activeUser, actorOf } from './directory.ts';
import { hashToken, newToken } from './secrets.ts';
import { authExpired, authInvalid } from './sessions.ts';

export interface ApiToken {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** To the minute. */
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewApiToken {
  /** Whose rights it carries, and who asks for it: an actor that came with scopes cannot get a token that has more. */
  readonly actor: Actor;
  readonly name: string;
  /** Absent or null: everything that the user may do. */
  readonly scopes?: readonly string[] | null | undefined;
  /** Epoch milliseconds; null: never. */
  readonly expiresAt?: number | null | undefined;
}

const NAME_LENGTH_MAX = 100;
const SCOPES_MAX = 100;
const TOKENS_PER_USER_MAX = 100;
const USED_STEP_MS = 60_000;

const invalid = (sentence: string): HubError => new HubError('token_invalid', sentence, { status: 400 });

/** A narrower pattern within one of `limits`: `vm.list` and `vm.*` within `vm.*`; `*` only within `*`. */
const within = (scope: string, limits: readonly string[]): boolean =>
  limits.some((limit) => limit === '*' || limit === scope || (limit.endsWith('.*') && scope.startsWith(limit.slice(0, -1))));

function checkedScopes({ actor, scopes }: NewApiToken): readonly string[] | null {
  const asked = scopes ?? null;
  if (asked !== null && (asked.length > SCOPES_MAX || !asked.every((scope) => scope.length <= 100 && SCOPE_PATTERN.test(scope)))) {
    throw invalid(`Scopes are at most ${SCOPES_MAX} action ids or patterns, such as "vm.list", "vm.*" or "*".`);
  }
  if (actor.scopes === undefined) return asked;
  if (asked === null || !asked.every((scope) => within(scope, actor.scopes ?? []))) {
    throw new HubError('token_scope', 'A token cannot give out a token that may do more than itself. Name scopes within its own.', {
      status: 403,
    });
  }
  return asked;
}

export async function createApiToken(core: Core, asked: NewApiToken): Promise<{ token: Secret; id: string }> {
  const { actor, name } = asked;
  const scopes = checkedScopes(asked);
  const at = core.clock.now();
  const expiresAt = asked.expiresAt ?? null;
  if (name.trim() === '' || name.length > NAME_LENGTH_MAX) throw invalid(`A token has a name of 1 to ${NAME_LENGTH_MAX} characters.`);
  if (expiresAt !== null && !(Number.isSafeInteger(expiresAt) && expiresAt > at))
    throw invalid('The token would have expired already. Choose a later instant.');
  const user = await activeUser(core, actor.id);
  if (user === undefined) throw authInvalid('This user can no longer sign in.');
  const { count } = await core.state.db
    .selectFrom('apiToken')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('userId', '=', actor.id)
    .where('revokedAt', 'is', null)
    .executeTakeFirstOrThrow();
  if (count >= TOKENS_PER_USER_MAX)
    throw new HubError('token_too_many', `A user has at most ${TOKENS_PER_USER_MAX} tokens. Revoke one first.`, { status: 409 });
  const token = newToken('nova');
  const id = randomUUID();
  const row = {
    id,
    userId: actor.id,
    name: name.trim(),
    hash: hashToken(token),
    createdAt: at,
    expiresAt,
    lastUsedAt: null,
    revokedAt: null,
  };
  await core.state.db
    .insertInto('apiToken')
    .values({ ...row, scopes: scopes === null ? null : (JSON.stringify(scopes) as never) })
    .execute();
  await note(core, { action: 'token.create', actor, user, input: { id, name: row.name, scopes, expiresAt } });
  return { token: new Secret(token), id };
}

/** One's own; an admin sees all, a tenant admin those of the tenant. */
export async function selectApiTokens({ state }: Core, actor: Actor): Promise<ApiToken[]> {
  let query = state.db.selectFrom('apiToken').innerJoin('user', 'user.id', 'apiToken.userId');
  if (actor.role === 'tenant-admin') query = query.where('user.tenant', '=', actor.tenant);
  else if (actor.role !== 'admin') query = query.where('apiToken.userId', '=', actor.id);
  const columns = [
    'apiToken.id',
    'userId',
    'apiToken.name',
    'scopes',
    'apiToken.createdAt',
    'expiresAt',
    'lastUsedAt',
    'revokedAt',
  ] as const;
  return await query.select(columns).orderBy('apiToken.createdAt').limit(10_000).execute();
}

/** `actor`: one's own, or any as an admin. Others' tokens do not exist. */
export async function revokeApiToken(core: Core, id: string, actor: Actor): Promise<void> {
  let query = core.state.db
    .updateTable('apiToken')
    .set({ revokedAt: core.clock.now() })
    .where('id', '=', id)
    .where('revokedAt', 'is', null);
  if (actor.role !== 'admin') query = query.where('userId', '=', actor.id);
  const row = await query.returning('id').executeTakeFirst();
  if (row === undefined) throw new HubError('token_unknown', 'There is no such token. `token list` shows them.', { status: 404 });
  await usersChanged(core);
  await note(core, { action: 'token.revoke', actor, input: { id } });
}

export async function verifyApiToken(core: Core, token: string): Promise<Actor> {
  const { db } = core.state;
  const hash = hashToken(token);
  const row = await core.tokens.get(hash, () => db.selectFrom('apiToken').selectAll().where('hash', '=', hash).executeTakeFirst());
  const at = core.clock.now();
  if (row === undefined || row.revokedAt !== null) throw authInvalid('The API token is not valid. Make a new one.');
  if (row.expiresAt !== null && row.expiresAt <= at) throw authExpired('The API token has expired. Make a new one.');
  const user = await activeUser(core, row.userId);
  if (user === undefined) throw authInvalid('The user of this API token can no longer sign in.');
  if (row.lastUsedAt === null || row.lastUsedAt < at - USED_STEP_MS) {
    row.lastUsedAt = at;
    await db.updateTable('apiToken').set({ lastUsedAt: at }).where('id', '=', row.id).execute();
  }
  return row.scopes === null ? actorOf(user) : { ...actorOf(user), scopes: row.scopes };
}
