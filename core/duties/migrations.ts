export const dutyMigrations = [
  {
    name: 'duties-1',
    sql: `
      create table duty (
        name text primary key,
        -- The data folder that has it, and the very process: a hub that was started again may go on at once.
        hub text not null,
        holder text not null,
        -- By the clock of the database: those of hubs differ.
        until timestamptz not null,
        -- Grows when another process gets it.
        term bigint not null
      );
    `,
  },
  {
    name: 'duties-2',
    sql: `
      -- No two terms have the same number, whatever was pruned meanwhile: a fence of an old one never opens again.
      create sequence duty_term;
      select setval('duty_term', (select coalesce(max(term), 0) + 1 from duty), false);
    `,
  },
] as const;
