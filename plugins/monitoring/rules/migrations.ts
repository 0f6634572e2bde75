/** The tables of the rules. */
export const ruleMigrations: Readonly<Record<string, string>> = {
  'rules-001': `
    -- What rules found that is not well. What is well has no row.
    create table "alert_state" (
      "rule" text not null,
      "subject" text not null,
      "thing" jsonb not null,
      "is" text not null check ("is" in ('pending', 'firing')),
      -- Epoch milliseconds, as all instants here.
      "since" bigint not null,
      "clearSince" bigint,
      "blindSince" bigint,
      primary key ("rule", "subject")
    );
    -- When rules were looked at last: what happened in between nobody saw.
    create table "alert_clock" ("one" boolean primary key default true check ("one"), "lookedAt" bigint not null);
    -- Rules that people made. Tenant null: of the whole hub.
    create table "alert_rule" (
      "id" text primary key,
      "tenant" text,
      "name" text not null,
      "rule" jsonb not null,
      "createdBy" text not null,
      "createdAt" bigint not null
    );
    -- Rules of any origin that somebody turned off.
    create table "alert_off" ("rule" text primary key, "by" text not null, "at" bigint not null, "reason" text not null);
  `,
  'rules-002': `
    -- Grows when states are written: another hub sees by it whether there is something to read.
    alter table "alert_clock" add column "version" bigint not null default 0;
  `,
};
