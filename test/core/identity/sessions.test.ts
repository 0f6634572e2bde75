import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../core/contract.ts';
import { codeOf, until } from '../../kit/collect.ts';
import { ann, DAY, MINUTE, openIdentity, password, signIn } from './open-identity.ts';

describe('signing in', () => {
  it('gives the same answer for an unknown user, a wrong password, no password and a disabled user', async () => {
    await using it = await openIdentity();
    const user = await ann(it.identity);
    const answers: unknown[] = [];
    const attempt = async (name: string, text: string) =>
      answers.push(await signIn(it.identity, text, name).catch((error: Error & { code: string }) => [error.code, error.message]));
    await attempt('nobody', password.reveal());
    await attempt('ann', 'wrong wrong wrong');
    await attempt('ann', 'x'.repeat(100_000));
    await attempt('admin', '');
    await attempt("ann' or 1=1 --\0", 'x');
    await it.identity.disableUser(user.id);
    await attempt('ann', password.reveal());
    expect(answers).toEqual(Array.from({ length: 6 }, () => ['auth_invalid', 'The name or the password is wrong.']));
  });

  it('is slowed down after five failures from one address, longer with each, and opens again', async () => {
    await using it = await openIdentity();
    await ann(it.identity);
    for (let n = 0; n < 5; n += 1) expect(await codeOf(signIn(it.identity, 'wrong wrong'))).toBe('auth_invalid');
    const refused = signIn(it.identity);
    await expect(refused).rejects.toMatchObject({ code: 'auth_throttled', status: 429, details: { retryAfterSeconds: 2 } });
    // Another address is not punished for it, and trying during the pause does not make it longer.
    await it.identity.signIn({ name: 'ann', password, address: '192.0.2.2' });
    expect(await codeOf(signIn(it.identity))).toBe('auth_throttled');
    it.clock.advance(2_001);
    expect(await codeOf(signIn(it.identity, 'wrong wrong'))).toBe('auth_throttled');
    it.clock.advance(4_001 + 15 * MINUTE);
    await signIn(it.identity);
    for (let n = 0; n < 5; n += 1) expect(await codeOf(signIn(it.identity, 'wrong wrong'))).toBe('auth_invalid');
  });

  it('counts attempts that come at once as so many', async () => {
    await using it = await openIdentity();
    await ann(it.identity);
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(signIn(it.identity, 'wrong wrong'))));
    expect(codes.filter((code) => code === 'auth_invalid')).toHaveLength(5);
    expect(codes.filter((code) => code === 'auth_throttled')).toHaveLength(15);
  });

  it('is not throttled for people who sign in rightly, however often', async () => {
    await using it = await openIdentity();
    await ann(it.identity);
    for (let n = 0; n < 12; n += 1) await signIn(it.identity);
    expect((await it.noted()).filter((action) => action === 'session.start')).toHaveLength(12);
  });

  it('takes the name in any case and the password in any Unicode form', async () => {
    await using it = await openIdentity();
    await it.identity.createUser({ name: 'Zoe', displayName: 'Zoë', role: 'viewer', tenant: 'a', password: new Secret('pässwörter') });
    const session = await signIn(it.identity, 'pa\u0308sswo\u0308rter', 'ZOE');
    expect(session.actor).toMatchObject({ name: 'zoe', role: 'viewer', tenant: 'a' });
  });
});

