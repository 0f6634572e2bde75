import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyIdOf } from '../state/signing-key.ts';
import { canonicalJson } from './canonical.ts';
import { type Checkpoint, checkpointIsSigned, FIRST_HASH, nextHash } from './record.ts';

export interface VerifyOptions {
  /** SPKI PEM; several when several hubs have signed. */
  readonly publicKey: string | readonly string[];
  /** What this machine remembers as the end: a chain that no longer holds it has lost its tail. */
  readonly anchor?: Checkpoint | readonly Checkpoint[] | undefined;
}

export type Verified =
  | { readonly ok: true; readonly entries: number }
  | { readonly ok: false; readonly at: number; readonly reason: string };

interface EntryLine {
  readonly entry: unknown;
  readonly hash: string;
  readonly seq: number;
}

export const entryLine = (seq: number, body: string, hash: string): string =>
  `{"entry":${body},"hash":${JSON.stringify(hash)},"seq":${seq}}`;
export const checkpointLine = (checkpoint: Checkpoint): string => canonicalJson({ checkpoint });

interface Walk {
  seq: number;
  hash: string;
  /** The sequence number of the last entry that a signature covers. */
  signedSeq: number;
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly anchors: Map<number, Checkpoint[]>;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(line: string): { entry: EntryLine } | { checkpoint: Checkpoint } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // One spelling only: a byte more or less, even a blank, is a change.
    if (!isRecord(value) || canonicalJson(value) !== line) return undefined;
    const keys = Object.keys(value).toSorted().join();
    if (keys === 'entry,hash,seq') return { entry: value as unknown as EntryLine };
    if (keys === 'checkpoint' && isRecord(value['checkpoint']) && hasCheckpointShape(value['checkpoint']))
      return { checkpoint: value['checkpoint'] as unknown as Checkpoint };
    return undefined;
  } catch {
    // What is no JSON (or nested beyond reason) is no line of ours; the caller says where.
    return undefined;
  }
}

const hasCheckpointShape = (value: Record<string, unknown>): boolean =>
  Object.keys(value).toSorted().join() === 'at,hash,keyId,seq,signature' &&
  typeof value['signature'] === 'string' &&
  typeof value['keyId'] === 'string';

function stepEntry(walk: Walk, { entry, hash, seq }: EntryLine): string | undefined {
  if (seq !== walk.seq + 1) return `Entry ${walk.seq + 1} is missing or out of order: ${seq} stands in its place.`;
  const expected = nextHash(walk.hash, canonicalJson(entry));
  if (hash !== expected) return `Entry ${seq} was changed: its hash does not follow from its content and the entry before it.`;
  walk.seq = seq;
  walk.hash = hash;
  return meetAnchors(walk);
}

function meetAnchors(walk: Walk): string | undefined {
  const here = walk.anchors.get(walk.seq) ?? [];
  walk.anchors.delete(walk.seq);
  return here.every((anchor) => anchor.hash === walk.hash)
    ? undefined
    : `Entry ${walk.seq} is not the one that this machine remembers: the chain was rewritten.`;
}

function stepCheckpoint(walk: Walk, checkpoint: Checkpoint): string | undefined {
  const key = walk.keys.get(checkpoint.keyId);
  if (key === undefined)
    return `The checkpoint at entry ${walk.seq} is signed with the unknown key ${checkpoint.keyId}. Name that hub's public key too.`;
  if (!checkpointIsSigned(checkpoint, key)) return `The checkpoint at entry ${walk.seq} has no valid signature.`;
  if (checkpoint.seq !== walk.seq || checkpoint.hash !== walk.hash)
    return `The checkpoint for entry ${checkpoint.seq} does not fit the chain: entries were changed, added or removed.`;
  walk.signedSeq = walk.seq;
  return undefined;
}

function checkAnchors(walk: Walk, anchors: readonly Checkpoint[]): string | undefined {
  for (const anchor of anchors) {
    const key = walk.keys.get(anchor.keyId);
    if (key === undefined || !checkpointIsSigned(anchor, key)) return 'The anchor of this machine is damaged: its signature is not valid.';
    if (anchor.seq === 0) continue;
    walk.anchors.set(anchor.seq, [...(walk.anchors.get(anchor.seq) ?? []), anchor]);
  }
  return undefined;
}

function checkEnd(walk: Walk): string | undefined {
  const [unmet] = [...walk.anchors.keys()].toSorted((a, b) => a - b);
  if (unmet !== undefined) return `The tail was cut off: the chain ends at entry ${walk.seq}, this machine remembers entry ${unmet}.`;
  if (walk.signedSeq !== walk.seq) return `The end is not signed: entries after ${walk.seq} may have been cut off.`;
  return undefined;
}

const asList = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** Walks the lines of an export, or those made from the database. Pure: it needs nothing but the lines and the public key. */
export async function verifyAudit(lines: AsyncIterable<string>, options: VerifyOptions): Promise<Verified> {
  const keys = asList(options.publicKey).map((pem) => createPublicKey(pem));
  const walk: Walk = { seq: 0, hash: FIRST_HASH, signedSeq: 0, keys: new Map(keys.map((key) => [keyIdOf(key), key])), anchors: new Map() };
  const damaged = checkAnchors(walk, asList(options.anchor));
  if (damaged !== undefined) return { ok: false, at: 0, reason: damaged };
  for await (const line of lines) {
    const parsed = parse(line);
    const at = walk.seq + 1;
    if (parsed === undefined) return { ok: false, at, reason: `The line after entry ${walk.seq} is no line of an audit export.` };
    const reason = 'entry' in parsed ? stepEntry(walk, parsed.entry) : stepCheckpoint(walk, parsed.checkpoint);
    if (reason !== undefined) return { ok: false, at: 'entry' in parsed ? at : walk.seq, reason };
  }
  const reason = checkEnd(walk);
  return reason === undefined ? { ok: true, entries: walk.seq } : { ok: false, at: walk.seq + 1, reason };
}
