import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHub, type TestHub } from '../../kit/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('users', () => {
  it('are made by an admin, sign in once with a code, and are gone when disabled', async () => {
    await hub.run('user.create', { name: 'grace', role: 'operator' });
    const { code } = (await hub.run('user.sign-in-link', { name: 'grace' })) as { code: string };
    const session = await hub.identity.redeemSignInLink(code);
    expect(session.actor).toMatchObject({ name: 'grace', role: 'operator', tenant: 'default' });
    await expect(hub.identity.redeemSignInLink(code)).rejects.toMatchObject({ code: expect.stringMatching(/^auth_|^sign_in/) });
    await hub.run('user.disable', { name: 'grace' });
    await expect(hub.identity.verifyAccess(session.accessToken)).rejects.toMatchObject({ status: 401 });
  });

  it('of another tenant are out of reach of a tenant admin, and admins are not made by one', async () => {
    const admin = hub.as('tenant-admin');
    await expect(hub.run('user.create', { name: 'mallory', tenant: 'other' }, admin)).rejects.toThrow(/may not|yours/);
    await expect(hub.run('user.create', { name: 'mallory', role: 'admin' }, admin)).rejects.toThrow(/admin/);
    expect(await hub.identity.actorByName('mallory')).toBeUndefined();
    expect(await hub.run('user.create', { name: 'linus' }, admin)).toMatchObject({ role: 'viewer', tenant: 'default' });
  });
});

describe('tokens', () => {
  it('act in the name of who made them, within their scopes, until revoked', async () => {
    const { id, token } = (await hub.run('token.create', { name: 'ci', scopes: ['job.*'] }, hub.as('operator'))) as {
      id: string;
      token: string;
    };
    expect(await hub.identity.verifyApiToken(token)).toMatchObject({ name: hub.as('operator').name, scopes: ['job.*'] });
    await hub.run('token.revoke', { id }, hub.as('operator'));
    await expect(hub.identity.verifyApiToken(token)).rejects.toMatchObject({ status: 401 });
  });
});

describe('a link code', () => {
  it('links the chat account of who asked for it, once', async () => {
    const { code } = (await hub.run('me.link-code', {}, hub.as('viewer'))) as { code: string };
    expect(await hub.identity.users.redeemLinkCode(code, 'T1', 'U1')).toMatchObject({ role: 'viewer' });
    expect(await hub.identity.users.byChat('T1', 'U1')).toMatchObject({ id: hub.as('viewer').id });
    await expect(hub.identity.users.redeemLinkCode(code, 'T1', 'U2')).rejects.toThrow(/code/);
  });
});
