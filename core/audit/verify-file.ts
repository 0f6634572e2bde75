import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { HubError } from '../contract.ts';
import type { AnchorFile } from './anchor.ts';
import type { Checkpoint } from './record.ts';
import { type Verified, verifyAudit } from './verify.ts';

export interface VerifyFileOptions {
  /** An export, as `exportTo` wrote it. */
  readonly file: string;
  /** `audit-public-key.pem` of each hub that wrote the chain. */
  readonly publicKeyFiles: readonly string[];
  /** `audit-anchor.json` of the data folder; without it a tail that was cut at a signature is not noticed. */
  readonly anchorFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new HubError('audit_file_unreadable', `"${file}" cannot be read. Name a file that is there and that you may read.`, {
      status: 400,
      cause,
    });
  }
}

async function anchorsOf(file: string | undefined): Promise<readonly Checkpoint[] | undefined> {
  if (file === undefined) return undefined;
  const text = await readText(file);
  try {
    const { last, unmet } = JSON.parse(text) as AnchorFile;
    return last === null ? unmet : [...unmet, last];
  } catch (cause) {
    throw new HubError('audit_anchor_broken', `"${file}" is no audit anchor. Name the file "audit-anchor.json" of the data folder.`, {
      status: 400,
      cause,
    });
  }
}

const LINE_LENGTH_MAX = 16_000_000;

/** Lines end with LF and nothing else: readline would also break at U+2028, which JSON may hold as it is. */
async function* linesOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', ...(signal === undefined ? {} : { signal }) })) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > LINE_LENGTH_MAX)
      throw new HubError('audit_file_unreadable', `"${file}" is no audit export: it has a line without end.`, { status: 400 });
  }
  if (rest !== '') yield rest;
}

/** Offline: needs no hub and no database. Memory does not grow with the file. */
export async function verifyAuditFile(options: VerifyFileOptions): Promise<Verified> {
  const publicKey = await Promise.all(options.publicKeyFiles.map(readText));
  const anchor = await anchorsOf(options.anchorFile);
  try {
    return await verifyAudit(linesOf(options.file, options.signal), { publicKey, anchor });
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (HubError.is(cause)) throw cause;
    throw new HubError(
      'audit_file_unreadable',
      `The export or a public key cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { status: 400, cause },
    );
  }
}
