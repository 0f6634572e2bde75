export const actionMigrations = [
  {
    name: 'actions-1',
    sql: `
      create table confirmation (
        "tokenHash" text primary key,
        action text not null,
        input jsonb not null,
        "inputHash" text not null,
        target jsonb not null,
        risk text not null,
        plan jsonb not null,
        "planHash" text not null,
        asks text not null,
        actor jsonb not null,
        via text not null,
        "callKey" text,
        "expiresAt" timestamptz not null,
        "endedAt" timestamptz,
        "endedBy" text
      );
      create index confirmation_expiry on confirmation ("expiresAt");
    `,
  },
] as const;
