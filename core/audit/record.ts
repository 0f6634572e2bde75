import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import type { Json, Via } from '../contract.ts';
import { canonicalJson } from './canonical.ts';
import { redact } from './redact.ts';

export type AuditEvent = 'started' | 'succeeded' | 'failed' | 'cancelled' | 'undone' | 'denied' | 'unconfirmed' | 'declined' | 'identity';

export interface AuditEntry {
  readonly event: AuditEvent;
  readonly actor: { readonly id: string; readonly name: string; readonly tenant: string } | null;
  readonly via: Via;
  /** Action id, or for `identity` what happened: `user.sign-in`. */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name: string; readonly tenant: string | null } | null;
  readonly jobId: string | null;
  /** Secrets in it are replaced before it is written. */
  readonly input: Json;
  readonly code: string | null;
  readonly message: string | null;
}

export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Hex SHA-256 of the hash before it and the canonical JSON of this record without `seq` and `hash`. */
  readonly hash: string;
}

export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
  readonly keyId: string;
  readonly signature: string;
}

/** The columns that repeat parts of the body, to search by. NUL, which PostgreSQL cannot store, becomes U+FFFD. */
export function columnsOf(entry: Omit<AuditEntry, 'input'>, at: number) {
  const plain = (text: string | null | undefined): string | null => text?.toWellFormed().replaceAll('\0', '\uFFFD') ?? null;
  return {
    at,
    event: entry.event,
    action: plain(entry.action) ?? '',
    actorId: plain(entry.actor?.id),
    tenant: plain(entry.target?.tenant ?? entry.actor?.tenant),
    targetKind: plain(entry.target?.kind),
    targetId: plain(entry.target?.id),
    jobId: plain(entry.jobId),
  };
}

export const FIRST_HASH = '0'.repeat(64);

export const nextHash = (hash: string, body: string): string => createHash('sha256').update(hash).update(body).digest('hex');

/** The text that is hashed. The entry's input comes in redacted: what is never written cannot leak. */
export function bodyOf(entry: AuditEntry, at: number): string {
  const { event, actor, via, action, target, jobId, input, code, message } = entry;
  return canonicalJson({
    at,
    event,
    actor: actor && { id: actor.id, name: actor.name, tenant: actor.tenant },
    via,
    action,
    target: target && { kind: target.kind, id: target.id, name: target.name, tenant: target.tenant },
    jobId,
    input: redact(input),
    code,
    message: redact(message),
  });
}

const signedPart = ({ seq, hash, at, keyId }: Omit<Checkpoint, 'signature'>): Buffer =>
  Buffer.from(canonicalJson({ seq, hash, at, keyId }));

export function signCheckpoint(unsigned: Omit<Checkpoint, 'signature'>, privateKey: KeyObject): Checkpoint {
  return { ...unsigned, signature: sign(null, signedPart(unsigned), privateKey).toString('base64url') };
}

export function checkpointIsSigned(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  const signature = Buffer.from(checkpoint.signature, 'base64url');
  // Base64 has spare bits at its end: only the one proper spelling counts, so that no byte of it can be changed unnoticed.
  return signature.toString('base64url') === checkpoint.signature && verify(null, signedPart(checkpoint), publicKey, signature);
}
