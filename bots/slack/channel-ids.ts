import type { Database } from 'novacron/plugin';

/** Ids of channels by what people call them: Slack posts by name, but reads and edits by id only, which it tells when it has posted. */
export interface ChannelIds {
  get(name: string): Promise<string | undefined>;
  set(name: string, id: string): Promise<void>;
}

export const channelIdMigrations = {
  '003-channel-id': 'create table channel_id (name text primary key, id text not null)',
};

export function createChannelIds(db: Database): ChannelIds {
  const known = new Map<string, string>();
  return {
    async get(name) {
      const cached = known.get(name);
      if (cached !== undefined) return cached;
      const [row] = await db.sql<{ id: string }>`select id from channel_id where name = ${name}`;
      if (row) known.set(name, row.id);
      return row?.id;
    },
    async set(name, id) {
      if (known.get(name) === id) return;
      await db.sql`insert into channel_id (name, id) values (${name}, ${id}) on conflict (name) do update set id = excluded.id`;
      known.set(name, id);
    },
  };
}
