/** Runs with all that makes them reproducible, and schedules. Outputs are files beside them. */
export const migrations: Readonly<Record<string, string>> = {
  '001-runs': `
    create table "run" (
      "id" text primary key,
      "report" text not null,
      "title" text not null,
      "tenant" text not null,
      "userId" text not null,
      "userName" text not null,
      "via" text not null,
      "state" text not null check ("state" in ('running', 'succeeded', 'failed')),
      "parameters" jsonb not null,
      -- The instant that the run calls now; with it the same data are read again.
      "at" bigint not null,
      "startedAt" bigint not null,
      "endedAt" bigint,
      "failure" jsonb,
      "headline" jsonb not null default '[]',
      "pictures" jsonb not null default '[]',
      -- What was read: from and to of all questions about measurements, and how many questions there were.
      "dataWindow" jsonb,
      "versions" jsonb not null,
      "isolation" jsonb,
      "audience" text
    );
    create index "run_report" on "run" ("report", "startedAt");
    create table "schedule" (
      "id" text primary key,
      "report" text not null,
      "parameters" jsonb not null,
      "cron" text not null,
      "timeZone" text not null,
      "audience" text,
      "userId" text not null,
      "userName" text not null,
      "scopes" jsonb,
      "tenant" text not null,
      "createdAt" bigint not null,
      -- The newest instant of the schedule that was answered by a run.
      "lastDueAt" bigint not null,
      "lastJob" text,
      "lastError" text
    );
  `,
  '002-posts': `
    -- Ends of runs that are to be told somewhere; written with the end itself.
    create table "post" (
      "run" text primary key references "run" ("id") on delete cascade,
      -- The hub that has the files of the run.
      "hub" text not null,
      "to" text not null,
      "state" text not null default 'waiting' check ("state" in ('waiting', 'taken', 'failed')),
      "attempts" integer not null default 0,
      "createdAt" bigint not null,
      "dueAt" bigint not null,
      -- Somebody has it in hand until then.
      "heldUntil" bigint not null default 0,
      "receipt" text,
      "reason" text
    );
    create index "post_due" on "post" ("dueAt") where "state" = 'waiting';
  `,
};
