import type { Database, Failure, Via } from 'novacron/plugin';
import type { Isolation } from './runner/isolation.ts';
import { addPost } from './post-store.ts';
import type { ParameterValue } from './runner/parameters.ts';

export type Parameters = Readonly<Record<string, ParameterValue>>;

export interface HeadlineFigure {
  readonly label: string;
  readonly value: string;
  readonly note?: string | undefined;
  readonly tone?: string | undefined;
}

export interface DataWindow {
  readonly from: number | null;
  readonly to: number | null;
  readonly questions: number;
}

export interface Versions {
  readonly hub: string;
  readonly node: string;
  /** SHA-256 of the notebook's file. */
  readonly notebook: string;
}

export interface Run {
  readonly id: string;
  readonly report: string;
  readonly title: string;
  readonly tenant: string;
  readonly userId: string;
  readonly userName: string;
  readonly via: Via;
  readonly state: 'running' | 'succeeded' | 'failed';
  readonly parameters: Parameters;
  readonly at: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly failure: Failure | null;
  readonly headline: readonly HeadlineFigure[];
  /** The files are `picture-1.png` and so on, in this order. */
  readonly pictures: readonly { readonly title: string; readonly alt: string }[];
  readonly dataWindow: DataWindow | null;
  readonly versions: Versions;
  readonly isolation: Isolation | null;
  readonly audience: string | null;
}

export interface Schedule {
  readonly id: string;
  readonly report: string;
  readonly parameters: Parameters;
  readonly cron: string;
  readonly timeZone: string;
  readonly audience: string | null;
  readonly userId: string;
  readonly userName: string;
  readonly scopes: readonly string[] | null;
  readonly tenant: string;
  readonly createdAt: number;
  readonly lastDueAt: number;
  readonly lastJob: string | null;
  readonly lastError: string | null;
}

type Raw<T, N extends keyof T, J extends keyof T> = Omit<T, N | J> & { readonly [K in N]: string | number | null } & {
  readonly [K in J]: unknown;
};
type RawRun = Raw<
  Run,
  'at' | 'startedAt' | 'endedAt',
  'parameters' | 'failure' | 'headline' | 'pictures' | 'dataWindow' | 'versions' | 'isolation'
>;
type RawSchedule = Raw<Schedule, 'createdAt' | 'lastDueAt', 'parameters' | 'scopes'>;

const json = (value: unknown): never => (typeof value === 'string' ? JSON.parse(value) : value) as never;
const instant = (value: string | number | null): never => (value === null ? null : Number(value)) as never;

const runOf = (raw: RawRun): Run => ({
  ...raw,
  at: instant(raw.at),
  startedAt: instant(raw.startedAt),
  endedAt: instant(raw.endedAt),
  parameters: json(raw.parameters),
  failure: json(raw.failure),
  headline: json(raw.headline),
  pictures: json(raw.pictures),
  dataWindow: json(raw.dataWindow),
  versions: json(raw.versions),
  isolation: json(raw.isolation),
});

const scheduleOf = (raw: RawSchedule): Schedule => ({
  ...raw,
  createdAt: instant(raw.createdAt),
  lastDueAt: instant(raw.lastDueAt),
  parameters: json(raw.parameters),
  scopes: json(raw.scopes),
});

const text = (value: unknown): string => JSON.stringify(value);

