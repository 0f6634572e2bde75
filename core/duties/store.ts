import { sql, type Kysely } from 'kysely';
import type { DutyTables } from './tables.ts';

/** Who asks. */
export interface Holder {
  readonly hub: string;
  readonly process: string;
}

export interface Claim {
  readonly names: readonly string[];
  readonly leaseMs: number;
  /** Those that this process asks for the first time: what an earlier process of this hub had is its own at once. */
  readonly first: readonly string[];
}

/** Gets or renews what is free or one's own, in one statement; answers the terms of what one has now. In the order of names, so that two hubs never wait for each other. */
export async function claimDuties(
  db: Kysely<DutyTables>,
  { hub, process }: Holder,
  { names, leaseMs, first }: Claim,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ name: string; term: number }>`
    insert into core.duty as known (name, hub, holder, until, term)
    select name, ${hub}, ${process}, clock_timestamp() + ${leaseMs} * interval '1 millisecond', nextval('core.duty_term')
    from unnest(${names}::text[]) as wanted (name) order by name
    on conflict (name) do update set hub = excluded.hub, holder = excluded.holder, until = excluded.until,
      term = case when known.holder = excluded.holder then known.term else excluded.term end
    where known.holder = excluded.holder or known.until < clock_timestamp() or (known.hub = excluded.hub and known.name = any(${first}::text[]))
    returning name, term`.execute(db);
  return new Map(rows.map(({ name, term }) => [name, term]));
}

/** Gives back what this process has; the others are told. */
export async function releaseDuties(
  db: Kysely<DutyTables>,
  { process }: Pick<Holder, 'process'>,
  { names, channel }: { readonly names: readonly string[]; readonly channel: string },
): Promise<void> {
  await sql`
    with given as (update core.duty set until = '-infinity' where holder = ${process} and name = any(${names}::text[]) returning name)
    select pg_notify(${channel}, '') where exists (select from given)`.execute(db);
}
