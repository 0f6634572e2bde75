/** Incidents, and what is to be told of them. Instants are epoch milliseconds of the hub's clock, which is what they are compared with. */
export const incidentMigrations: Readonly<Record<string, string>> = {
  '101-incidents': `
    create table "ledger" (
      "one" boolean primary key default true check ("one"),
      "lookedAt" bigint not null default 0,
      "lastNumber" integer not null default 0,
      "lastSilence" integer not null default 0
    );
    insert into "ledger" default values;

    create table "incident" (
      "number" integer primary key,
      "root" text not null,
      "state" text not null,
      "tenant" text,
      "openedAt" bigint not null,
      "resolvedAt" bigint,
      -- When time alone changes it next.
      "dueAt" bigint,
      "record" jsonb not null
    );
    create index "incident_root" on "incident" ("root", "resolvedAt");
    create index "incident_due" on "incident" ("dueAt") where "dueAt" is not null;
    create index "incident_open" on "incident" ("number") where "state" <> 'resolved';
    create index "incident_opened" on "incident" ("openedAt");
    -- The newest incident that holds a signal.
    create table "incidentSignal" (
      "key" text primary key,
      "incident" integer not null references "incident" on delete cascade
    );
    create index "incidentSignal_incident" on "incidentSignal" ("incident");

    create table "timeline" (
      "id" bigint generated always as identity primary key,
      "incident" integer not null references "incident" on delete cascade,
      "key" text,
      "at" bigint not null,
      "kind" text not null,
      "text" text not null,
      "actor" text,
      "tenant" text,
      "values" jsonb not null,
      unique ("incident", "key")
    );

    create table "silence" (
      "id" text primary key,
      "key" text unique,
      "state" text not null,
      "tenant" text,
      "startsAt" bigint not null,
      "endsAt" bigint not null,
      "silence" jsonb not null
    );
    create index "silence_going" on "silence" ("endsAt") where "state" <> 'ended';

    create table "oncallOverride" (
      "id" text primary key,
      "seq" bigint generated always as identity,
      "rotation" text not null,
      "person" text not null,
      "by" text not null,
      "from" bigint not null,
      "to" bigint not null
    );
    create index "oncallOverride_to" on "oncallOverride" ("to");

    -- One message to one place: what its channel returned, and when.
    create table "message" (
      "key" text primary key,
      "incident" integer references "incident" on delete cascade,
      "receipt" text,
      "toldAt" bigint
    );
    create table "telling" (
      "id" text primary key,
      "seq" bigint generated always as identity,
      "message" text not null references "message" on delete cascade,
      "incident" integer,
      "silence" text,
      "why" text not null,
      "channel" text not null,
      "to" text not null,
      "person" text,
      "state" text not null default 'waiting' check ("state" in ('waiting', 'taken', 'failed', 'moot')),
      "dueAt" bigint not null,
      "createdAt" bigint not null,
      -- Until then somebody has it in hand.
      "heldUntil" bigint not null default 0,
      "attempts" integer not null default 0,
      "asked" integer not null default 1,
      "endedAt" bigint,
      "receipt" text,
      "reason" text
    );
    create index "telling_waiting" on "telling" ("dueAt") where "state" = 'waiting';
    create index "telling_message" on "telling" ("message", "seq") where "state" = 'waiting';
    create index "telling_incident" on "telling" ("incident", "seq");
  `,
  '102-ledger': `
    -- The hub by whose clock the ledger's instant is.
    alter table "ledger" add column "lookedBy" text;
  `,
};
