import type { Database } from 'novacron/plugin';
import type { AnomalousMetric, Anomaly, AnomalyQuery } from '../port.ts';

export const anomalyMigrations = {
  '030-anomaly': `
    create table "anomaly" (
      "number" serial primary key,
      "kind" text not null check ("kind" in ('vm', 'host', 'fleet')),
      "subjectId" text not null,
      "subjectName" text not null,
      "tenant" text,
      "since" bigint not null,
      "foundAt" bigint not null,
      "score" double precision not null,
      "text" text not null,
      "metrics" jsonb not null,
      "members" jsonb not null,
      "state" text not null check ("state" in ('open', 'dismissed')),
      "decidedBy" text,
      "decidedAt" bigint,
      -- How often the like was met, and not reported, since a person said that it is none.
      "metAgain" integer not null default 0,
      -- The same rows give the same findings: read again after a crash, or by a second hub, they are no new ones.
      unique ("kind", "subjectId", "foundAt")
    );
    create index "anomaly_foundAt" on "anomaly" ("foundAt");
  `,
} as const;

interface Row extends Omit<Anomaly, 'id' | 'subject' | 'since' | 'foundAt' | 'metrics' | 'members'> {
  readonly number: number;
  readonly subjectId: string;
  readonly subjectName: string;
  readonly tenant: string | null;
  readonly since: string;
  readonly foundAt: string;
  readonly metrics: string | AnomalousMetric[];
  readonly members: string | { id: string; name: string }[];
}

const fromJson = <T>(value: string | T): T => (typeof value === 'string' ? (JSON.parse(value) as T) : value);

const fromRow = ({ number, subjectId, subjectName, tenant, kind, score, text, state, ...row }: Row): Anomaly => ({
  id: `AN-${number}`,
  kind,
  subject: { id: subjectId, name: subjectName, tenant },
  since: Number(row.since),
  foundAt: Number(row.foundAt),
  score,
  text,
  metrics: fromJson(row.metrics),
  members: fromJson(row.members),
  state,
});

const numberOf = (id: string): number => Number(/^AN-(\d{1,9})$/i.exec(id)?.[1] ?? -1);

const ROWS = 200;
const ROWS_MAX = 1000;
const STATES = ['open', 'dismissed'] as const;

export type NewAnomaly = Omit<Anomaly, 'id' | 'state'>;

/** All SQL of anomalies. */
export interface AnomalyStore {
  get(id: string): Promise<Anomaly | undefined>;
  list(query: AnomalyQuery): Promise<Anomaly[]>;
  /** Undefined when the same finding is there already. */
  insert(found: NewAnomaly): Promise<Anomaly | undefined>;
  /** Writes what has joined an open finding. */
  update(anomaly: Anomaly): Promise<void>;
  /** False: it was dismissed before. */
  dismiss(id: string, by: { readonly at: number; readonly name: string }): Promise<boolean>;
  meetAgain(id: string): Promise<void>;
  forget(before: number): Promise<void>;
}

export function createAnomalyStore(db: Database): AnomalyStore {
  return {
    async get(id) {
      const rows = await db.sql<Row>`select * from "anomaly" where "number" = ${numberOf(id)}`;
      return rows.map(fromRow)[0];
    },
    async list({ targets, tenant, from, to, states = STATES, rowsMax = ROWS }) {
      const only = targets === undefined ? null : [...targets];
      const rows = await db.sql<Row>`
        select * from "anomaly"
        where "foundAt" >= ${from} and "foundAt" < ${to} and "state" = any(${[...states]})
          and (${tenant}::text is null or "tenant" = ${tenant}) and (${only}::text[] is null or "subjectId" = any(${only}))
        order by "foundAt" desc, "number" desc limit ${Math.min(rowsMax, ROWS_MAX)}`;
      return rows.map(fromRow);
    },
    async insert({ kind, subject, since, foundAt, score, text, metrics, members }) {
      const rows = await db.sql<Row>`
        insert into "anomaly" ("kind", "subjectId", "subjectName", "tenant", "since", "foundAt", "score", "text", "metrics", "members", "state")
        values (${kind}, ${subject.id}, ${subject.name}, ${subject.tenant}, ${since}, ${foundAt}, ${score}, ${text},
          ${JSON.stringify(metrics)}::jsonb, ${JSON.stringify(members)}::jsonb, 'open')
        on conflict ("kind", "subjectId", "foundAt") do nothing returning *`;
      return rows.map(fromRow)[0];
    },
    async update({ id, since, score, text, metrics, members }) {
      await db.sql`
        update "anomaly" set "since" = ${since}, "score" = ${score}, "text" = ${text},
          "metrics" = ${JSON.stringify(metrics)}::jsonb, "members" = ${JSON.stringify(members)}::jsonb
        where "number" = ${numberOf(id)} and "state" = 'open'`;
    },
    async dismiss(id, { at, name }) {
      const rows = await db.sql`
        update "anomaly" set "state" = 'dismissed', "decidedAt" = ${at}, "decidedBy" = ${name}
        where "number" = ${numberOf(id)} and "state" = 'open' returning "number"`;
      return rows.length > 0;
    },
    async meetAgain(id) {
      await db.sql`update "anomaly" set "metAgain" = "metAgain" + 1 where "number" = ${numberOf(id)}`;
    },
    async forget(before) {
      // What a person said is kept: it is what was learned.
      await db.sql`delete from "anomaly" where "foundAt" < ${before} and "state" = 'open'`;
    },
  };
}
