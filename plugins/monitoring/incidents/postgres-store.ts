import type { Database } from 'novacron/plugin';
import type { Silence } from '../port.ts';
import type { Draft, Entry, IncidentRecord } from './record.ts';
import type { Desktop, Late, Ledger, Query, Store, StoredOverride } from './store.ts';
import { tellingTables, toldOf } from './telling-rows.ts';

type Recorded = { readonly record: IncidentRecord };
type Numbers<T> = { readonly [K in keyof T]: T[K] extends number ? string | number : T[K] };

const recordsOf = (rows: readonly Recorded[]): readonly IncidentRecord[] => rows.map(({ record }) => record);
const overrideOf = ({ id, rotation, person, by, from, to }: Numbers<StoredOverride>): StoredOverride => ({
  id,
  rotation,
  person,
  by,
  from: Number(from),
  to: Number(to),
});

const selectOverrides = async (db: Database, since: number): Promise<StoredOverride[]> =>
  (
    await db.sql<Numbers<StoredOverride>>`
      select "id", "rotation", "person", "by", "from", "to" from "oncallOverride" where "to" > ${since} order by "seq"`
  ).map(overrideOf);

async function saveDraft(db: Database, { record, entries }: Draft, dueAt: number | null): Promise<void> {
  const { number, root, state, tenant, openedAt, resolvedAt } = record;
  await db.sql`
    insert into "incident" ("number", "root", "state", "tenant", "openedAt", "resolvedAt", "dueAt", "record")
    values (${number}, ${root}, ${state}, ${tenant}, ${openedAt}, ${resolvedAt}, ${dueAt}, ${JSON.stringify(record)})
    on conflict ("number") do update set "state" = excluded."state", "resolvedAt" = excluded."resolvedAt", "dueAt" = excluded."dueAt",
      "record" = excluded."record"`;
  // What ended some time ago does not take back a signal that has moved on to another incident.
  if (state !== 'resolved') {
    await db.sql`
      insert into "incidentSignal" ("key", "incident") select unnest(${record.signals.map(({ signal }) => signal.key)}::text[]), ${number}::integer
      on conflict ("key") do update set "incident" = excluded."incident"`;
  }
  for (const { key = null, at, kind, text, actor, values, tenant = null } of entries) {
    await db.sql`
      insert into "timeline" ("incident", "key", "at", "kind", "text", "actor", "tenant", "values")
      values (${number}, ${key}, ${at}, ${kind}, ${text}, ${actor}, ${tenant}, ${JSON.stringify(values)}) on conflict do nothing`;
  }
}

const desktopOf = (db: Database, options: PostgresStoreOptions): Desktop => ({
  async ledger() {
    const [row] = await db.sql<Numbers<Ledger>>`select "lookedAt", "lookedBy", "lastNumber", "lastSilence" from "ledger"`;
    return {
      lookedAt: Number(row?.lookedAt),
      lookedBy: row?.lookedBy ?? null,
      lastNumber: Number(row?.lastNumber),
      lastSilence: Number(row?.lastSilence),
    };
  },
  async saveLedger({ lookedAt, lookedBy, lastNumber, lastSilence }) {
    await db.sql`
      update "ledger" set "lookedAt" = ${lookedAt}, "lookedBy" = ${lookedBy}, "lastNumber" = ${lastNumber}, "lastSilence" = ${lastSilence}`;
  },
  async incident(number) {
    return recordsOf(await db.sql<Recorded>`select "record" from "incident" where "number" = ${number}`)[0];
  },
  async concerned({ keys, roots, resolvedSince }) {
    return recordsOf(
      await db.sql<Recorded>`
        select "record" from "incident"
        where "number" in (select "incident" from "incidentSignal" where "key" = any(${keys}::text[]))
          or ("root" = any(${roots}::text[]) and ("resolvedAt" is null or "resolvedAt" > ${resolvedSince})) order by "number"`,
    );
  },
  async due(now, rowsMax) {
    return recordsOf(
      await db.sql<Recorded>`select "record" from "incident" where "dueAt" <= ${now} order by "dueAt", "number" limit ${rowsMax}`,
    );
  },
  async open(rowsMax) {
    return recordsOf(
      await db.sql<Recorded>`select "record" from "incident" where "state" <> 'resolved' order by "number" limit ${rowsMax}`,
    );
  },
  async save(drafts, dueAt) {
    for (const draft of drafts) await saveDraft(db, draft, dueAt(draft.record));
  },
  async silences() {
    const rows = await db.sql<{ silence: Silence }>`select "silence" from "silence" where "state" <> 'ended' order by "startsAt", "id"`;
    return rows.map(({ silence }) => silence);
  },
  async saveSilence(silence, key) {
    const { id, state, tenant, startsAt, endsAt } = silence;
    await db.sql`
      insert into "silence" ("id", "key", "state", "tenant", "startsAt", "endsAt", "silence")
      values (${id}, ${key ?? null}, ${state}, ${tenant}, ${startsAt}, ${endsAt}, ${JSON.stringify(silence)})
      on conflict ("id") do update set "state" = excluded."state", "endsAt" = excluded."endsAt", "silence" = excluded."silence"`;
  },
  async silenceByKey(key) {
    return (await db.sql<{ silence: Silence }>`select "silence" from "silence" where "key" = ${key}`)[0]?.silence;
  },
  overrides: (since) => selectOverrides(db, since),
  async saveOverride({ id, rotation, person, by, from, to }) {
    await db.sql`
      insert into "oncallOverride" ("id", "rotation", "person", "by", "from", "to")
      values (${id}, ${rotation}, ${person}, ${by}, ${from}, ${to}) on conflict do nothing`;
  },
  async shift(byMs) {
    await db.sql`
      update "telling" set "dueAt" = "dueAt" + ${byMs}, "heldUntil" = greatest(0, "heldUntil" + ${byMs}), "createdAt" = "createdAt" + ${byMs}
      where "state" = 'waiting'`;
    await db.sql`update "message" set "toldAt" = "toldAt" + ${byMs} where "toldAt" is not null`;
  },
  ...tellingTables(db, options),
});

