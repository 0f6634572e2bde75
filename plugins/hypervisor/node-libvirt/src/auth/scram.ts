import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ConnectionError } from '../errors.ts';
import type { Mechanism, Secret } from './mechanism.ts';

const derive = promisify(pbkdf2);
const hash = 'sha256';
const hashBytes = 32;
/** Fewer rounds than RFC 7677 asks for would make a stolen exchange cheap to crack, more than this would stop the client for seconds. */
const roundsMin = 4096;
const roundsMax = 2_000_000;
/** Channel binding is not used, for libvirt has none; "n,," in base 64. */
const header = 'n,,';

/** SCRAM-SHA-256 (RFC 5802, RFC 7677): the password never leaves this machine, and the server must prove that it knows it too. */
export function scramSha256(secret: Secret, nonce = randomBytes(24).toString('base64')): Mechanism {
  const firstBare = `n=${secret.username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  let expected: Buffer | undefined;
  let proven = false;

  async function answer(serverFirst: string): Promise<string> {
    const { r = '', s = '', i = '', m } = fields(serverFirst);
    const rounds = Number(i);
    if (m !== undefined || !r.startsWith(nonce) || r === nonce || s === '') throw notScram('its first answer is not in order');
    if (!Number.isInteger(rounds) || rounds < roundsMin || rounds > roundsMax)
      throw notScram(`it wants ${i} rounds of hashing; ${roundsMin} to ${roundsMax} are allowed`);
    const salted = await derive(secret.password.normalize('NFKC'), Buffer.from(s, 'base64'), rounds, hashBytes, hash);
    const clientKey = hmac(salted, 'Client Key');
    const final = `c=${Buffer.from(header).toString('base64')},r=${r}`;
    const message = `${firstBare},${serverFirst},${final}`;
    expected = hmac(hmac(salted, 'Server Key'), message);
    const signature = hmac(createHash(hash).update(clientKey).digest(), message);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!));
    return `${final},p=${proof.toString('base64')}`;
  }

  function check(serverFinal: string, against: Buffer): void {
    const { v, e } = fields(serverFinal);
    if (e !== undefined) throw new ConnectionError('auth_failed', `The daemon refuses the user name or the password: ${e}.`);
    const given = Buffer.from(v ?? '', 'base64');
    proven = given.length === against.length && timingSafeEqual(given, against);
    if (!proven) throw new ConnectionError('untrusted', 'The daemon does not know the password itself: it may not be who it should be.');
  }

  return {
    name: 'SCRAM-SHA-256',
    first: Buffer.from(header + firstBare),
    async respond(challenge) {
      const text = challenge.toString('utf8');
      if (!expected) return Buffer.from(await answer(text));
      check(text, expected);
      return null;
    },
    finished: () => proven,
  };
}

/** `r=abc,s=def` by their letters. */
function fields(text: string): Record<string, string | undefined> {
  return Object.fromEntries(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}

function notScram(why: string): ConnectionError {
  return new ConnectionError('protocol_error', `The daemon does not keep to SCRAM: ${why}.`);
}
