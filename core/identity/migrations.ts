import type { Migration } from '../state/migrate.ts';

export const identityMigrations: readonly Migration[] = [
  {
    name: 'identity-1-users',
    sql: `
      create table "user" (
        id text primary key, name text not null constraint user_name_key unique check (name = lower(name)), "displayName" text not null,
        kind text not null check (kind in ('person', 'service')),
        role text not null check (role in ('viewer', 'operator', 'tenant-admin', 'admin')),
        tenant text not null, "passwordHash" text, "createdAt" bigint not null, "disabledAt" bigint
      );
      create table session (
        id text primary key, "userId" text not null references "user", "createdAt" bigint not null, "revokedAt" bigint, "revokedFor" text
      );
      create index session_of_user on session ("userId");
      create table "refreshToken" (
        hash text primary key, "sessionId" text not null references session on delete cascade,
        "createdAt" bigint not null, "expiresAt" bigint not null, "usedAt" bigint
      );
      create index refresh_token_session on "refreshToken" ("sessionId");
      create index refresh_token_expires on "refreshToken" ("expiresAt");
      create table "apiToken" (
        id text primary key, "userId" text not null references "user", name text not null, hash text not null unique, scopes jsonb,
        "createdAt" bigint not null, "expiresAt" bigint, "lastUsedAt" bigint, "revokedAt" bigint
      );
      create index api_token_user on "apiToken" ("userId");
      create table "oneTimeCode" (
        hash text primary key, purpose text not null check (purpose in ('sign-in', 'link-chat')), "userId" text not null references "user",
        "createdAt" bigint not null, "expiresAt" bigint not null, "usedAt" bigint
      );
      create table "chatLink" (
        workspace text not null, "chatUserId" text not null, "userId" text not null references "user", "createdAt" bigint not null,
        primary key (workspace, "chatUserId")
      );
      create table attempt (subject text primary key, attempts int not null, "firstAt" bigint not null, "blockedUntil" bigint not null);
      create table "tokenKey" ("keyId" text primary key, "publicPem" text not null, "createdAt" bigint not null);`,
  },
];
