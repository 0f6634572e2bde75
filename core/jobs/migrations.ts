export const jobMigrations = [
  {
    name: 'jobs-1',
    sql: `
      create table job (
        id uuid primary key,
        seq bigint generated always as identity,
        action text not null,
        plugin text not null,
        title text not null,
        input jsonb not null,
        actor jsonb not null,
        "actorId" text not null,
        via text not null,
        target jsonb not null,
        "targetKind" text,
        "targetId" text,
        tenant text,
        "queueKey" text,
        "callKey" text,
        "confirmedBy" text,
        state jsonb not null,
        "stateIs" text not null,
        executor text not null,
        "cancelledBy" text,
        "createdAt" timestamptz not null,
        "startedAt" timestamptz,
        "endedAt" timestamptz,
        unique ("actorId", action, "callKey")
      );
      create index job_queue on job ("queueKey", seq) where "endedAt" is null;
      create index job_open on job (executor) where "endedAt" is null;
      create index job_target on job ("targetKind", "targetId", seq desc);
      create index job_seq on job (seq desc);
      create index job_ended on job ("endedAt");
    `,
  },
] as const;