/** The rows of `run` and `schedule`: all SQL of this plugin is here. `tenant` null: of all. */
export class Store {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A run that begins, or begins again after a crash. */
  async begin(run: Run): Promise<void> {
    await this.#db.sql`
      insert into "run" ("id", "report", "title", "tenant", "userId", "userName", "via", "state", "parameters", "at", "startedAt", "versions", "audience")
      values (${run.id}, ${run.report}, ${run.title}, ${run.tenant}, ${run.userId}, ${run.userName}, ${run.via}, 'running', ${text(run.parameters)}::jsonb,
        ${run.at}, ${run.startedAt}, ${text(run.versions)}::jsonb, ${run.audience})
      on conflict ("id") do update set "state" = 'running', "startedAt" = excluded."startedAt", "versions" = excluded."versions"`;
  }

  /** With the end it is kept that it must be told, by the hub that has its files. */
  async end(run: Run, hub: string): Promise<void> {
    await this.#db.transaction(async (db) => {
      await db.sql`
        update "run" set "state" = ${run.state}, "endedAt" = ${run.endedAt}, "failure" = ${text(run.failure)}::jsonb, "headline" = ${text(run.headline)}::jsonb,
          "pictures" = ${text(run.pictures)}::jsonb, "dataWindow" = ${text(run.dataWindow)}::jsonb, "isolation" = ${text(run.isolation)}::jsonb,
          "parameters" = ${text(run.parameters)}::jsonb
        where "id" = ${run.id}`;
      await addPost(db, run, hub);
    });
  }

  async run(id: string): Promise<Run | undefined> {
    return (await this.#db.sql<RawRun>`select * from "run" where "id" = ${id}`).map(runOf)[0];
  }

  /** Newest first. `report` null: of all. */
  async runs(filter: { readonly report: string | null; readonly tenant: string | null; readonly rowsMax: number }): Promise<Run[]> {
    const { report, tenant, rowsMax } = filter;
    const rows = await this.#db.sql<RawRun>`
      select * from "run" where (${report}::text is null or "report" = ${report}) and (${tenant}::text is null or "tenant" = ${tenant})
      order by "startedAt" desc, "id" limit ${rowsMax}`;
    return rows.map(runOf);
  }

  /** Removes runs that are too old or too many; answers their ids, whose files may go. */
  async forget(before: number, { report, keepMax }: { readonly report: string; readonly keepMax: number }): Promise<string[]> {
    const rows = await this.#db.sql<{ id: string }>`
      delete from "run" where "state" <> 'running' and ("startedAt" < ${before} or "id" in
        (select "id" from "run" where "report" = ${report} order by "startedAt" desc, "id" offset ${keepMax}))
      returning "id"`;
    return rows.map(({ id }) => id);
  }

  async schedules(tenant: string | null): Promise<Schedule[]> {
    const rows = await this.#db.sql<RawSchedule>`
      select * from "schedule" where ${tenant}::text is null or "tenant" = ${tenant} order by "createdAt", "id"`;
    return rows.map(scheduleOf);
  }

  async addSchedule(schedule: Schedule): Promise<void> {
    const { id, report, parameters, cron, timeZone, audience, userId, userName, scopes, tenant, createdAt, lastDueAt } = schedule;
    await this.#db.sql`
      insert into "schedule" ("id", "report", "parameters", "cron", "timeZone", "audience", "userId", "userName", "scopes", "tenant", "createdAt", "lastDueAt")
      values (${id}, ${report}, ${text(parameters)}::jsonb, ${cron}, ${timeZone}, ${audience}, ${userId}, ${userName}, ${text(scopes)}::jsonb, ${tenant},
        ${createdAt}, ${lastDueAt})
      on conflict ("id") do nothing`;
  }

  async removeSchedule(id: string, tenant: string | null): Promise<Schedule | undefined> {
    const rows = await this.#db.sql<RawSchedule>`
      delete from "schedule" where "id" = ${id} and (${tenant}::text is null or "tenant" = ${tenant}) returning *`;
    return rows.map(scheduleOf)[0];
  }

  /** Notes that the instant is answered; a later one is never taken back. */
  async answered(id: string, dueAt: number, { job, error }: { readonly job: string | null; readonly error: string | null }): Promise<void> {
    await this.#db.sql`
      update "schedule" set "lastDueAt" = ${dueAt}, "lastJob" = ${job}, "lastError" = ${error} where "id" = ${id} and "lastDueAt" < ${dueAt}`;
  }
}
