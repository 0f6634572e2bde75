import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { HubError } from '../contract.ts';

/** An Ed25519 key that lives in the data folder; it never enters the database. */
export interface SigningKey {
  /** The first 16 hex digits of the SHA-256 of the public key. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SPKI. */
  readonly publicPem: string;
}

export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

async function writeNew(file: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const fresh = `${file}.${randomUUID()}`;
  await using handle = await open(fresh, 'wx', 0o600);
  await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await handle.sync();
  try {
    // A link fails when the file is there: of two hubs that start at once, one key wins whole.
    await link(fresh, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The key `<name>-key.pem` of the data folder, made on first use with mode 0600. */
export async function openSigningKey(dataDir: string, name: string): Promise<SigningKey> {
  const file = join(dataDir, `${name}-key.pem`);
  let pem = await readKey(file);
  if (pem === undefined) {
    await writeNew(file);
    pem = await readFile(file, 'utf8');
  }
  try {
    const privateKey = createPrivateKey(pem);
    const publicKey = createPublicKey(privateKey);
    return { id: keyIdOf(publicKey), privateKey, publicKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  } catch (cause) {
    throw new HubError(
      'state_key_broken',
      `"${name}-key.pem" in the data folder is no private key. Put the backup back, or remove it to get a new one.`,
      { cause },
    );
  }
}
