import type { Migration } from '../state/migrate.ts';

/**
 * `append_audit` does all in one round trip: takes the lock that puts hubs in line, continues the chain, inserts. The lock ends with the
 * transaction, so the order of the chain is the order of the commits.
 */
export const auditMigrations: readonly Migration[] = [
  {
    name: 'audit-1-chain',
    sql: `
      create table audit (
        seq bigint primary key, at bigint not null, event text not null, action text not null,
        "actorId" text, tenant text, "targetKind" text, "targetId" text, "jobId" text,
        body text not null, hash text not null
      );
      create index audit_at on audit (at);
      create index audit_actor on audit ("actorId", seq);
      create index audit_target on audit ("targetKind", "targetId", seq);
      create index audit_job on audit ("jobId") where "jobId" is not null;
      create table "auditCheckpoint" (
        seq bigint not null, "keyId" text not null, at bigint not null, hash text not null, signature text not null,
        primary key (seq, "keyId")
      );
      create table "auditKey" ("keyId" text primary key, "publicPem" text not null, at bigint not null);

      create function refuse_change() returns trigger language plpgsql as $$
        begin raise exception 'The audit is append-only.' using errcode = 'insufficient_privilege'; end $$;
      create trigger append_only before update or delete or truncate on audit for each statement execute function refuse_change();
      create trigger append_only before update or delete or truncate on "auditCheckpoint" for each statement execute function refuse_change();

      create function append_audit(entries jsonb, bodies text[]) returns table (seq bigint, hash text) language plpgsql as $$
        declare
          last_seq bigint := 0;
          last_hash text := repeat('0', 64);
          entry jsonb;
        begin
          perform pg_advisory_xact_lock(hashtext('novacron.audit'));
          select a.seq, a.hash into last_seq, last_hash from core.audit a order by a.seq desc limit 1;
          last_seq := coalesce(last_seq, 0);
          last_hash := coalesce(last_hash, repeat('0', 64));
          for i in 1 .. cardinality(bodies) loop
            entry := entries -> (i - 1);
            last_seq := last_seq + 1;
            last_hash := encode(sha256(convert_to(last_hash || bodies[i], 'UTF8')), 'hex');
            insert into core.audit values (
              last_seq, (entry ->> 'at')::bigint, entry ->> 'event', entry ->> 'action', entry ->> 'actorId', entry ->> 'tenant',
              entry ->> 'targetKind', entry ->> 'targetId', entry ->> 'jobId', bodies[i], last_hash
            );
            seq := last_seq;
            hash := last_hash;
            return next;
          end loop;
        end $$;`,
  },
];
