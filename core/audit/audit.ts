import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, HubError, type Log } from '../contract.ts';
import { createBatcher } from '../state/batcher.ts';
import { openSigningKey, type SigningKey } from '../state/signing-key.ts';
import type { State } from '../state/state.ts';
import { type Anchor, openAnchor } from './anchor.ts';
import { type AuditEntry, type AuditRecord, bodyOf, type Checkpoint, columnsOf, signCheckpoint } from './record.ts';
import {
  type AuditFilter,
  hasPosition,
  insertCheckpoint,
  insertEntries,
  insertKey,
  type Position,
  selectCheckpoints,
  selectPublicKeys,
  selectRecords,
  selectRows,
} from './store.ts';
import type { AuditTable } from './tables.ts';
import { checkpointLine, entryLine, type Verified, verifyAudit } from './verify.ts';

export type { AuditEntry, AuditRecord } from './record.ts';

export interface AuditOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  readonly dataDir: string;
  /** Default 100. */
  readonly checkpointEntries?: number;
  /** Default 60 s. */
  readonly checkpointIntervalMs?: number;
}

/** Append-only, hash-chained, signed. Several hubs write one chain. */
export interface Audit {
  /** SPKI PEM of the key that this hub signs with; give it to whoever verifies exports. */
  readonly publicKey: string;
  /** Resolves with the number of the entry when it is durable. Rejects with `audit_overloaded` when 10,000 wait. */
  append(entry: AuditEntry): Promise<number>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<AuditRecord[]>;
  /** The whole chain as JSON lines, its last line a signature over the end. */
  exportTo(write: (line: string) => Promise<void>): Promise<void>;
  /** Walks the chain in the database: content, order, signatures, columns, and the end that this machine remembers. */
  verify(): Promise<Verified>;
  /** Signs the newest entry of this hub, when that is not yet signed. */
  checkpoint(): Promise<void>;
  close(): Promise<void>;
}

interface Parts extends AuditOptions {
  readonly key: SigningKey;
  readonly anchor: Anchor;
  /** The newest entry of this hub: only what it wrote itself is signed, never what it merely finds in the database. */
  mine: Position | undefined;
  signedSeq: number;
  unsigned: number;
}

const signed = (parts: Parts, { seq, hash }: Position): Checkpoint =>
  signCheckpoint({ seq, hash, at: parts.clock.now(), keyId: parts.key.id }, parts.key.privateKey);

async function checkpoint(parts: Parts): Promise<void> {
  const { mine } = parts;
  if (mine === undefined || mine.seq <= parts.signedSeq) return;
  parts.unsigned = 0;
  await insertCheckpoint(parts.state, signed(parts, mine));
  parts.signedSeq = Math.max(parts.signedSeq, mine.seq);
}

function checkpointSoon(parts: Parts): void {
  checkpoint(parts).catch((error: unknown) =>
    parts.log.warn({ error }, 'an audit checkpoint could not be written; the next one covers it'),
  );
}

async function write(parts: Parts, items: readonly { entry: AuditEntry; at: number; body: string }[]): Promise<number[]> {
  const positions = await insertEntries(parts.state, items);
  const last = positions.at(-1);
  if (last !== undefined) {
    parts.mine = last;
    parts.unsigned += positions.length;
    parts.anchor.remember(signed(parts, last));
    if (parts.unsigned >= (parts.checkpointEntries ?? 100)) checkpointSoon(parts);
  }
  return positions.map(({ seq }) => seq);
}

const COLUMNS = ['at', 'event', 'action', 'actorId', 'tenant', 'targetKind', 'targetId', 'jobId'] as const;

/** The search columns are outside the hash, so they are compared with the body that is inside. */
function columnsDiffer(row: AuditTable): boolean {
  try {
    const body = JSON.parse(row.body) as AuditEntry & { at: number };
    const expected = columnsOf(body, body.at);
    return COLUMNS.some((column) => row[column] !== expected[column]);
  } catch {
    // A body that is no JSON any more; the walk over the chain says so with its number.
    return false;
  }
}

