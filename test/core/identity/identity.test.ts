import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Actor, type Role, Secret } from '../../../core/contract.ts';
import { createAudit } from '../../../core/audit/audit.ts';
import { createIdentity, type Identity } from '../../../core/identity/identity.ts';
import { createTestClock, type TestClock } from '../../kit/clock.ts';
import { codeOf, until } from '../../kit/collect.ts';
import { quietLog } from '../../kit/postgres.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const password = new Secret('correct horse battery');
const address = '192.0.2.1';

interface Opened extends AsyncDisposable {
  readonly identity: Identity;
  readonly test: TestState;
  readonly clock: TestClock;
  /** What the audit says happened, oldest first. */
  noted(): Promise<string[]>;
  /** A hub of its own on the same database. */
  another(): Promise<Identity>;
}

async function open(): Promise<Opened> {
  await using undo = new AsyncDisposableStack();
  const test = undo.use(await openTestState());
  const clock = createTestClock();
  const hub = async ({ state, dataDir }: Pick<TestState, 'state' | 'dataDir'>) => {
    const audit = await createAudit({ state, dataDir, clock, log: quietLog });
    opened.defer(() => audit.close());
    const identity = await createIdentity({ state, dataDir, clock, log: quietLog, audit });
    opened.defer(() => identity.close());
    return { audit, identity };
  };
  const opened = undo.move();
  const { audit, identity } = await hub(test);
  return {
    identity,
    test,
    clock,
    noted: async () => (await audit.list({ rowsMax: 500 })).map(({ action }) => action).toReversed(),
    another: async () => (await hub(await test.another())).identity,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const ann = (identity: Identity, role: Role = 'operator'): Promise<Actor> =>
  identity.createUser({ name: 'ann', displayName: 'Ann', role, tenant: 'a', password });
const signIn = (identity: Identity, text = password.reveal(), name = 'ann') =>
  identity.signIn({ name, password: new Secret(text), address });

describe('signing in', () => {
  it('gives the same answer for an unknown user, a wrong password, no password and a disabled user', async () => {
    await using it = await open();
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
    await using it = await open();
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
    await using it = await open();
    await ann(it.identity);
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(signIn(it.identity, 'wrong wrong'))));
    expect(codes.filter((code) => code === 'auth_invalid')).toHaveLength(5);
    expect(codes.filter((code) => code === 'auth_throttled')).toHaveLength(15);
  });

  it('is not throttled for people who sign in rightly, however often', async () => {
    await using it = await open();
    await ann(it.identity);
    for (let n = 0; n < 12; n += 1) await signIn(it.identity);
    expect((await it.noted()).filter((action) => action === 'session.start')).toHaveLength(12);
  });

  it('takes the name in any case and the password in any Unicode form', async () => {
    await using it = await open();
    await it.identity.createUser({ name: 'Zoe', displayName: 'Zoë', role: 'viewer', tenant: 'a', password: new Secret('pässwörter') });
    const session = await signIn(it.identity, 'pa\u0308sswo\u0308rter', 'ZOE');
    expect(session.actor).toMatchObject({ name: 'zoe', role: 'viewer', tenant: 'a' });
  });
});

