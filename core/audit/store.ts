import { sql } from 'kysely';
import type { State } from '../state/state.ts';
import { type AuditEntry, type AuditRecord, type Checkpoint, columnsOf } from './record.ts';
import type { AuditKeyTable, AuditTable } from './tables.ts';

/** The statements of the audit; nothing else reads or writes its tables. */

export interface Position {
  readonly seq: number;
  readonly hash: string;
}

export async function insertEntries(
  state: State,
  entries: readonly { entry: AuditEntry; at: number; body: string }[],
): Promise<Position[]> {
  const columns = JSON.stringify(entries.map(({ entry, at }) => columnsOf(entry, at)));
  const bodies = entries.map(({ body }) => body);
  const { rows } = await sql<Position>`select seq, hash from core.append_audit(${columns}::jsonb, ${bodies}::text[])`.execute(state.db);
  return rows;
}

export interface AuditFilter {
  readonly from?: number;
  readonly to?: number;
  readonly actorId?: string;
  /** Exact, or with `*` at the end: `vm.*`. */
  readonly action?: string;
  readonly event?: AuditEntry['event'];
  readonly target?: { readonly kind: string; readonly id: string };
  /** The tenant of the target, else of the actor. */
  readonly tenant?: string;
  readonly jobId?: string;
  /** Only entries with a smaller number: the next page. */
  readonly before?: number;
  /** Default 100, at most 1,000. */
  readonly rowsMax?: number;
}

const ROWS_MAX = 1_000;

const toRecord = ({ seq, hash, body }: Pick<AuditTable, 'seq' | 'hash' | 'body'>): AuditRecord => ({
  ...(JSON.parse(body) as Omit<AuditRecord, 'seq' | 'hash'>),
  seq,
  hash,
});

const likePrefix = (pattern: string): string => `${pattern.slice(0, -1).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

/** Newest first. */
export async function selectRecords(state: State, filter: AuditFilter): Promise<AuditRecord[]> {
  const { from, to, actorId, action, event, target, tenant, jobId, before } = filter;
  let query = state.db.selectFrom('audit').select(['seq', 'hash', 'body']);
  if (from !== undefined) query = query.where('at', '>=', from);
  if (to !== undefined) query = query.where('at', '<', to);
  if (actorId !== undefined) query = query.where('actorId', '=', actorId);
  if (action !== undefined)
    query = action.endsWith('*') ? query.where('action', 'like', likePrefix(action)) : query.where('action', '=', action);
  if (event !== undefined) query = query.where('event', '=', event);
  if (target !== undefined) query = query.where('targetKind', '=', target.kind).where('targetId', '=', target.id);
  if (tenant !== undefined) query = query.where('tenant', '=', tenant);
  if (jobId !== undefined) query = query.where('jobId', '=', jobId);
  if (before !== undefined) query = query.where('seq', '<', before);
  const rowsMax = Math.min(Math.max(filter.rowsMax ?? 100, 1), ROWS_MAX);
  return (await query.orderBy('seq', 'desc').limit(rowsMax).execute()).map(toRecord);
}

export async function* selectRows(state: State): AsyncGenerator<AuditTable> {
  for (let after = -1; ;) {
    const rows = await state.db.selectFrom('audit').selectAll().where('seq', '>', after).orderBy('seq').limit(ROWS_MAX).execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_MAX) return;
    after = last.seq;
  }
}

export async function selectCheckpoints(state: State): Promise<Map<number, Checkpoint[]>> {
  const rows = await state.db.selectFrom('auditCheckpoint').selectAll().orderBy('seq').orderBy('keyId').execute();
  return Map.groupBy(rows, ({ seq }) => seq);
}

export async function insertCheckpoint(state: State, checkpoint: Checkpoint): Promise<void> {
  await state.db
    .insertInto('auditCheckpoint')
    .values(checkpoint)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function insertKey(state: State, key: AuditKeyTable): Promise<void> {
  await state.db
    .insertInto('auditKey')
    .values(key)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function selectPublicKeys(state: State): Promise<string[]> {
  return (await state.db.selectFrom('auditKey').select('publicPem').execute()).map(({ publicPem }) => publicPem);
}

export async function hasPosition(state: State, { seq, hash }: Position): Promise<boolean> {
  if (seq === 0) return true;
  const row = await state.db.selectFrom('audit').select('hash').where('seq', '=', seq).executeTakeFirst();
  return row?.hash === hash;
}
