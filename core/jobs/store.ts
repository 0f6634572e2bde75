import { sql, type Kysely, type Selectable } from 'kysely';
import { hasEnded, type Job, type JobFilter, type JobState } from '../contract.ts';
import type { JobTable, JobTables } from './tables.ts';

export type JobRecord = Selectable<JobTable>;
export type NewJob = Omit<JobRecord, 'seq' | 'state' | 'stateIs' | 'cancelledBy' | 'startedAt' | 'endedAt'>;

/** Typed queries on the job table. */
export class JobStore {
  readonly #db: Kysely<JobTables>;

  constructor(db: Kysely<JobTables>) {
    this.#db = db;
  }

  /** Inserts, unless the call's key is taken: then the job that took it. The lock makes `seq` follow the order of commits within a queue. */
  async reserve(job: NewJob): Promise<{ readonly record: JobRecord; readonly isNew: boolean }> {
    const insert = (db: Kysely<JobTables>) =>
      db
        .insertInto('job')
        .values(toRow(job))
        .onConflict((on) => on.columns(['actorId', 'action', 'callKey']).doNothing())
        .returningAll()
        .executeTakeFirst();
    const record =
      job.queueKey === null
        ? await insert(this.#db)
        : await this.#db.transaction().execute(async (tx) => {
            await sql`select pg_advisory_xact_lock(hashtextextended(${job.queueKey}, 0))`.execute(tx);
            return insert(tx);
          });
    if (record) return { record, isNew: true };
    const known = await this.#db
      .selectFrom('job')
      .selectAll()
      .where('actorId', '=', job.actorId)
      .where('action', '=', job.action)
      .where('callKey', '=', job.callKey)
      .executeTakeFirstOrThrow();
    return { record: known, isNew: false };
  }

  load(id: string): Promise<JobRecord | undefined> {
    return this.#db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Sets the state unless the job has ended; returns whether it did. */
  async setState(id: string, state: JobState, at: Date): Promise<boolean> {
    let update = this.#db
      .updateTable('job')
      .set({
        state: JSON.stringify(state),
        stateIs: state.is,
        ...(state.is === 'running' && { startedAt: sql<Date>`coalesce("startedAt", ${at})` }),
        ...(hasEnded({ state }) && { endedAt: at }),
      })
      .where('id', '=', id)
      .where('endedAt', 'is', null);
    // Late news of progress must not hide that the job is being cancelled.
    if (state.is === 'running') update = update.where('stateIs', '!=', 'cancelling');
    return (await update.executeTakeFirst()).numUpdatedRows > 0n;
  }

  /** Marks an open job for cancelling; returns it, or undefined when it has ended. */
  requestCancel(id: string, by: string): Promise<JobRecord | undefined> {
    return this.#db
      .updateTable('job')
      .set({ cancelledBy: by, state: JSON.stringify({ is: 'cancelling' }), stateIs: 'cancelling' })
      .where('id', '=', id)
      .where('endedAt', 'is', null)
      .returningAll()
      .executeTakeFirst();
  }

  /** Is an earlier job of the same queue still open? */
  async mustWait({ queueKey, seq }: Pick<JobRecord, 'queueKey' | 'seq'>): Promise<boolean> {
    const earlier = this.#db.selectFrom('job').select('id').where('queueKey', '=', queueKey).where('seq', '<', seq);
    return (await earlier.where('endedAt', 'is', null).limit(1).executeTakeFirst()) !== undefined;
  }

  async openIds(executor: string): Promise<string[]> {
    const open = this.#db.selectFrom('job').select('id').where('executor', '=', executor).where('endedAt', 'is', null);
    return (await open.orderBy('seq').execute()).map((row) => row.id);
  }

  /** Whose they are now, and whether somebody wants them cancelled. */
  async standing(ids: readonly string[]): Promise<Pick<JobRecord, 'id' | 'executor' | 'cancelledBy'>[]> {
    if (ids.length === 0) return [];
    return this.#db
      .selectFrom('job')
      .select(['id', 'executor', 'cancelledBy'])
      .where('id', 'in', [...ids])
      .execute();
  }

  /** Ids of some jobs that ended before; oldest first. */
  async endedBefore(before: Date): Promise<string[]> {
    const old = this.#db.selectFrom('job').select('id').where('endedAt', '<', before).orderBy('endedAt').limit(ROWS_MAX);
    return (await old.execute()).map((row) => row.id);
  }

  async forget(ids: readonly string[]): Promise<void> {
    await this.#db
      .deleteFrom('job')
      .where('id', 'in', [...ids])
      .execute();
  }

  list({ tenant, states, target, rowsMax = 50 }: JobFilter & { readonly tenant: string | null }): Promise<JobRecord[]> {
    let query = this.#db.selectFrom('job').selectAll().orderBy('seq', 'desc').limit(Math.min(rowsMax, ROWS_MAX));
    if (tenant !== null) query = query.where('tenant', '=', tenant);
    if (states?.length) query = query.where('stateIs', 'in', [...states]);
    if (target) query = query.where('targetKind', '=', target.kind).where('targetId', '=', target.id);
    return query.execute();
  }
}

const ROWS_MAX = 500;

const toRow = (job: NewJob) => ({
  ...job,
  input: JSON.stringify(job.input),
  actor: JSON.stringify(job.actor),
  target: JSON.stringify(job.target),
  state: JSON.stringify({ is: 'queued' }),
  stateIs: 'queued' as const,
});

export const toJob = (record: JobRecord): Job => ({
  id: record.id,
  action: record.action,
  title: record.title,
  target: record.target && { kind: record.target.kind, id: record.target.id, name: record.target.name },
  tenant: record.tenant,
  actor: { id: record.actor.id, name: record.actor.name },
  via: record.via,
  state: record.state,
  createdAt: record.createdAt.getTime(),
  startedAt: record.startedAt?.getTime() ?? null,
  endedAt: record.endedAt?.getTime() ?? null,
});