describe('an access token', () => {
  it('is refused when forged, foreign, unsigned or of another purpose', async () => {
    await using it = await open();
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
    await using it = await open();
    await ann(it.identity);
    const { accessToken, accessExpiresAt } = await signIn(it.identity);
    expect(accessExpiresAt).toBe(it.clock.now() + 10 * MINUTE);
    it.clock.advance(10 * MINUTE - 1_000);
    await it.identity.verifyAccess(accessToken);
    it.clock.advance(1_000);
    expect(await codeOf(it.identity.verifyAccess(accessToken))).toBe('auth_expired');
  });

  it('of one hub is good on another, and a disabled user is out on both at once', async () => {
    await using it = await open();
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
    await using it = await open();
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
    await using it = await open();
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
    await using it = await open();
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

describe('an API token', () => {
  it('is refused when unknown, expired, revoked, or of a disabled user', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const token = await it.identity.createApiToken({ actor: user, name: 'ci', scopes: ['vm.*'], expiresAt: it.clock.now() + MINUTE });
    const lasting = await it.identity.createApiToken({ actor: user, name: 'lasting' });
    expect(await it.identity.verifyApiToken(token.token.reveal())).toEqual({ ...user, scopes: ['vm.*'] });
    expect(await it.identity.verifyApiToken(lasting.token.reveal())).toEqual(user);
    it.clock.advance(MINUTE);
    expect(await codeOf(it.identity.verifyApiToken(token.token.reveal()))).toBe('auth_expired');
    expect(await codeOf(it.identity.verifyApiToken('nova_unknown'))).toBe('auth_invalid');
    const revoked = await it.identity.createApiToken({ actor: user, name: 'revoked' });
    await it.identity.revokeApiToken(revoked.id, user);
    expect(await codeOf(it.identity.verifyApiToken(revoked.token.reveal()))).toBe('auth_invalid');
    await it.identity.disableUser(user.id);
    expect(await codeOf(it.identity.verifyApiToken(lasting.token.reveal()))).toBe('auth_invalid');
  });

  it('cannot give out a token that may do more than itself', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const scoped: Actor = { ...user, scopes: ['vm.*', 'token.create'] };
    for (const scopes of [undefined, null, ['*'], ['host.list'], ['vm.list', 'v.*'], ['vm']]) {
      expect(await codeOf(it.identity.createApiToken({ actor: scoped, name: 'more', scopes }))).toBe('token_scope');
    }
    await it.identity.createApiToken({ actor: scoped, name: 'less', scopes: ['vm.list', 'vm.console.*', 'vm.*'] });
  });

  it('is refused with scopes that are no patterns, a bad name or an instant that has passed', async () => {
    await using it = await open();
    const actor = await ann(it.identity);
    for (const bad of [
      { scopes: ['vm*'] },
      { scopes: ['VM LIST'] },
      { scopes: [''] },
      { name: ' ' },
      { name: 'x'.repeat(101) },
      { expiresAt: it.clock.now() },
      { expiresAt: Number.NaN },
    ]) {
      expect(await codeOf(it.identity.createApiToken({ actor, name: 'x', ...bad }))).toBe('token_invalid');
    }
  });

  it('of somebody else cannot be seen or revoked, except by admins', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const bob = await it.identity.createUser({ name: 'bob', displayName: 'Bob', role: 'operator', tenant: 'a' });
    const boss = await it.identity.createUser({ name: 'boss', displayName: 'Boss', role: 'tenant-admin', tenant: 'b' });
    const admin = (await it.identity.actorByName('admin')) as Actor;
    const { id } = await it.identity.createApiToken({ actor: user, name: 'mine' });
    for (const other of [bob, boss]) {
      expect(await it.identity.listApiTokens(other)).toEqual([]);
      expect(await codeOf(it.identity.revokeApiToken(id, other))).toBe('token_unknown');
    }
    expect((await it.identity.listApiTokens(user)).map(({ name }) => name)).toEqual(['mine']);
    expect((await it.identity.listApiTokens(admin)).map(({ name }) => name)).toEqual(['mine']);
    await it.identity.revokeApiToken(id, admin);
  });
});

describe('codes that are good once', () => {
  it('open one session though they come many times at once, on two hubs', async () => {
    await using it = await open();
    const other = await it.another();
    const admin = (await it.identity.actorByName('admin')) as Actor;
    const code = await it.identity.createSignInLink(admin.id);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? it.identity : other).redeemSignInLink(code)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await codeOf(it.identity.redeemSignInLink(code))).toBe('auth_invalid');
  });

  it('expire: a sign-in link after 15 minutes, a chat code after 10', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const [link, code] = [await it.identity.createSignInLink(user.id), await it.identity.createLinkCode(user)];
    it.clock.advance(10 * MINUTE);
    expect(await codeOf(it.identity.users.redeemLinkCode(code, 'T1', 'U1'))).toBe('auth_expired');
    it.clock.advance(5 * MINUTE);
    expect(await codeOf(it.identity.redeemSignInLink(link))).toBe('auth_expired');
    expect(await codeOf(it.identity.createSignInLink('nobody'))).toBe('user_unknown');
  });

  it('serve one purpose only', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const code = await it.identity.createLinkCode(user);
    expect(await codeOf(it.identity.redeemSignInLink(code))).toBe('auth_invalid');
    expect(await codeOf(it.identity.users.redeemLinkCode(await it.identity.createSignInLink(user.id), 'T1', 'U1'))).toBe('auth_invalid');
    expect(await it.identity.users.redeemLinkCode(` ${code.toLowerCase().replaceAll('-', ' ')} `, 'T1', 'U1')).toEqual(user);
  });

  it('cannot be guessed in chat without end', async () => {
    await using it = await open();
    const codes: string[] = [];
    for (let n = 0; n < 8; n += 1) codes.push(await codeOf(it.identity.users.redeemLinkCode(`AAAA-AAAA-AAA${n}`, 'T1', 'U1')));
    expect(codes).toContain('auth_throttled');
  });
});

describe('chat identities', () => {
  it('belong to nobody until they are linked, and to the last one they were linked to', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const { users } = it.identity;
    expect(await users.byChat('T1', 'U1')).toBeUndefined();
    expect(await users.byChat('T1\0', "U1'")).toBeUndefined();
    expect(await codeOf(users.linkChat('T1', 'U1', 'nobody'))).toBe('user_unknown');
    expect(await codeOf(users.linkChat('T1', '', 'ann'))).toBe('chat_identity_invalid');
    await users.linkChat('T1', 'U1', 'ann');
    await users.linkChat('T1', 'U1', 'ann');
    expect(await users.byChat('T1', 'U1')).toEqual(user);
    expect(await users.byChat('T2', 'U1')).toBeUndefined();
    await users.linkChat('T1', 'U1', 'admin');
    expect(await users.byChat('T1', 'U1')).toMatchObject({ name: 'admin' });
    expect((await it.noted()).filter((action) => action === 'chat.link')).toHaveLength(2);
    await users.linkChat('T1', 'U9', 'ann');
    await it.identity.disableUser(user.id);
    expect(await users.byChat('T1', 'U9')).toBeUndefined();
  });
});

