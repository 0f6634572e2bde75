import type { Actor, Clock, Log } from '../contract.ts';
import type { Audit } from '../audit/audit.ts';
import type { SigningKey } from '../state/signing-key.ts';
import type { State } from '../state/state.ts';
import type { Memory } from './memory.ts';
import type { ApiTokenTable, UserTable } from './tables.ts';

/** What the parts of identity share. */
export interface Core {
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Pick<Audit, 'append'>;
  /** Signs access tokens. */
  readonly key: SigningKey;
  /** Users read lately, by id. */
  readonly users: Memory<UserTable>;
  /** Tokens read lately, by their hash. */
  readonly tokens: Memory<ApiTokenTable>;
}

export const IDENTITY_CHANNEL = 'novacron_identity';

export function forgetUsers(core: Core): void {
  core.users.forget();
  core.tokens.forget();
}

/** Every hub forgets what it remembers of users and their tokens. */
export async function usersChanged(core: Core): Promise<void> {
  forgetUsers(core);
  await core.state.notify(IDENTITY_CHANNEL, 'users');
}

export interface IdentityNote {
  /** `user.create`, `session.reuse` … */
  readonly action: string;
  readonly actor: Pick<Actor, 'id' | 'name' | 'tenant'> | null;
  readonly user?: Pick<UserTable, 'id' | 'name' | 'tenant'> | undefined;
  readonly code?: string;
  readonly message?: string;
  readonly input?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** What happened to users, sessions and tokens goes into the same chain as every action. */
export async function note({ audit }: Core, { action, actor, user, code, message, input }: IdentityNote): Promise<void> {
  await audit.append({
    event: 'identity',
    actor: actor === null ? null : { id: actor.id, name: actor.name, tenant: actor.tenant },
    via: 'hub',
    action,
    target: user === undefined ? null : { kind: 'user', id: user.id, name: user.name, tenant: user.tenant },
    jobId: null,
    input: input ?? {},
    code: code ?? null,
    message: message ?? null,
  });
}
