import { HubError, type Database } from 'novacron/plugin';
import type { Decision, ScalingPolicy, Stage } from './policy.ts';

export const scalingMigrations = {
  '020-scaling': `
    create table "scalingPolicy" (
      "name" text not null,
      "tenant" text not null,
      "stage" text not null check ("stage" in ('shadow', 'ask', 'act')),
      "body" jsonb not null,
      "stageAt" bigint not null,
      primary key ("tenant", "name")
    );
    create table "scalingDecision" (
      "tenant" text not null,
      "policy" text not null,
      "vm" text not null,
      "at" bigint not null,
      "dueAt" bigint not null,
      "chance" double precision not null,
      "wouldAct" boolean not null,
      "overloaded" boolean,
      -- When it was taken back; null: not, or there was nothing to take back.
      "undoneAt" bigint,
      "jobId" text,
      primary key ("tenant", "policy", "vm", "at"),
      foreign key ("tenant", "policy") references "scalingPolicy" ("tenant", "name") on delete cascade
    );
    create index "scalingDecision_due" on "scalingDecision" ("dueAt") where "overloaded" is null;
  `,
  '021-scaling-blind': `
    -- Its horizon is over and nothing was measured in it.
    alter table "scalingDecision" add column "isBlind" boolean not null default false;
  `,
} as const;

type PolicyBody = Omit<ScalingPolicy, 'stage' | 'name' | 'tenant'>;

interface PolicyRow {
  readonly name: string;
  readonly tenant: string;
  readonly stage: Stage;
  readonly body: string | PolicyBody;
}

export interface KeptDecision extends Decision {
  readonly tenant: string;
  readonly jobId: string | null;
  readonly undoneAt: number | null;
}

type DecisionRow = Omit<KeptDecision, 'at' | 'dueAt' | 'undoneAt'> & {
  readonly at: string;
  readonly dueAt: string;
  readonly undoneAt: string | null;
};

const toPolicy = ({ name, tenant, stage, body }: PolicyRow): ScalingPolicy => ({
  ...(typeof body === 'string' ? (JSON.parse(body) as PolicyBody) : body),
  name,
  tenant,
  stage,
});

const toDecision = (row: DecisionRow): KeptDecision => ({
  ...row,
  at: Number(row.at),
  dueAt: Number(row.dueAt),
  undoneAt: row.undoneAt === null ? null : Number(row.undoneAt),
});

/** How far back a policy is judged: an old mistake must not haunt it for ever. */
const RECORD_MAX = 2_000;

export interface ScalingStore {
  /** `tenant` null: of all. */
  policies(tenant: string | null): Promise<ScalingPolicy[]>;
  /** HubError `scaling_unknown`. */
  policy(tenant: string, name: string): Promise<ScalingPolicy>;
  /** HubError `scaling_name_taken`. */
  create(policy: ScalingPolicy, now: number): Promise<void>;
  setStage(policy: Pick<ScalingPolicy, 'tenant' | 'name'>, stage: Stage, now: number): Promise<void>;
  remove(tenant: string, name: string): Promise<void>;
  /** The same look again changes nothing. */
  decide(decision: Decision & { readonly tenant: string }): Promise<void>;
  /** Decisions whose horizon is over and that nobody judged. */
  due(now: number): Promise<KeptDecision[]>;
  /** `overloaded` null: nothing was measured; it counts for nothing and is not asked for again. */
  judge(decision: KeptDecision, overloaded: boolean | null): Promise<void>;
  /** Done, with its job; taken back. */
  acted(decision: Decision & { readonly tenant: string }, jobId: string): Promise<void>;
  undone(decision: KeptDecision, now: number): Promise<void>;
  /** Actions in force: done and not taken back. */
  inForce(policy: Pick<ScalingPolicy, 'tenant' | 'name'>): Promise<KeptDecision[]>;
  /** The newest of the present stage first. */
  decisions(policy: Pick<ScalingPolicy, 'tenant' | 'name'>): Promise<KeptDecision[]>;
}

