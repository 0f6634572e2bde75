import type { Database } from 'novacron/plugin';
import { entryOfEnd, messageKey } from './tellings.ts';
import type { Telling } from './record.ts';
import type { Claimed, Desktop, Told } from './store.ts';

interface Row {
  readonly id: string;
  readonly incident: number | null;
  readonly silence: string | null;
  readonly why: Telling['why'];
  readonly channel: string;
  readonly to: string;
  readonly person: string | null;
  readonly state: Told['state'];
  readonly dueAt: string;
  readonly createdAt: string;
  readonly attempts: number;
  readonly asked: number;
  readonly endedAt: string | null;
  readonly receipt: string | null;
  readonly reason: string | null;
}

const tellingOf = ({ id, incident, silence, why, channel, to, person, dueAt }: Row): Telling => ({
  id,
  about: incident === null ? { silence: silence ?? '' } : { incident },
  why,
  channel,
  to,
  person,
  dueAt: Number(dueAt),
});

export const toldOf = (row: Row): Told => ({
  ...tellingOf(row),
  state: row.state,
  attempts: row.attempts,
  endedAt: row.endedAt === null ? null : Number(row.endedAt),
  receipt: row.receipt,
  reason: row.reason,
});

const claimedOf = (row: Row): Claimed => ({
  ...tellingOf(row),
  attempts: row.attempts,
  asked: row.asked,
  createdAt: Number(row.createdAt),
  receipt: row.receipt,
});

const incidentIn = ({ about }: Telling): number | null => ('incident' in about ? about.incident : null);
const silenceIn = ({ about }: Telling): string | null => ('silence' in about ? about.silence : null);

/** A change is one row for each message: asking again makes it due again, so soon after the last edit as is allowed. Anything else is told once. */
async function insertTelling(db: Database, telling: Telling, { now, editEveryMs }: { now: number; editEveryMs: number }): Promise<void> {
  const { id, why, channel, to, person, dueAt } = telling;
  const [incident, silence, key] = [incidentIn(telling), silenceIn(telling), messageKey(telling)];
  await db.sql`insert into "message" ("key", "incident") values (${key}, ${incident}) on conflict do nothing`;
  if (why !== 'changed') {
    await db.sql`
      insert into "telling" ("id", "message", "incident", "silence", "why", "channel", "to", "person", "dueAt", "createdAt")
      values (${id}, ${key}, ${incident}, ${silence}, ${why}, ${channel}, ${to}, ${person}, ${dueAt}, ${now}) on conflict do nothing`;
    return;
  }
  await db.sql`
    insert into "telling" ("id", "message", "incident", "silence", "why", "channel", "to", "person", "dueAt", "createdAt")
    select ${id}, ${key}, ${incident}::integer, ${silence}, ${why}, ${channel}, ${to}, ${person},
      greatest(${dueAt}::bigint, coalesce("toldAt", 0) + ${editEveryMs}::bigint), ${now}::bigint from "message" where "key" = ${key}
    on conflict ("id") do update set "asked" = "telling"."asked" + 1, "state" = 'waiting', "attempts" = 0, "endedAt" = null, "reason" = null,
      "dueAt" = case when "telling"."state" = 'waiting' then least("telling"."dueAt", excluded."dueAt") else excluded."dueAt" end,
      "createdAt" = case when "telling"."state" = 'waiting' then "telling"."createdAt" else excluded."createdAt" end`;
}

type TellingTables = Pick<Desktop, 'tell' | 'claim' | 'finish'>;

export const tellingTables = (db: Database, { editEveryMs }: { readonly editEveryMs: number }): TellingTables => ({
  async tell(tellings, now) {
    for (const telling of tellings) await insertTelling(db, telling, { now, editEveryMs });
  },
  async claim(now, { until, rowsMax, channels, givenUpBefore }) {
    // In the order in which they came, changes last: what is told shows the newest state anyway.
    const rows = await db.sql<Row>`
      with "next" as (
        select distinct on ("message") "id", "dueAt", "heldUntil", "seq", "channel", "createdAt" from "telling" where "state" = 'waiting'
          and "message" in (select "message" from "telling" where "state" = 'waiting' and "dueAt" <= ${now})
        order by "message", "why" = 'changed', "seq"
      )
      update "telling" set "heldUntil" = ${until}, "attempts" = "attempts" + 1
      from "message", (
        select "id" from "next" where "dueAt" <= ${now} and "heldUntil" <= ${now}
          and ("channel" = any(${channels}::text[]) or "createdAt" < ${givenUpBefore}) order by "seq" limit ${rowsMax}) as "mine"
      where "telling"."id" = "mine"."id" and "message"."key" = "telling"."message"
      returning "telling".*, "message"."receipt" as "receipt"`;
    return rows.map(claimedOf);
  },
  async finish(claimed, end, now) {
    const { id, asked } = claimed;
    if (end.is === 'again') {
      await db.sql`
        update "telling" set "dueAt" = ${end.dueAt}, "heldUntil" = 0, "reason" = ${end.reason},
          "createdAt" = case when ${end.held === true}::boolean then ${now}::bigint else "createdAt" end
        where "id" = ${id} and "state" = 'waiting'`;
      return;
    }
    const receipt = end.is === 'taken' ? end.receipt : null;
    const reason = end.is === 'taken' ? null : end.reason;
    const [ended] = await db.sql`
      update "telling" set "heldUntil" = 0, "receipt" = ${receipt}, "reason" = ${reason},
        "state" = case when "asked" = ${asked} then ${end.is} else 'waiting' end,
        "endedAt" = case when "asked" = ${asked} then ${now}::bigint else null end,
        "dueAt" = case when "asked" = ${asked} then "dueAt" else greatest("dueAt", ${now + editEveryMs}) end
      where "id" = ${id} and "state" = 'waiting' returning "id"`;
    if (receipt !== null) await db.sql`update "message" set "receipt" = ${receipt}, "toldAt" = ${now} where "key" = ${messageKey(claimed)}`;
    const incident = incidentIn(claimed);
    const entry = ended && incident !== null && claimed.why !== 'changed' ? entryOfEnd(claimed, end, now) : undefined;
    if (!entry) return;
    await db.sql`
      insert into "timeline" ("incident", "key", "at", "kind", "text", "actor", "values")
      values (${incident}, ${entry.key ?? null}, ${entry.at}, ${entry.kind}, ${entry.text}, ${entry.actor}, ${JSON.stringify(entry.values)})
      on conflict do nothing`;
  },
});
