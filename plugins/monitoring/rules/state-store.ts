import type { Database, Duty } from 'novacron/plugin';
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

/** When it was looked at last, and how often something was written. */
export interface StateClock {
  readonly lookedAt: number | null;
  readonly version: number;
}

/** The table of states: all its SQL is here. Written only when something changed, and once a look for the clock. */
export class StateStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async clock(): Promise<StateClock> {
    const [clock] = await this.#db.sql<{ lookedAt: string | number; version: string | number }>`select * from "alert_clock"`;
    return clock === undefined ? { lookedAt: null, version: 0 } : { lookedAt: Number(clock.lookedAt), version: Number(clock.version) };
  }

  async load(): Promise<StateClock & { readonly kept: readonly KeptState[] }> {
    // The clock first: what is written in between is read again, not missed.
    const clock = await this.clock();
    const rows = await this.#db.sql<RawState>`select * from "alert_state"`;
    const kept = rows.map(({ rule, subject, thing, is, since, clearSince, blindSince }) => {
      return {
        rule,
        subject,
        thing,
        state: { is, since: Number(since), clearSince: numberOr(clearSince), blindSince: numberOr(blindSince) },
      };
    });
    return { ...clock, kept };
  }

  /** All of it or nothing; nothing when the fence says so. Answers the version that this makes. */
  async save({ put, drop, lookedAt }: Saved, fence: Duty['fence']): Promise<number> {
    return this.#db.transaction(async (db) => {
      await fence(db);
      for (const some of chunks(put)) await putRows(db, some);
      for (const some of chunks(drop)) await dropRows(db, some);
      const more = put.length + drop.length > 0 ? 1 : 0;
      const [clock] = await db.sql<{ version: string | number }>`
        insert into "alert_clock" ("lookedAt", "version") values (${lookedAt}, 1)
        on conflict ("one") do update set "lookedAt" = ${lookedAt}, "version" = "alert_clock"."version" + ${more} returning "version"`;
      return Number(clock?.version);
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