describe('users', () => {
  it('have names, roles and tenants that are what they should be', async () => {
    await using it = await open();
    const good = { name: 'ann', displayName: 'Ann', role: 'viewer' as Role, tenant: 'a' };
    const bad = [
      { name: '' },
      { name: '../x' },
      { name: 'a b' },
      { name: '<b>' },
      { name: 'x'.repeat(65) },
      { displayName: ' ' },
      { displayName: 'a\u202Eb' },
      { displayName: 'x'.repeat(101) },
      { tenant: 'A' },
      { tenant: '' },
      { role: 'root' as Role },
    ];
    for (const change of bad) expect(await codeOf(it.identity.createUser({ ...good, ...change }))).toBe('user_invalid');
    for (const weak of ['short', 'x'.repeat(201)])
      expect(await codeOf(it.identity.createUser({ ...good, password: new Secret(weak) }))).toBe('password_weak');
    expect(await codeOf(it.identity.createUser({ ...good, name: 'long-user-name', password: new Secret('Long-User-Name') }))).toBe(
      'password_weak',
    );
  });

  it('are unique by name, also when two are made at once, and ensured only once', async () => {
    await using it = await open();
    const other = await it.another();
    const results = await Promise.allSettled([
      ann(it.identity),
      ann(other),
      it.identity.createUser({ name: 'ANN', displayName: 'A', role: 'viewer', tenant: 'a' }),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await codeOf(ann(other))).toBe('user_name_taken');
    const prepared = { name: 'bob', displayName: 'Bob', role: 'viewer' as Role, tenant: 'a' };
    const ensured = await Promise.all([it.identity, other, it.identity, other].map((identity) => identity.users.ensure(prepared)));
    expect(new Set(ensured.map(({ id }) => id)).size).toBe(1);
    expect(await it.identity.users.ensure({ ...prepared, role: 'admin' })).toMatchObject({ role: 'viewer' });
  });

  it('always leave one admin, also when two are disabled at once', async () => {
    await using it = await open();
    const admin = (await it.identity.actorByName('admin')) as Actor;
    expect(await codeOf(it.identity.disableUser(admin.id))).toBe('user_last_admin');
    const second = await it.identity.createUser({ name: 'second', displayName: 'Second', role: 'admin', tenant: 'default' });
    const results = await Promise.allSettled([it.identity.disableUser(admin.id), it.identity.disableUser(second.id)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(it.identity.disableUser('nobody'))).toBe('user_unknown');
  });

  it('are listed to people of their own tenant only, and never with a hash', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const admin = (await it.identity.actorByName('admin')) as Actor;
    expect((await it.identity.listUsers(user)).map(({ name }) => name)).toEqual(['ann']);
    const all = await it.identity.listUsers(admin);
    expect(all.map(({ name, hasPassword }) => [name, hasPassword])).toEqual([
      ['admin', false],
      ['ann', true],
    ]);
    expect(JSON.stringify(all)).not.toContain('argon2');
  });

  it('begin with an admin without a password, who is not made twice', async () => {
    await using it = await open();
    const other = await it.another();
    expect(await other.actorByName('admin')).toEqual(await it.identity.actorByName('admin'));
    expect(await it.identity.actorByName('admin')).toMatchObject({ role: 'admin', tenant: 'default', kind: 'person' });
  });
});

describe('what is stored', () => {
  it('holds no password, token or code in the clear, and keys only for their owner', async () => {
    await using it = await open();
    const user = await ann(it.identity);
    const session = await signIn(it.identity);
    const { token } = await it.identity.createApiToken({ actor: user, name: 'ci' });
    const code = await it.identity.createLinkCode(user);
    const link = await it.identity.createSignInLink(user.id);
    const tables = ['user', 'session', 'refreshToken', 'apiToken', 'oneTimeCode', 'chatLink', 'attempt', 'audit'];
    const everything = JSON.stringify(await Promise.all(tables.map((table) => it.test.database.query(`select * from core."${table}"`))));
    for (const secret of [password.reveal(), session.accessToken, session.refreshToken, token.reveal(), code, link])
      expect(everything).not.toContain(secret);
    expect(everything).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    const keys = (await readdir(it.test.dataDir)).filter((file) => file.endsWith('.pem'));
    expect(keys.toSorted()).toEqual(['audit-key.pem', 'token-key.pem']);
    for (const key of keys) {
      expect((await stat(join(it.test.dataDir, key))).mode & 0o777).toBe(0o600);
      expect(everything).not.toContain((await readFile(join(it.test.dataDir, key), 'utf8')).split('\n')[1]);
    }
  });
});
