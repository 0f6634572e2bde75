import type { Database } from 'novacron/plugin';

/** Which message shows which job; survives a restart of the hub. */
export interface JobMessage {
  readonly jobId: string;
  readonly workspace: string;
  readonly channel: string | null;
  readonly threadTs: string | null;
  /** `null` until Slack has taken the message. */
  readonly ts: string | null;
  /** Chat user id of the person who asked, or who confirmed what another had asked for. */
  readonly user: string;
  readonly confirmed: boolean;
  /** What the call named, for the buttons at the end: ids by kind. */
  readonly things: Readonly<Record<string, string>>;
  /** The hub that looks after it; absent: this one. */
  readonly hub?: string | null;
}

export const migrations = {
  '001-job-message': `
    create table job_message (
      job_id text primary key,
      workspace text not null,
      channel text,
      thread_ts text,
      ts text,
      chat_user text not null,
      things jsonb not null,
      created_at timestamptz not null default now(),
      ended_at timestamptz
    );
    create index job_message_open on job_message (created_at) where ended_at is null;
    create table position (name text primary key, event_cursor bigint not null);
  `,
  '002-confirmed': 'alter table job_message add column confirmed boolean not null default false',
  // Of several hubs the one that looks after the message; null: from before there were several.
  '004-hub': 'alter table job_message add column hub text',
};

export interface JobStore {
  /** False when the job has a message already. */
  add(message: JobMessage): Promise<boolean>;
  place(jobId: string, at: { readonly channel: string; readonly threadTs: string | null; readonly ts: string }): Promise<void>;
  end(jobId: string): Promise<void>;
  /** Those that this hub looks after. */
  open(workspace: string): Promise<readonly JobMessage[]>;
  /** Open ones that another hub looks after, or did. */
  ofOthers(workspace: string): Promise<readonly JobMessage[]>;
  /** Makes it this hub's; false when another one was faster. */
  takeOver(message: JobMessage): Promise<boolean>;
  forgetOld(): Promise<void>;
  cursor(): Promise<number | undefined>;
  setCursor(cursor: number): Promise<void>;
}

interface Row {
  readonly job_id: string;
  readonly workspace: string;
  readonly channel: string | null;
  readonly thread_ts: string | null;
  readonly ts: string | null;
  readonly chat_user: string;
  readonly confirmed: boolean;
  readonly things: Record<string, string>;
  readonly hub: string | null;
}

const OPEN_MAX = 1_000;
const OTHERS_MAX = 50;

const toMessage = (row: Row): JobMessage => ({
  jobId: row.job_id,
  workspace: row.workspace,
  channel: row.channel,
  threadTs: row.thread_ts,
  ts: row.ts,
  user: row.chat_user,
  confirmed: row.confirmed,
  things: row.things,
  hub: row.hub,
});

export const createJobStore = (db: Database, hub: string): JobStore => ({
  async add({ jobId, workspace, channel, threadTs, ts, user, confirmed, things }) {
    const rows = await db.sql`
      insert into job_message (job_id, workspace, channel, thread_ts, ts, chat_user, confirmed, things, hub)
      values (${jobId}, ${workspace}, ${channel}, ${threadTs}, ${ts}, ${user}, ${confirmed}, ${JSON.stringify(things)}, ${hub})
      on conflict (job_id) do nothing returning job_id`;
    return rows.length > 0;
  },
  async place(jobId, { channel, threadTs, ts }) {
    await db.sql`update job_message set channel = ${channel}, thread_ts = ${threadTs}, ts = ${ts} where job_id = ${jobId}`;
  },
  async end(jobId) {
    await db.sql`update job_message set ended_at = now() where job_id = ${jobId}`;
  },
  async open(workspace) {
    const rows = await db.sql<Row>`
      select job_id, workspace, channel, thread_ts, ts, chat_user, confirmed, things, hub from job_message
      where ended_at is null and workspace = ${workspace} and (hub = ${hub} or hub is null) order by created_at desc limit ${OPEN_MAX}`;
    return rows.map(toMessage);
  },
  async ofOthers(workspace) {
    const rows = await db.sql<Row>`
      select job_id, workspace, channel, thread_ts, ts, chat_user, confirmed, things, hub from job_message
      where ended_at is null and workspace = ${workspace} and hub <> ${hub} order by created_at limit ${OTHERS_MAX}`;
    return rows.map(toMessage);
  },
  async takeOver({ jobId, hub: before }) {
    const rows = await db.sql`
      update job_message set hub = ${hub} where job_id = ${jobId} and hub = ${before} and ended_at is null returning job_id`;
    return rows.length > 0;
  },
  async forgetOld() {
    await db.sql`delete from job_message where created_at < now() - interval '30 days'`;
  },
  async cursor() {
    const [row] = await db.sql<{ event_cursor: string | number }>`select event_cursor from position where name = ${`jobs ${hub}`}`;
    return row && Number(row.event_cursor);
  },
  async setCursor(cursor) {
    await db.sql`
      insert into position (name, event_cursor) values (${`jobs ${hub}`}, ${cursor})
      on conflict (name) do update set event_cursor = excluded.event_cursor`;
  },
});
