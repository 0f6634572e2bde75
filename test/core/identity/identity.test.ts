import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Actor, type Role, Secret } from '../../../core/contract.ts';
import { codeOf } from '../../kit/collect.ts';
import { ann, DAY, MINUTE, openIdentity, password, signIn } from './open-identity.ts';

describe('an API token', () => {
  it('is refused when unknown, expired, revoked, or of a disabled user', async () => {
    await using it = await openIdentity();
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
    await using it = await openIdentity();
    const user = await ann(it.identity);
    const scoped: Actor = { ...user, scopes: ['vm.*', 'token.create'] };
    for (const scopes of [undefined, null, ['*'], ['host.list'], ['vm.list', 'v.*'], ['vm']]) {
      expect(await codeOf(it.identity.createApiToken({ actor: scoped, name: 'more', scopes }))).toBe('token_scope');
    }
    await it.identity.createApiToken({ actor: scoped, name: 'less', scopes: ['vm.list', 'vm.console.*', 'vm.*'] });
  });

  it('is refused with scopes that are no patterns, a bad name or an instant that has passed', async () => {
    await using it = await openIdentity();
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
    await using it = await openIdentity();
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
    await using it = await openIdentity();
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
    await using it = await openIdentity();
    const user = await ann(it.identity);
    const [link, code] = [await it.identity.createSignInLink(user.id), await it.identity.createLinkCode(user)];
    it.clock.advance(10 * MINUTE);
    expect(await codeOf(it.identity.users.redeemLinkCode(code, 'T1', 'U1'))).toBe('auth_expired');
    it.clock.advance(5 * MINUTE);
    expect(await codeOf(it.identity.redeemSignInLink(link))).toBe('auth_expired');
    expect(await codeOf(it.identity.createSignInLink('nobody'))).toBe('user_unknown');
  });

  it('serve one purpose only', async () => {
    await using it = await openIdentity();
    const user = await ann(it.identity);
    const code = await it.identity.createLinkCode(user);
    expect(await codeOf(it.identity.redeemSignInLink(code))).toBe('auth_invalid');
    expect(await codeOf(it.identity.users.redeemLinkCode(await it.identity.createSignInLink(user.id), 'T1', 'U1'))).toBe('auth_invalid');
    expect(await it.identity.users.redeemLinkCode(` ${code.toLowerCase().replaceAll('-', ' ')} `, 'T1', 'U1')).toEqual(user);
  });

  it('cannot be guessed in chat without end', async () => {
    await using it = await openIdentity();
    const codes: string[] = [];
    for (let n = 0; n < 8; n += 1) codes.push(await codeOf(it.identity.users.redeemLinkCode(`AAAA-AAAA-AAA${n}`, 'T1', 'U1')));
    expect(codes).toContain('auth_throttled');
  });
});

describe('chat identities', () => {
  it('belong to nobody until they are linked, and to the last one they were linked to', async () => {
    await using it = await openIdentity();
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
    await using it = await openIdentity();
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
    await using it = await openIdentity();
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

  it('of a tenant cannot be used by its administrator to become an admin', async () => {
    await using it = await openIdentity();
    const { identity } = it;
    const admin = (await identity.actorByName('admin')) as Actor;
    const boss = await identity.createUser({ name: 'boss', displayName: 'Boss', role: 'tenant-admin', tenant: 'default' }, admin);
    const other = await identity.createUser({ name: 'other', displayName: 'Other', role: 'viewer', tenant: 'b' }, admin);
    const fresh = { name: 'fresh', displayName: 'Fresh', role: 'viewer' as Role, tenant: 'default' };
    const refused = [
      identity.createUser({ ...fresh, role: 'admin' }, boss),
      identity.createUser({ ...fresh, tenant: 'b' }, boss),
      identity.setPassword(admin.id, password, boss),
      identity.createSignInLink(admin.id, boss),
      identity.disableUser(other.id, boss),
      identity.createLinkCode({ ...boss, scopes: ['vm.*'] }),
    ];
    expect(await Promise.all(refused.map(codeOf))).toEqual([...Array.from({ length: 5 }, () => 'permission_denied'), 'token_scope']);
    expect(await identity.actorById(other.id)).toBeDefined();
    const made = await identity.createUser(fresh, boss);
    await identity.setPassword(made.id, password, boss);
    await identity.setPassword(boss.id, password, boss);
    await identity.disableUser(made.id, boss);
  });

  it('always leave one admin, also when two are disabled at once', async () => {
    await using it = await openIdentity();
    const admin = (await it.identity.actorByName('admin')) as Actor;
    expect(await codeOf(it.identity.disableUser(admin.id))).toBe('user_last_admin');
    const second = await it.identity.createUser({ name: 'second', displayName: 'Second', role: 'admin', tenant: 'default' });
    const results = await Promise.allSettled([it.identity.disableUser(admin.id), it.identity.disableUser(second.id)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(it.identity.disableUser('nobody'))).toBe('user_unknown');
  });

  it('are listed to people of their own tenant only, and never with a hash', async () => {
    await using it = await openIdentity();
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
    await using it = await openIdentity();
    const other = await it.another();
    expect(await other.actorByName('admin')).toEqual(await it.identity.actorByName('admin'));
    expect(await it.identity.actorByName('admin')).toMatchObject({ role: 'admin', tenant: 'default', kind: 'person' });
  });
});

describe('what is stored', () => {
  it('is removed when it has long expired, and not before', async () => {
    await using it = await openIdentity();
    const user = await ann(it.identity);
    await signIn(it.identity);
    await codeOf(signIn(it.identity, 'wrong wrong'));
    await it.identity.createLinkCode(user);
    const tables = ['session', 'refreshToken', 'oneTimeCode', 'attempt'];
    const counts = async () =>
      await Promise.all(tables.map(async (table) => (await it.test.database.query(`select 1 from core."${table}"`)).length));
    await it.identity.tidy();
    expect(await counts()).toEqual([1, 1, 1, 3]);
    it.clock.advance(2 * DAY);
    await it.identity.tidy();
    expect(await counts()).toEqual([1, 1, 0, 0]);
    it.clock.advance(60 * DAY);
    await it.identity.tidy();
    expect(await counts()).toEqual([0, 0, 0, 0]);
  });

  it('holds no password, token or code in the clear, and keys only for their owner', async () => {
    await using it = await openIdentity();
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
    expect(keys.toSorted()).toEqual(['audit-key.pem', 'audit-public-key.pem', 'token-key.pem']);
    for (const key of keys.filter((file) => file.endsWith('-key.pem') && !file.includes('public'))) {
      expect((await stat(join(it.test.dataDir, key))).mode & 0o777).toBe(0o600);
      expect(everything).not.toContain((await readFile(join(it.test.dataDir, key), 'utf8')).split('\n')[1]);
    }
  });
});
