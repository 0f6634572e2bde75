import type { Database } from 'novacron/plugin';
import type { Subject } from '../port.ts';
import type { AlertState } from './alert-state.ts';

/** How one rule stands with one thing, as it is kept. */
export interface KeptState {
  readonly rule: string;
  /** Key of the subject: `<kind>/<id>[/<device>]`. */
  readonly subject: string;
  readonly thing: Subject;
  readonly state: AlertState;
}

export interface Saved {
  readonly put: readonly KeptState[];
  readonly drop: readonly Pick<KeptState, 'rule' | 'subject'>[];
  readonly lookedAt: number;
}

interface RawState {
  readonly rule: string;
  readonly subject: string;
  readonly thing: Subject;
  readonly is: AlertState['is'];
  readonly since: string | number;
  readonly clearSince: string | number | null;
  readonly blindSince: string | number | null;
}

/** What is written at once is made into one text in the main loop. */
const CHUNK = 300;

const numberOr = (value: string | number | null): number | null => (value === null ? null : Number(value));

function* chunks<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < all.length; from += CHUNK) yield all.slice(from, from + CHUNK);
}

/** The table of states: all its SQL is here. Written only when something changed, and once a look for the clock. */
export class StateStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async load(): Promise<{ readonly kept: readonly KeptState[]; readonly lookedAt: number | null }> {
    const rows = await this.#db.sql<RawState>`select * from "alert_state"`;
    const [clock] = await this.#db.sql<{ lookedAt: string | number }>`select "lookedAt" from "alert_clock"`;
    const kept = rows.map(({ rule, subject, thing, is, since, clearSince, blindSince }) => {
      return {
        rule,
        subject,
        thing,
        state: { is, since: Number(since), clearSince: numberOr(clearSince), blindSince: numberOr(blindSince) },
      };
    });
    return { kept, lookedAt: clock === undefined ? null : Number(clock.lookedAt) };
  }

  /** All of it or nothing. */
  async save({ put, drop, lookedAt }: Saved): Promise<void> {
    await this.#db.transaction(async (db) => {
      for (const some of chunks(put)) await putRows(db, some);
      for (const some of chunks(drop)) await dropRows(db, some);
      await db.sql`insert into "alert_clock" ("lookedAt") values (${lookedAt}) on conflict ("one") do update set "lookedAt" = ${lookedAt}`;
    });
  }
}

async function putRows(db: Database, states: readonly KeptState[]): Promise<void> {
  const rows = states.map(({ state, ...of }) => ({ ...of, ...state }));
  await db.sql`
    insert into "alert_state" ("rule", "subject", "thing", "is", "since", "clearSince", "blindSince")
    select "rule", "subject", "thing", "is", "since", "clearSince", "blindSince" from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row
      ("rule" text, "subject" text, "thing" jsonb, "is" text, "since" bigint, "clearSince" bigint, "blindSince" bigint)
    on conflict ("rule", "subject") do update set "thing" = excluded."thing", "is" = excluded."is", "since" = excluded."since",
      "clearSince" = excluded."clearSince", "blindSince" = excluded."blindSince"`;
}

async function dropRows(db: Database, keys: Saved['drop']): Promise<void> {
  await db.sql`
    delete from "alert_state" using unnest(${keys.map(({ rule }) => rule)}::text[], ${keys.map(({ subject }) => subject)}::text[]) as gone ("rule", "subject")
    where "alert_state"."rule" = gone."rule" and "alert_state"."subject" = gone."subject"`;
}
