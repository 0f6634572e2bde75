import type { Migration } from '../state/migrate.ts';

/**
 * `publish_events` gives out cursors under a lock that ends with the transaction: so cursors become visible in their order, and whoever
 * has read up to 5 will never find a 4 later. The bigserial alone does not promise that.
 */
export const eventMigrations: readonly Migration[] = [
  {
    name: 'events-1-stream',
    sql: `
      create table event (
        cursor bigserial primary key, at bigint not null, type text not null, tenant text, data json not null
      );
      create function publish_events(hub text, ats bigint[], types text[], tenants text[], bodies text[])
      returns table (cursor bigint) language plpgsql as $$
        declare newest bigint;
        begin
          perform pg_advisory_xact_lock(hashtext('novacron.events'));
          for i in 1 .. cardinality(bodies) loop
            insert into core.event (at, type, tenant, data) values (ats[i], types[i], tenants[i], bodies[i]::json)
              returning core.event.cursor into newest;
            cursor := newest;
            return next;
          end loop;
          perform pg_notify('novacron_events', hub || ' ' || newest);
        end $$;`,
  },
];
