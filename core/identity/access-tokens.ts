import { createPublicKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type Actor, HubError } from '../contract.ts';
import type { Core } from './core.ts';
import { activeUser, actorOf } from './directory.ts';

export const ACCESS_MS = 10 * 60_000;
const ISSUER = 'novacron';
const KEY_ID = /^[0-9a-f]{16}$/;

export async function signAccess({ key, clock }: Core, userId: string, sessionId: string): Promise<{ token: string; expiresAt: number }> {
  const at = Math.floor(clock.now() / 1000);
  const expiresAt = at + ACCESS_MS / 1000;
  const token = await new SignJWT({ sid: sessionId })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.id, typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setSubject(userId)
    .setIssuedAt(at)
    .setExpirationTime(expiresAt)
    .sign(key.privateKey);
  return { token, expiresAt: expiresAt * 1000 };
}

export type KeyRing = Map<string, KeyObject>;

/** The key of this hub, or of another hub on the same database. */
async function publicKeyOf({ key, state }: Core, ring: KeyRing, keyId: string | undefined): Promise<KeyObject> {
  if (keyId === key.id) return key.publicKey;
  const known = keyId === undefined ? undefined : ring.get(keyId);
  if (known !== undefined) return known;
  const row =
    keyId !== undefined && KEY_ID.test(keyId)
      ? await state.db.selectFrom('tokenKey').select('publicPem').where('keyId', '=', keyId).executeTakeFirst()
      : undefined;
  if (row === undefined || keyId === undefined) throw new errors.JWSSignatureVerificationFailed();
  const publicKey = createPublicKey(row.publicPem);
  ring.set(keyId, publicKey);
  return publicKey;
}

function refusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired)
    return new HubError('auth_expired', 'The access token has expired. Refresh the session.', { status: 401 });
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return new HubError('auth_invalid', 'The access token is not valid. Sign in again.', { status: 401 });
  return error;
}

/** Role and tenant come from the user as it is now, not from the token: a changed or disabled user is so at once. */
export async function verifyAccess(core: Core, ring: KeyRing, token: string): Promise<Actor> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => publicKeyOf(core, ring, kid), {
      algorithms: ['EdDSA'],
      issuer: ISSUER,
      audience: ISSUER,
      typ: 'at+jwt',
      requiredClaims: ['sub', 'exp', 'iat'],
      currentDate: new Date(core.clock.now()),
    });
    const user = await activeUser(core, payload.sub ?? '');
    if (user === undefined) throw new HubError('auth_invalid', 'This user can no longer sign in.', { status: 401 });
    return actorOf(user);
  } catch (error) {
    throw refusal(error);
  }
}
