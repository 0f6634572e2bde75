/** The inventory: what the hub recorded of each VM. It can be rebuilt from the hosts, except who asked for what. */
export const migrations: Readonly<Record<string, string>> = {
  '001-vm': `
    create table "vm" (
      "id" text primary key,
      "host" text not null,
      "tenant" text not null,
      "name" text not null,
      "domainName" text not null,
      "state" text not null check ("state" in ('reserved', 'present', 'trashed', 'missing')),
      "vcpus" integer not null,
      "memoryBytes" bigint not null,
      "disks" jsonb not null,
      -- Epoch milliseconds until which a job, not the reconciler, decides about this row; null: nobody.
      "heldUntil" bigint
    );
    -- What makes two creates of one name at once impossible. A VM in the trash has given its name back.
    create unique index "vm_name" on "vm" ("tenant", "name") where "state" <> 'trashed';
  `,
};
