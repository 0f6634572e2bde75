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
] as const;
