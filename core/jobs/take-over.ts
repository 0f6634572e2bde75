import { sql, type Kysely } from 'kysely';
import type { JobTables } from './tables.ts';

/** Prefix of the duties by which hubs say that they are there; plugins cannot have such a name. */
export const PRESENCE = 'core.jobs';

export interface Executor {
  readonly executor: string;
  /** As DBOS knows the jobs that this hub may run. */
  readonly version: string;
}

/** DBOS lets a hub run what bears its version only. Whoever had the job before loses it: what that one still records of it is refused. */
const adopt = (db: Kysely<JobTables>, { executor, version }: Executor, ids: readonly string[]) =>
  sql`update dbos.workflow_status set application_version = ${version}, executor_id = ${executor}, owner_xid = null
    where workflow_uuid = any(${ids}::text[]) and status in ('PENDING', 'ENQUEUED')`.execute(db);

export async function adoptJob(db: Kysely<JobTables>, by: Executor, id: string): Promise<void> {
  await adopt(db, by, [id]);
}

/**
 * Open jobs of hubs that are gone become this hub's; answers their ids. The rows of those hubs' presence are locked meanwhile: one that comes back waits, and
 * then finds that it has none. A hub that was never heard of is left alone.
 */
export async function takeOverJobs(db: Kysely<JobTables>, by: Executor): Promise<readonly string[]> {
  return db.transaction().execute(async (tx) => {
    const { rows: gone } = await sql<{ name: string }>`
      select name from core.duty where name in (
        select ${PRESENCE} || '/' || executor from core.job where "endedAt" is null and executor <> ${by.executor} group by executor
      ) and until < clock_timestamp() for update skip locked`.execute(tx);
    if (gone.length === 0) return [];
    const executors = gone.map(({ name }) => name.slice(PRESENCE.length + 1));
    const { rows } = await sql<{ id: string }>`
      update core.job set executor = ${by.executor} where "endedAt" is null and executor = any(${executors}::text[]) returning id::text as id`.execute(
      tx,
    );
    const ids = rows.map(({ id }) => id);
    await adopt(tx, by, ids);
    return ids;
  });
}

/** Who was not heard of for so long does not come back; if it does, it asks for its duties anew. */
export const GONE_MS = 86_400_000;

/**
 * Removes the duties that nobody has had, or asked for, for `idleMs`; answers how many. By the presence of a hub its open jobs are found when it is gone,
 * so that stays while there are any. Rows that somebody takes at this moment are left alone.
 */
export async function forgetDuties(db: Kysely<JobTables>, idleMs: number): Promise<number> {
  const { rows } = await sql`
    delete from core.duty where name in (
      select name from core.duty where until < clock_timestamp() - ${idleMs} * interval '1 millisecond'
        and not exists (select from core.job where "endedAt" is null and ${PRESENCE} || '/' || executor = name)
      for update skip locked
    ) returning name`.execute(db);
  return rows.length;
}
