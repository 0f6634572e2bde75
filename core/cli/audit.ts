import { createPublicKey } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAnchor } from '../audit/anchor.ts';
import { verifyAudit, type Verified } from '../audit/verify.ts';
import { HubError } from '../contract/errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { CallDeps } from './call.ts';
import { usage } from './options.ts';

/** `audit verify`: asks the hub to walk its chain. */
export async function verifyOnline({ api, screen, options, signal }: CallDeps): Promise<ExitCode> {
  const { body } = await api.request<Verified>('GET', '/audit/verify', { signal });
  return report({ screen, options }, body);
}

/** `audit export [FILE]`: to a file, or to standard output. */
export async function exportAudit({ api, streams, screen, signal }: CallDeps, file: string | undefined): Promise<ExitCode> {
  const { body } = await api.open('/audit/export', { signal });
  if (body === null) throw new HubError('hub_unreachable', 'The hub sent nothing.', { status: 503 });
  const lines = Readable.from(body);
  if (file === undefined) for await (const chunk of lines) streams.stdout.write(chunk as Buffer);
  else await pipeline(lines, createWriteStream(file, { mode: 0o600 }), { signal });
  if (file !== undefined) screen.note(`Wrote ${file}`);
  return EXIT.ok;
}

interface OfflineOptions {
  readonly words: readonly string[];
  readonly dataDir: string;
}

/** `audit verify FILE [--public-key PEM]… [--no-anchor]`: needs no hub. Without a key the one of this data folder is taken. */
export async function verifyOffline(
  { screen, options }: Pick<CallDeps, 'screen' | 'options'>,
  { words, dataDir }: OfflineOptions,
): Promise<ExitCode> {
  const { file, keys, useAnchor } = readWords(words);
  const publicKey = await Promise.all((keys.length > 0 ? keys : [join(dataDir, 'audit-key.pem')]).map(readPublicKey));
  const { last, unmet } = useAnchor ? await readAnchor(dataDir) : { last: null, unmet: [] };
  const anchor = last === null ? unmet : [...unmet, last];
  const input = createReadStream(file);
  try {
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    return report({ screen, options }, await verifyAudit(lines, { publicKey, anchor }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') usage(`There is no file '${file}'.`);
    throw error;
  } finally {
    input.destroy();
  }
}

function readWords(words: readonly string[]): { file: string; keys: string[]; useAnchor: boolean } {
  const keys: string[] = [];
  const files: string[] = [];
  let useAnchor = true;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--no-anchor') useAnchor = false;
    else if (word === '--public-key') keys.push(words[(index += 1)] ?? usage('--public-key needs a file.'));
    else files.push(word);
  }
  const [file] = files;
  if (file === undefined || files.length > 1) usage('Usage: novacron audit verify [FILE] [--public-key PEM] [--no-anchor]');
  return { file, keys, useAnchor };
}

/** The public half of a PEM file, whichever half it holds. */
async function readPublicKey(file: string): Promise<string> {
  try {
    return createPublicKey(await readFile(file, 'utf8'))
      .export({ type: 'spki', format: 'pem' })
      .toString();
  } catch (error) {
    throw new HubError('cli_usage', `There is no readable key in '${file}'; name the hub's public key with --public-key.`, {
      status: 400,
      cause: error,
    });
  }
}

function report({ screen, options }: Pick<CallDeps, 'screen' | 'options'>, verified: Verified): ExitCode {
  if (options.json) screen.json(verified);
  else if (verified.ok) screen.lines([`The audit is whole: ${verified.entries} entries.`]);
  else screen.note(`The audit is broken at entry ${verified.at}: ${verified.reason}`);
  return verified.ok ? EXIT.ok : EXIT.failed;
}