describe('an access token', () => {
  it('is refused when forged, foreign, unsigned or of another purpose', async () => {
    await using it = await openIdentity();
    await ann(it.identity);
    const { accessToken, refreshToken } = await signIn(it.identity);
    const { privateKey } = generateKeyPairSync('ed25519');
    const [header = '', payload = '', signature = ''] = accessToken.split('.');
    const kid = (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
    const sub = (await it.identity.actorByName('admin'))?.id ?? '';
    const claims = (token: SignJWT) =>
      token
        .setIssuer('novacron')
        .setAudience('novacron')
        .setSubject(sub)
        .setIssuedAt(it.clock.now() / 1000)
        .setExpirationTime(it.clock.now() / 1000 + 600);
    const forged = await claims(new SignJWT({})).setProtectedHeader({ alg: 'EdDSA', kid, typ: 'at+jwt' }).sign(privateKey);
    const foreign = await claims(new SignJWT({}))
      .setProtectedHeader({ alg: 'EdDSA', kid: '0123456789abcdef', typ: 'at+jwt' })
      .sign(privateKey);
    const symmetric = await claims(new SignJWT({})).setProtectedHeader({ alg: 'HS256', kid, typ: 'at+jwt' }).sign(Buffer.alloc(32));
    const none = new UnsecuredJWT({}).setSubject(sub).setIssuer('novacron').setAudience('novacron').encode();
    const otherUser = [
      header,
      Buffer.from(JSON.stringify({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), sub })).toString('base64url'),
      signature,
    ].join('.');
    for (const token of ['', 'x', forged, foreign, symmetric, none, otherUser, refreshToken, `${accessToken}x`]) {
      expect(await codeOf(it.identity.verifyAccess(token))).toBe('auth_invalid');
    }
    expect(await it.identity.verifyAccess(accessToken)).toMatchObject({ name: 'ann' });
  });

  it('ends after ten minutes of the clock', async () => {
    await using it = await openIdentity();
    await ann(it.identity);
    const { accessToken, accessExpiresAt } = await signIn(it.identity);
    expect(accessExpiresAt).toBe(it.clock.now() + 10 * MINUTE);
    it.clock.advance(10 * MINUTE - 1_000);
    await it.identity.verifyAccess(accessToken);
    it.clock.advance(1_000);
    expect(await codeOf(it.identity.verifyAccess(accessToken))).toBe('auth_expired');
  });

  it('of one hub is good on another, and a disabled user is out on both at once', async () => {
    await using it = await openIdentity();
    const other = await it.another();
    const user = await ann(it.identity);
    const { accessToken } = await signIn(it.identity);
    expect(await other.verifyAccess(accessToken)).toEqual(await it.identity.verifyAccess(accessToken));
    await it.identity.disableUser(user.id);
    expect(await codeOf(it.identity.verifyAccess(accessToken))).toBe('auth_invalid');
    await until('the other hub knows', async () =>
      other.verifyAccess(accessToken).then(
        () => false,
        () => true,
      ),
    );
    expect(await other.actorById(user.id)).toBeUndefined();
    expect(await other.actorByName('ann')).toBeUndefined();
  });
});

describe('a refresh token', () => {
  it('that is used again ends the whole family, also the newest token of it, and is recorded', async () => {
    await using it = await openIdentity();
    await ann(it.identity);
    const first = await signIn(it.identity);
    const elsewhere = await signIn(it.identity);
    const second = await it.identity.refresh(first.refreshToken);
    const third = await it.identity.refresh(second.refreshToken);
    expect(await codeOf(it.identity.refresh(first.refreshToken))).toBe('auth_reused');
    expect(await codeOf(it.identity.refresh(third.refreshToken))).toBe('auth_invalid');
    await it.identity.refresh(elsewhere.refreshToken);
    expect(await it.noted()).toContain('session.reuse');
  });

  it('is rotated once when it comes many times at once, from two hubs, and then nothing of the family is left', async () => {
    await using it = await openIdentity();
    const other = await it.another();
    await ann(it.identity);
    const { refreshToken } = await signIn(it.identity);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? it.identity : other).refresh(refreshToken)),
    );
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    expect(await codeOf(it.identity.refresh(won[0]?.refreshToken ?? ''))).toBe('auth_invalid');
  });

  it('expires, ends with the sign-out, with a new password and with the user', async () => {
    await using it = await openIdentity();
    const user = await ann(it.identity);
    const expired = await signIn(it.identity);
    it.clock.advance(31 * DAY);
    expect(await codeOf(it.identity.refresh(expired.refreshToken))).toBe('auth_expired');
    const signedOut = await signIn(it.identity);
    await it.identity.signOut(signedOut.refreshToken);
    await it.identity.signOut('unknown');
    expect(await codeOf(it.identity.refresh(signedOut.refreshToken))).toBe('auth_invalid');
    const before = await signIn(it.identity);
    await it.identity.setPassword(user.id, new Secret('another password'));
    expect(await codeOf(it.identity.refresh(before.refreshToken))).toBe('auth_invalid');
    const last = await signIn(it.identity, 'another password');
    await it.identity.disableUser(user.id);
    expect(await codeOf(it.identity.refresh(last.refreshToken))).toBe('auth_invalid');
    expect(await codeOf(it.identity.refresh(''))).toBe('auth_invalid');
  });
});
