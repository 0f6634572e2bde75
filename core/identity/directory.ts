import { randomUUID } from 'node:crypto';
import { type Actor, HubError, type Role, type Secret } from '../contract.ts';
import { isDuplicate } from '../state/errors.ts';
import type { Core } from './core.ts';
import { hashPassword } from './passwords.ts';
import type { UserTable } from './tables.ts';

/** A user as administrators see them; never with a hash. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly kind: 'person' | 'service';
  readonly role: Role;
  readonly tenant: string;
  readonly createdAt: number;
  readonly disabledAt: number | null;
  readonly hasPassword: boolean;
}

export interface NewUser {
  /** 1 to 64 of a-z, 0-9, `.`, `_`, `-`, `@`; capitals become small. */
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
  readonly tenant: string;
  /** Absent: no sign-in with a password; a sign-in link, a token or chat are the ways in. */
  readonly password?: Secret | undefined;
  /** Default `person`. */
  readonly kind?: 'person' | 'service' | undefined;
}

const NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/;
const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const DISPLAY_NAME_LENGTH_MAX = 100;
const ROLES: readonly Role[] = ['viewer', 'operator', 'tenant-admin', 'admin'];

export const userUnknown = (): HubError => new HubError('user_unknown', 'There is no such user. `user list` shows them.', { status: 404 });

export const actorOf = ({ id, name, kind, role, tenant }: UserTable): Actor => ({ id, name, kind, role, tenant });

const userOf = ({ passwordHash, ...rest }: UserTable): User => ({ ...rest, hasPassword: passwordHash !== null });

const invalid = (sentence: string): HubError => new HubError('user_invalid', sentence, { status: 400 });

function checked({ name, displayName, role, tenant }: NewUser): { name: string; displayName: string; role: Role; tenant: string } {
  const lower = name.toLowerCase();
  if (!NAME.test(lower)) throw invalid('A user name has 1 to 64 of a-z, 0-9, ".", "_", "-" and "@", and starts with a letter or digit.');
  if (!TENANT.test(tenant)) throw invalid('A tenant name has 1 to 63 of a-z, 0-9 and "-", and starts with a letter or digit.');
  if (!ROLES.includes(role)) throw invalid(`A role is one of ${ROLES.join(', ')}.`);
  const shown = displayName.trim();
  // Control characters would let a name pretend to be something else in a terminal or a chat.
  if (shown === '' || shown.length > DISPLAY_NAME_LENGTH_MAX || /\p{C}/u.test(shown))
    throw invalid(`A display name has 1 to ${DISPLAY_NAME_LENGTH_MAX} printable characters.`);
  return { name: lower, displayName: shown, role, tenant };
}

const above = (): HubError =>
  new HubError('permission_denied', 'Only an admin may do this to an admin, or outside of the own tenant. Ask an admin.', { status: 403 });

/**
 * Who administers a tenant's users must not become an admin by way of them: neither by making one, nor by the password, a link or the end
 * of one. The policy knows tenants, not the role of the user that an action is about; so it is checked here. `by` absent: the hub itself.
 */
export function refuseAbove(by: Actor | undefined, user: Pick<UserTable, 'role' | 'tenant'> & { readonly id?: string }): void {
  if (by === undefined || by.role === 'admin' || by.id === user.id) return;
  if (user.role === 'admin' || user.tenant !== by.tenant) throw above();
}

export async function insertUser({ state, clock }: Core, user: NewUser): Promise<UserTable> {
  const fields = checked(user);
  const passwordHash = user.password === undefined ? null : await hashPassword(user.password, fields.name);
  const row: UserTable = {
    id: randomUUID(),
    ...fields,
    kind: user.kind ?? 'person',
    passwordHash,
    createdAt: clock.now(),
    disabledAt: null,
  };
  try {
    return await state.db.insertInto('user').values(row).returningAll().executeTakeFirstOrThrow();
  } catch (error) {
    if (!isDuplicate(error, 'user_name_key')) throw error;
    throw new HubError('user_name_taken', `There is a user called "${fields.name}" already. Choose another name.`, { status: 409 });
  }
}

/** Makes the user when absent; of several at once one makes it and all get the same. */
export async function ensureUser(core: Core, user: NewUser): Promise<UserTable> {
  const known = await userByName(core, user.name);
  if (known !== undefined) return known;
  try {
    return await insertUser(core, user);
  } catch (error) {
    const other = HubError.is(error) && error.code === 'user_name_taken' ? await userByName(core, user.name) : undefined;
    if (other === undefined) throw error;
    return other;
  }
}

export async function userByName({ state }: Core, name: string): Promise<UserTable | undefined> {
  return await state.db.selectFrom('user').selectAll().where('name', '=', name.toLowerCase().replaceAll('\0', '')).executeTakeFirst();
}

/** From memory where it was read lately. `undefined` also for a disabled user. */
export const activeUser = (core: Core, id: string): Promise<UserTable | undefined> =>
  core.users.get(id, () =>
    core.state.db.selectFrom('user').selectAll().where('id', '=', id).where('disabledAt', 'is', null).executeTakeFirst(),
  );

export async function selectUsers({ state }: Core, actor: Actor | undefined): Promise<User[]> {
  let query = state.db.selectFrom('user').selectAll();
  if (actor !== undefined && actor.role !== 'admin') query = query.where('tenant', '=', actor.tenant);
  return (await query.orderBy('name').limit(10_000).execute()).map(userOf);
}

export async function updatePassword(
  { state }: Core,
  userId: string,
  { password, by }: { password: Secret; by: Actor | undefined },
): Promise<void> {
  const user = await state.db.selectFrom('user').selectAll().where('id', '=', userId).executeTakeFirst();
  if (user === undefined) throw userUnknown();
  refuseAbove(by, user);
  const passwordHash = await hashPassword(password, user.name);
  await state.db.updateTable('user').set({ passwordHash }).where('id', '=', userId).execute();
}

/** Refuses the last admin: a hub that nobody can administer is lost. The lock makes two hubs that disable two admins take turns. */
export async function markDisabled({ state, clock }: Core, userId: string, by: Actor | undefined): Promise<UserTable> {
  return await state.db.transaction().execute(async (tx) => {
    const db = tx.withSchema('core');
    const admins = await db
      .selectFrom('user')
      .select('id')
      .where('role', '=', 'admin')
      .where('disabledAt', 'is', null)
      .orderBy('id')
      .forUpdate()
      .execute();
    if (admins.length === 1 && admins[0]?.id === userId) {
      throw new HubError('user_last_admin', 'This is the last admin. Create another one first.', { status: 409 });
    }
    const row = await db
      .updateTable('user')
      .set({ disabledAt: clock.now() })
      .where('id', '=', userId)
      .where('disabledAt', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw userUnknown();
    // Thrown in the transaction, so the change is taken back.
    refuseAbove(by, row);
    return row;
  });
}
