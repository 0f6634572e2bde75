import { sql } from 'kysely';
import { type Clock, HubError } from '../contract.ts';
import type { State } from '../state/state.ts';

/** How many attempts are free, by what they have in common. After that each one doubles the pause. */
const FREE = { pair: 5, address: 50, name: 100 } as const;
const WINDOW_MS = 15 * 60_000;
const PAUSE_MS_MAX = 15 * 60_000;
const TEXT_LENGTH_MAX = 100;

const subjectsOf = (name: string, address: string) =>
  [
    { subject: `pair:${name.slice(0, TEXT_LENGTH_MAX)}@${address}`, free: FREE.pair },
    { subject: `address:${address}`, free: FREE.address },
    { subject: `name:${name.slice(0, TEXT_LENGTH_MAX)}`, free: FREE.name },
  ] as const;

/**
 * Counts the attempt before it is judged, in one atomic statement, so that a thousand at once are counted as a thousand. A pause that is
 * running lets nothing through and is not made longer by trying.
 */
async function count(state: State, { subject, free }: { subject: string; free: number }, at: number): Promise<number> {
  const { rows } = await sql<{ wait: number }>`
    insert into core.attempt as a (subject, attempts, "firstAt", "blockedUntil") values (${subject}, 1, ${at}, 0)
    on conflict (subject) do update set
      attempts = case when a."blockedUntil" > ${at} then a.attempts when a."firstAt" < ${at - WINDOW_MS} and a."blockedUntil" <= ${at - WINDOW_MS} then 1 else a.attempts + 1 end,
      "firstAt" = case when a."firstAt" < ${at - WINDOW_MS} and a."blockedUntil" <= ${at - WINDOW_MS} then ${at} else a."firstAt" end,
      "blockedUntil" = case
        when a."blockedUntil" > ${at} then a."blockedUntil"
        when a."firstAt" < ${at - WINDOW_MS} and a."blockedUntil" <= ${at - WINDOW_MS} then 0
        when a.attempts + 1 > ${free} then ${at} + least(${PAUSE_MS_MAX}::bigint, 1000 * (2 ^ least(a.attempts + 1 - ${free}, 20))::bigint)
        else 0 end
    returning greatest(0, "blockedUntil" - ${at})::bigint as wait`.execute(state.db);
  return rows[0]?.wait ?? 0;
}

/** Throws `auth_throttled` (429, `details.retryAfterSeconds`) when there were too many attempts. */
export async function admitAttempt(state: State, clock: Clock, who: { readonly name: string; readonly address: string }): Promise<void> {
  const at = clock.now();
  let waitMs = 0;
  for (const subject of subjectsOf(who.name, who.address)) waitMs = Math.max(waitMs, await count(state, subject, at));
  if (waitMs === 0) return;
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  throw new HubError('auth_throttled', `There were too many failed sign-ins. Try again in ${retryAfterSeconds} s.`, {
    status: 429,
    retryable: true,
    details: { retryAfterSeconds },
  });
}

/** A right one takes its attempt back and forgives the pair; it does not forgive what others do to the name or from the address. */
export async function forgiveAttempt(state: State, who: { readonly name: string; readonly address: string }): Promise<void> {
  const [pair, ...others] = subjectsOf(who.name, who.address);
  await state.db.deleteFrom('attempt').where('subject', '=', pair.subject).execute();
  const subjects = others.map(({ subject }) => subject);
  await state.db
    .updateTable('attempt')
    .set(({ eb }) => ({ attempts: eb('attempts', '-', 1) }))
    .where('subject', 'in', subjects)
    .where('attempts', '>', 0)
    .execute();
}

export async function forgetOldAttempts(state: State, clock: Clock): Promise<void> {
  const limit = clock.now() - WINDOW_MS - PAUSE_MS_MAX;
  await state.db.deleteFrom('attempt').where('firstAt', '<', limit).where('blockedUntil', '<', limit).execute();
}