/** Lines of the chain as they are in the database. With `stop` they end at the first row whose columns say something else than its body. */
async function* linesOf({ state }: Parts, stop?: (seq: number) => void): AsyncGenerator<string> {
  const checkpoints = await selectCheckpoints(state);
  for await (const row of selectRows(state)) {
    if (stop !== undefined && columnsDiffer(row)) {
      stop(row.seq);
      return;
    }
    yield entryLine(row.seq, row.body, row.hash);
    for (const made of checkpoints.get(row.seq) ?? []) yield checkpointLine(made);
    checkpoints.delete(row.seq);
  }
  // Checkpoints of entries that are gone: the walk finds that they do not fit.
  for (const left of checkpoints.values()) yield* left.map(checkpointLine);
}

/** The lines, and at their end, when it has none yet, this hub's signature over what it saw. */
async function* signedLines(parts: Parts, stop?: (seq: number) => void): AsyncGenerator<string> {
  let last = '';
  let lastEntry = '';
  for await (const line of linesOf(parts, stop)) {
    yield line;
    last = line;
    if (line.startsWith('{"entry"')) lastEntry = line;
  }
  const isSigned = last.startsWith('{"checkpoint"') && last.includes(`"keyId":"${parts.key.id}"`);
  if (lastEntry !== '' && !isSigned) yield checkpointLine(signed(parts, JSON.parse(lastEntry) as Position));
}

async function verify(parts: Parts): Promise<Verified> {
  await checkpoint(parts);
  const anchor = parts.anchor.current();
  let differs: number | undefined;
  const lines = signedLines(parts, (seq) => (differs = seq));
  const verified = await verifyAudit(lines, { publicKey: [...(await selectPublicKeys(parts.state)), parts.key.publicPem], anchor });
  if (differs === undefined) return verified;
  return { ok: false, at: differs, reason: `Entry ${differs} was changed: what it is searched by does not fit its content.` };
}

async function exportTo(parts: Parts, writeLine: (line: string) => Promise<void>): Promise<void> {
  // An export of a broken chain is still wanted, as evidence; but then it ends without our signature, and the verifier says where it broke.
  const whole = await verify(parts);
  const lines = whole.ok ? signedLines(parts) : linesOf(parts);
  for await (const line of lines) await writeLine(line);
}

async function checkStart(parts: Parts): Promise<void> {
  const last = parts.anchor.current().at(-1);
  if (last === undefined || (await hasPosition(parts.state, last))) return;
  parts.log.error({ seq: last.seq }, 'the audit has lost its tail: the last entry that this machine remembers is not in the database');
  parts.anchor.keepAsUnmet();
}

export async function createAudit(options: AuditOptions): Promise<Audit> {
  const key = await openSigningKey(options.dataDir, 'audit');
  const anchor = await openAnchor(options.dataDir, (error) => options.log.warn({ error }, 'the audit anchor could not be written'));
  const parts: Parts = { ...options, key, anchor, mine: undefined, signedSeq: 0, unsigned: 0 };
  // For whoever verifies an export elsewhere; it is no secret.
  await writeFile(join(options.dataDir, 'audit-public-key.pem'), key.publicPem);
  await insertKey(options.state, { keyId: key.id, publicPem: key.publicPem, at: options.clock.now() });
  await checkStart(parts);
  const batcher = createBatcher({
    write: (items: readonly { entry: AuditEntry; at: number; body: string }[]) => write(parts, items),
    batchMax: 500,
    queueMax: 10_000,
    overloaded: () =>
      new HubError('audit_overloaded', 'Too many calls wait to be recorded. Try again in a moment.', { status: 503, retryable: true }),
  });
  const timer = setInterval(() => checkpointSoon(parts), options.checkpointIntervalMs ?? 60_000);
  timer.unref();
  return {
    publicKey: key.publicPem,
    async append(entry) {
      const at = options.clock.now();
      return await batcher.add({ entry, at, body: bodyOf(entry, at) });
    },
    list: (filter) => selectRecords(options.state, filter),
    exportTo: (writeLine) => exportTo(parts, writeLine),
    verify: () => verify(parts),
    checkpoint: () => checkpoint(parts),
    async close() {
      clearInterval(timer);
      await batcher.idle();
      await checkpoint(parts);
      await anchor.written();
    },
  };
}
