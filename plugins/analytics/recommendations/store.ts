import type { Database } from 'novacron/plugin';
import type { KeptRecommendation, Measured, Recommendation, RecommendationState } from './recommendation.ts';

/** What was decided stays: the record of hits and misses is made of it. */
export const recommendationMigrations = {
  '010-recommendation': `
    create table "recommendation" (
      "number" serial primary key,
      "key" text not null,
      "state" text not null check ("state" in ('open', 'dismissed', 'gone', 'applied', 'kept', 'missed')),
      "kind" text not null,
      "tenant" text,
      "body" jsonb not null,
      "openedAt" bigint not null,
      "decidedAt" bigint,
      "decidedBy" text,
      "jobId" text,
      "measured" jsonb
    );
    -- One open advice for a thing, also when two hubs look at once.
    create unique index "recommendation_open" on "recommendation" ("key") where "state" in ('open', 'applied');
  `,
} as const;

interface Row {
  readonly number: number;
  readonly state: RecommendationState;
  readonly body: string | Recommendation;
  readonly openedAt: string;
  readonly decidedAt: string | null;
  readonly decidedBy: string | null;
  readonly jobId: string | null;
  readonly measured: string | Measured | null;
}

const fromJson = <T>(value: string | T): T => (typeof value === 'string' ? (JSON.parse(value) as T) : value);

const fromRow = ({ number, state, body, openedAt, decidedAt, decidedBy, jobId, measured }: Row): KeptRecommendation => ({
  ...fromJson<Recommendation>(body),
  id: `REC-${number}`,
  state,
  openedAt: Number(openedAt),
  decidedAt: decidedAt === null ? null : Number(decidedAt),
  decidedBy,
  jobId,
  measured: measured === null ? null : fromJson<Measured>(measured),
});

const numberOf = (id: string): number => Number(/^REC-(\d{1,9})$/i.exec(id)?.[1] ?? -1);

export interface Decision {
  readonly state: RecommendationState;
  readonly at: number;
  readonly by: string | null;
  readonly jobId?: string;
}

/** All SQL of recommendations. */
export interface RecommendationStore {
  get(id: string): Promise<KeptRecommendation | undefined>;
  /** The newest first; `tenant` null: of all, and of hosts, which belong to none. */
  list(filter: {
    readonly states: readonly RecommendationState[];
    readonly tenant: string | null;
    readonly rowsMax: number;
  }): Promise<KeptRecommendation[]>;
  /** Opens advice, or renews what is open under its key; what a person dismissed since `dismissedAfter` is not opened again. */
  offer(found: Recommendation, at: { readonly now: number; readonly dismissedAfter: number }): Promise<void>;
  /** Takes it from one of these states to another; false: it was in none of them any more. */
  decide(id: string, from: readonly RecommendationState[], decision: Decision): Promise<boolean>;
  measure(id: string, state: 'kept' | 'missed', measured: Measured): Promise<void>;
  /** How many of each kind were kept, missed, dismissed. */
  record(tenant: string | null): Promise<{ kind: string; kept: number; missed: number; dismissed: number }[]>;
}

export function createRecommendationStore(db: Database): RecommendationStore {
  return {
    async get(id) {
      const rows = await db.sql<Row>`select * from "recommendation" where "number" = ${numberOf(id)}`;
      return rows.map(fromRow)[0];
    },
    async list({ states, tenant, rowsMax }) {
      const rows = await db.sql<Row>`
        select * from "recommendation"
        where "state" = any(${[...states]}) and (${tenant}::text is null or "tenant" = ${tenant})
        order by "number" desc limit ${rowsMax}`;
      return rows.map(fromRow);
    },
    async offer(found, { now, dismissedAfter }) {
      const body = JSON.stringify(found);
      await db.sql`
        insert into "recommendation" ("key", "state", "kind", "tenant", "body", "openedAt")
        select ${found.key}, 'open', ${found.kind}, ${found.subject.tenant}, ${body}::jsonb, ${now}
        where not exists (
          select 1 from "recommendation" where "key" = ${found.key} and "state" = 'dismissed' and "decidedAt" > ${dismissedAfter}
        )
        on conflict ("key") where "state" in ('open', 'applied') do update set "body" = excluded."body" where "recommendation"."state" = 'open'`;
    },
    async decide(id, from, { state, at, by, jobId = null }) {
      const rows = await db.sql`
        update "recommendation" set "state" = ${state}, "decidedAt" = ${at}, "decidedBy" = ${by}, "jobId" = coalesce(${jobId}, "jobId")
        where "number" = ${numberOf(id)} and "state" = any(${[...from]}) returning "number"`;
      return rows.length > 0;
    },
    async measure(id, state, measured) {
      await db.sql`
        update "recommendation" set "state" = ${state}, "measured" = ${JSON.stringify(measured)}::jsonb
        where "number" = ${numberOf(id)} and "state" = 'applied'`;
    },
    async record(tenant) {
      const rows = await db.sql<{ kind: string; kept: string; missed: string; dismissed: string }>`
        select "kind", count(*) filter (where "state" = 'kept') as "kept", count(*) filter (where "state" = 'missed') as "missed",
          count(*) filter (where "state" = 'dismissed') as "dismissed"
        from "recommendation"
        where "state" in ('kept', 'missed', 'dismissed') and (${tenant}::text is null or "tenant" = ${tenant})
        group by "kind" order by "kind"`;
      return rows.map(({ kind, ...counts }) => ({
        kind,
        kept: Number(counts.kept),
        missed: Number(counts.missed),
        dismissed: Number(counts.dismissed),
      }));
    },
  };
}