export interface PostgresStoreOptions {
  /** Between two edits of one message. */
  readonly editEveryMs: number;
}

const SILENCES_MAX = 500;
const TIMELINE_MAX = 2_000;
const TOLD_MAX = 1_000;

async function listIncidents(db: Database, { states, subject, from, to, tenant, rowsMax }: Query): Promise<readonly IncidentRecord[]> {
  const root = subject ? `${subject.kind}/${subject.id}` : null;
  return recordsOf(
    await db.sql<Recorded>`
      select "record" from "incident"
      where (${states ?? null}::text[] is null or "state" = any(${states ?? null}::text[]))
        and (${root}::text is null or "root" = ${root})
        and (${from ?? null}::bigint is null or "resolvedAt" is null or "resolvedAt" >= ${from ?? null})
        and (${to ?? null}::bigint is null or "openedAt" < ${to ?? null})
        and (${tenant}::text is null or "tenant" is null or "tenant" = ${tenant})
      order by "number" desc limit ${rowsMax}`,
  );
}

/** Incidents in the plugin's schema. A lock makes changes take turns, also those of several hubs. */
export const createPostgresStore = (db: Database, options: PostgresStoreOptions): Store => ({
  transaction: (work, fence) =>
    db.transaction(async (inside) => {
      await inside.sql`select pg_advisory_xact_lock(hashtext('novacron.incidents.' || current_schema()))`;
      await fence?.(inside);
      return work(desktopOf(inside, options));
    }),
  get: async (number) => recordsOf(await db.sql<Recorded>`select "record" from "incident" where "number" = ${number}`)[0],
  list: (query) => listIncidents(db, query),
  async timeline(number) {
    const rows = await db.sql<Numbers<Entry>>`
      select "at", "kind", "text", "actor", "tenant", "values" from "timeline" where "incident" = ${number}
      order by "id" limit ${TIMELINE_MAX}`;
    return rows.map((row) => ({ ...row, at: Number(row.at) }));
  },
  async told(number) {
    const rows = await db.sql<Parameters<typeof toldOf>[0]>`
      select * from "telling" where "incident" = ${number} order by "seq" limit ${TOLD_MAX}`;
    return rows.map(toldOf);
  },
  async silence(id) {
    return (await db.sql<{ silence: Silence }>`select "silence" from "silence" where "id" = ${id}`)[0]?.silence;
  },
  async silences({ tenant, withEnded, rowsMax }) {
    const rows = await db.sql<{ silence: Silence }>`
      select "silence" from "silence"
      where (${withEnded} or "state" <> 'ended') and (${tenant}::text is null or "tenant" is null or "tenant" = ${tenant})
      order by "startsAt" desc limit ${Math.min(rowsMax, SILENCES_MAX)}`;
    return rows.map(({ silence }) => silence);
  },
  overrides: (since) => selectOverrides(db, since),
  async nextDue() {
    const [row] = await db.sql<{ at: string | null }>`
      select least(
        (select min("dueAt") from "incident"),
        (select min(greatest("dueAt", "heldUntil")) from "telling" where "state" = 'waiting'),
        (select min("endsAt") from "silence" where "state" = 'active'),
        (select min("startsAt") from "silence" where "state" = 'pending')) as "at"`;
    return row?.at === null || row === undefined ? null : Number(row.at);
  },
  async late(before) {
    const rows = await db.sql<Omit<Late, 'count' | 'since'> & { count: string; since: string }>`
      select "channel", count(*) as "count", min("createdAt") as "since", (array_agg("reason" order by "seq" desc))[1] as "reason" from "telling"
      where "state" = 'waiting' and "why" <> 'changed' and "attempts" > 0 and "createdAt" < ${before} group by "channel" order by "channel"`;
    return rows.map(({ count, since, ...row }) => ({ ...row, count: Number(count), since: Number(since) }));
  },
  async forget(before) {
    const gone = await db.sql`delete from "incident" where "state" = 'resolved' and "resolvedAt" < ${before} returning "number"`;
    await db.sql`delete from "silence" where "state" = 'ended' and "endsAt" < ${before}`;
    await db.sql`delete from "oncallOverride" where "to" < ${before}`;
    await db.sql`delete from "message" where "incident" is null and "toldAt" < ${before}`;
    return gone.length;
  },
  async rulesSeen(rowsMax) {
    const rows = await db.sql<Recorded>`select "record" from "incident" order by "number" desc limit ${rowsMax}`;
    const signals = recordsOf(rows).flatMap(({ signals }) => signals.map(({ signal }) => signal));
    const facts = signals.map(({ rule, severity, subject, labels }) => ({ rule, severity, subject, ...(labels && { labels }) }));
    return [...new Map(facts.map((fact) => [`${fact.rule.id} ${fact.severity} ${fact.subject.kind}`, fact])).values()];
  },
});
