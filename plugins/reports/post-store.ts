import type { Database } from 'novacron/plugin';
import type { Run } from './store.ts';

/** The end of a run that is to be told somewhere, while somebody has it in hand. */
export interface ClaimedPost {
  readonly run: string;
  readonly to: string;
  /** This one included. */
  readonly attempts: number;
  readonly createdAt: number;
}

export type PostEnd =
  | { readonly is: 'taken'; readonly receipt: string }
  | { readonly is: 'again'; readonly dueAt: number; readonly reason: string }
  | { readonly is: 'failed'; readonly reason: string };

export interface PostClaim {
  readonly hub: string;
  readonly until: number;
  readonly rowsMax: number;
  /** Older ones of other hubs are taken, too. */
  readonly orphanedBefore: number;
}

/** In the transaction that ends the run. Of a run that ends again after a crash it is the same post. */
export async function addPost(db: Database, run: Run, hub: string): Promise<void> {
  if (run.audience === null) return;
  await db.sql`
    insert into "post" ("run", "hub", "to", "createdAt", "dueAt") values (${run.id}, ${hub}, ${run.audience}, ${run.endedAt}, ${run.endedAt})
    on conflict ("run") do nothing`;
}

interface Row {
  readonly run: string;
  readonly to: string;
  readonly attempts: number;
  readonly createdAt: string | number;
}

/** The rows of `post`. */
export class PostStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Those that are due and that nobody has in hand, the oldest first; they are this caller's until `until`. */
  async claim(now: number, { hub, until, rowsMax, orphanedBefore }: PostClaim): Promise<ClaimedPost[]> {
    const rows = await this.#db.sql<Row>`
      update "post" set "heldUntil" = ${until}, "attempts" = "attempts" + 1 from (
        select "post"."run" from "post" join "run" on "run"."id" = "post"."run"
        where "post"."state" = 'waiting' and "dueAt" <= ${now} and "heldUntil" <= ${now} and "run"."state" <> 'running'
          and ("hub" = ${hub} or "createdAt" < ${orphanedBefore})
        order by "createdAt", "post"."run" limit ${rowsMax} for update of "post" skip locked) as "mine"
      where "post"."run" = "mine"."run" returning "post"."run", "to", "attempts", "createdAt"`;
    return rows.map((row) => ({ ...row, createdAt: Number(row.createdAt) }));
  }

  async finish(run: string, end: PostEnd): Promise<void> {
    if (end.is === 'again') {
      await this.#db.sql`update "post" set "heldUntil" = 0, "dueAt" = ${end.dueAt}, "reason" = ${end.reason} where "run" = ${run}`;
      return;
    }
    const receipt = end.is === 'taken' ? end.receipt : null;
    const reason = end.is === 'taken' ? null : end.reason;
    await this.#db.sql`
      update "post" set "heldUntil" = 0, "state" = ${end.is}, "receipt" = ${receipt}, "reason" = ${reason} where "run" = ${run}`;
  }

  /** Whatever this hub had in hand before its start is due again. */
  async letGo(hub: string): Promise<void> {
    await this.#db.sql`update "post" set "heldUntil" = 0 where "hub" = ${hub} and "state" = 'waiting'`;
  }
}