export function createScalingStore(db: Database): ScalingStore {
  return {
    async policies(tenant) {
      const rows = await db.sql<PolicyRow>`
        select * from "scalingPolicy" where ${tenant}::text is null or "tenant" = ${tenant} order by "tenant", "name"`;
      return rows.map(toPolicy);
    },
    async policy(tenant, name) {
      const [row] = await db.sql<PolicyRow>`select * from "scalingPolicy" where "tenant" = ${tenant} and "name" = ${name}`;
      if (row) return toPolicy(row);
      throw new HubError('scaling_unknown', `There is no scaling policy '${name}'.`, { status: 404 });
    },
    async create({ name, tenant, stage, ...body }, now) {
      const rows = await db.sql`
        insert into "scalingPolicy" ("name", "tenant", "stage", "body", "stageAt")
        values (${name}, ${tenant}, ${stage}, ${JSON.stringify(body)}::jsonb, ${now})
        on conflict do nothing returning "name"`;
      if (rows.length === 0) throw new HubError('scaling_name_taken', `There is already a scaling policy '${name}'.`, { status: 409 });
    },
    async setStage({ tenant, name }, stage, now) {
      await db.sql`
        update "scalingPolicy" set "stage" = ${stage}, "stageAt" = ${now}
        where "tenant" = ${tenant} and "name" = ${name} and "stage" <> ${stage}`;
    },
    async remove(tenant, name) {
      await db.sql`delete from "scalingPolicy" where "tenant" = ${tenant} and "name" = ${name}`;
    },
    async decide({ tenant, policy, vm, at, dueAt, chance, wouldAct }) {
      await db.sql`
        insert into "scalingDecision" ("tenant", "policy", "vm", "at", "dueAt", "chance", "wouldAct")
        values (${tenant}, ${policy}, ${vm}, ${at}, ${dueAt}, ${chance}, ${wouldAct})
        on conflict do nothing`;
    },
    async due(now) {
      const rows = await db.sql<DecisionRow>`
        select * from "scalingDecision" where "overloaded" is null and not "isBlind" and "dueAt" <= ${now} order by "dueAt" limit 500`;
      return rows.map(toDecision);
    },
    async judge({ tenant, policy, vm, at }, overloaded) {
      await db.sql`
        update "scalingDecision" set "overloaded" = ${overloaded}, "isBlind" = ${overloaded === null}
        where "tenant" = ${tenant} and "policy" = ${policy} and "vm" = ${vm} and "at" = ${at}`;
    },
    async acted({ tenant, policy, vm, at }, jobId) {
      await db.sql`
        update "scalingDecision" set "jobId" = ${jobId}
        where "tenant" = ${tenant} and "policy" = ${policy} and "vm" = ${vm} and "at" = ${at}`;
    },
    async undone({ tenant, policy, vm, at }, now) {
      await db.sql`
        update "scalingDecision" set "undoneAt" = ${now}
        where "tenant" = ${tenant} and "policy" = ${policy} and "vm" = ${vm} and "at" = ${at}`;
    },
    async inForce({ tenant, name }) {
      const rows = await db.sql<DecisionRow>`
        select * from "scalingDecision"
        where "tenant" = ${tenant} and "policy" = ${name} and "jobId" is not null and "undoneAt" is null order by "at"`;
      return rows.map(toDecision);
    },
    async decisions({ tenant, name }) {
      const rows = await db.sql<DecisionRow>`
        select d.* from "scalingDecision" d join "scalingPolicy" p on p."tenant" = d."tenant" and p."name" = d."policy"
        where d."tenant" = ${tenant} and d."policy" = ${name} and d."at" >= p."stageAt" order by d."at" desc limit ${RECORD_MAX}`;
      return rows.map(toDecision);
    },
  };
}
