import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor, Resource, Risk, Role } from '../../../core/contract.ts';
import { createPolicy, type PolicyQuestion } from '../../../core/policy/policy.ts';

const policy = createPolicy({});
const RISKS: readonly Risk[] = ['read', 'change', 'disrupt', 'destroy'];
const ROLES: readonly Role[] = ['viewer', 'operator', 'tenant-admin', 'admin'];

const actorOf = (role: Role, tenant = 'a', scopes?: readonly string[]): Actor => ({
  id: `${role}-id`,
  name: role,
  kind: 'person',
  role,
  tenant,
  ...(scopes === undefined ? {} : { scopes }),
});
const thing = (tenant: string | null, more: Partial<Resource> = {}): Resource => ({
  kind: 'vm',
  id: 'v1',
  name: 'web-1',
  tenant,
  tags: [],
  owner: null,
  ...more,
});
const may = (actor: Actor, [id, risk]: readonly [string, Risk], resource: PolicyQuestion['resource']): boolean =>
  policy.authorize({ actor, action: { id, risk }, resource }).allowed;

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'admin', 'hub', 'tenant', '', '*'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.toWellFormed()),
);
const actionId = fc.oneof(
  fc.constantFrom(
    'vm.create',
    'vm.list',
    'metrics.sql',
    'metrics.import',
    'user.create',
    'user.password.set',
    'token.create',
    'audit.list',
    'job.cancel',
  ),
  text,
);
const action = fc.record({ id: actionId, risk: fc.constantFrom(...RISKS) });
const resource = fc.record({
  kind: fc.oneof(fc.constantFrom('vm', 'host', 'hub', 'user', 'token'), text),
  id: text,
  name: text,
  tags: fc.array(text, { maxLength: 3 }),
  owner: fc.option(text),
  tenant: text,
});
const actor = fc.record({
  id: text,
  name: text,
  kind: fc.constantFrom('person' as const, 'service' as const),
  role: fc.constantFrom(...ROLES),
  tenant: text,
});
const resourceOrTenant = fc.oneof(
  resource,
  text.map((id) => ({ kind: 'tenant' as const, id })),
);
const tenantOf = (it: Resource | { kind: 'tenant'; id: string }): string | null => ('tenant' in it ? it.tenant : it.id);

describe('the wall between tenants', () => {
  it('is crossed by nobody but admins, whatever the action, the resource and its owner', () => {
    fc.assert(
      fc.property(actor, action, resourceOrTenant, (actor, action, resource) => {
        fc.pre(actor.role !== 'admin' && tenantOf(resource) !== actor.tenant);
        expect(policy.authorize({ actor, action, resource }).allowed).toBe(false);
        // Also not as the owner: who moved to another tenant has left the things of the old one behind.
        expect(
          policy.authorize({ actor, action, resource: { ...resource, ...('owner' in resource ? { owner: actor.id } : {}) } }).allowed,
        ).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('stands against policies that were added, and falls for admins only', () => {
    const open = createPolicy({ extraPolicies: 'permit (principal, action, resource);' });
    fc.assert(
      fc.property(actor, action, resourceOrTenant, (actor, action, resource) => {
        fc.pre(tenantOf(resource) !== actor.tenant);
        expect(open.authorize({ actor, action, resource }).allowed).toBe(actor.role === 'admin');
      }),
      { numRuns: 200 },
    );
  });
});

describe('the scopes of a token', () => {
  it('only ever narrow what its user may do', () => {
    const scopes = fc.array(fc.oneof(fc.constantFrom('*', 'vm.*', 'vm.list', 'metrics.*', 'user.*'), text), { maxLength: 4 });
    const target = fc.oneof(resourceOrTenant, fc.constant({ kind: 'hub' as const }));
    fc.assert(
      fc.property(actor, action, fc.tuple(target, scopes), (actor, action, [resource, scopes]) => {
        const scoped = policy.authorize({ actor: { ...actor, scopes }, action, resource });
        const free = policy.authorize({ actor, action, resource });
        expect(scoped.allowed && !free.allowed).toBe(false);
        expect(scopes.includes('*') && scoped.allowed !== free.allowed).toBe(false);
        expect(policy.authorize({ actor: { ...actor, scopes: [] }, action, resource }).allowed).toBe(false);
        expect(policy.mayAnywhere({ ...actor, scopes }, action) && !policy.mayAnywhere(actor, action)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('match whole words of an action id', () => {
    const list = ['vm.list', 'read'] as const;
    for (const scope of ['vm.*', '*', 'vm.list']) expect(may(actorOf('viewer', 'a', [scope]), list, thing('a'))).toBe(true);
    for (const scope of ['vm', 'v*', 'vm.lis', 'vm.list.*', 'vm.', '.*', '', 'VM.*', 'vmx.*'])
      expect(may(actorOf('viewer', 'a', [scope]), list, thing('a'))).toBe(false);
  });
});

describe('the shipped roles', () => {
  const table = (resource: PolicyQuestion['resource'], actionOf: (risk: Risk) => string = () => 'vm.x') =>
    Object.fromEntries(ROLES.map((role) => [role, RISKS.filter((risk) => may(actorOf(role), [actionOf(risk), risk], resource)).join(' ')]));

  it('see what belongs to no tenant, and leave changing it to admins', () => {
    expect(table(thing(null, { kind: 'host' }))).toEqual({
      viewer: 'read',
      operator: 'read',
      'tenant-admin': 'read',
      admin: 'read change disrupt destroy',
    });
  });

  it('do in their own tenant what their name says', () => {
    const expected = {
      viewer: 'read',
      operator: 'read change disrupt',
      'tenant-admin': 'read change disrupt destroy',
      admin: 'read change disrupt destroy',
    };
    expect(table(thing('a'))).toEqual(expected);
    expect(table({ kind: 'tenant', id: 'a' })).toEqual(expected);
  });

  it('do little to the hub itself', () => {
    expect(table({ kind: 'hub' })).toEqual({
      viewer: 'read',
      operator: 'read change',
      'tenant-admin': 'read change',
      admin: 'read change disrupt destroy',
    });
  });

  it('leave SQL, imports, audit and policy to admins, even to read', () => {
    for (const id of ['metrics.sql', 'metrics.import', 'audit.list', 'audit.verify', 'policy.simulate', 'plugin.disable']) {
      for (const resource of [{ kind: 'hub' } as const, thing('a')]) {
        expect(table(resource, () => id)).toEqual({ viewer: '', operator: '', 'tenant-admin': '', admin: 'read change disrupt destroy' });
      }
    }
  });

  it('leave users to admins and, within a tenant, to its admins', () => {
    expect(table(thing('a', { kind: 'user' }), () => 'user.disable')).toEqual({
      viewer: '',
      operator: '',
      'tenant-admin': 'read change disrupt destroy',
      admin: 'read change disrupt destroy',
    });
    expect(table({ kind: 'tenant', id: 'a' }, () => 'user.create')).toMatchObject({
      operator: '',
      'tenant-admin': 'read change disrupt destroy',
    });
    expect(table({ kind: 'hub' }, () => 'user.list')).toMatchObject({ operator: '', 'tenant-admin': '' });
    expect(table(thing('b', { kind: 'user' }), () => 'user.disable')).toMatchObject({ 'tenant-admin': '' });
  });

  it('let everybody change their own password and their own tokens, and nothing else of themselves', () => {
    const viewer = actorOf('viewer');
    const self = thing('a', { kind: 'user', id: viewer.id, owner: viewer.id });
    const other = thing('a', { kind: 'user', id: 'other', owner: 'other' });
    expect(may(viewer, ['user.password.set', 'change'], self)).toBe(true);
    expect(may(viewer, ['user.password.set', 'change'], other)).toBe(false);
    expect(may(viewer, ['user.update', 'change'], self)).toBe(false);
    expect(may(viewer, ['token.create', 'change'], { kind: 'hub' })).toBe(true);
    expect(may(viewer, ['token.revoke', 'change'], thing('a', { kind: 'token', owner: viewer.id }))).toBe(true);
    for (const role of ROLES)
      expect([role, may(actorOf(role), ['token.revoke', 'change'], thing('a', { kind: 'token', owner: 'other' }))]).toEqual([
        role,
        role === 'admin',
      ]);
  });

  it('say which policy decided', () => {
    const answer = policy.authorize({ actor: actorOf('operator', 'b'), action: { id: 'vm.stop', risk: 'disrupt' }, resource: thing('a') });
    expect(answer).toEqual({ allowed: false, reasons: ['tenant-wall'] });
  });
});

describe('what an actor may do anywhere', () => {
  it('is what may be done on at least one thing', () => {
    const anywhere = (role: Role, id: string, risk: Risk) => policy.mayAnywhere(actorOf(role), { id, risk });
    expect(anywhere('viewer', 'vm.list', 'read')).toBe(true);
    expect(anywhere('viewer', 'vm.create', 'change')).toBe(false);
    expect(anywhere('viewer', 'user.password.set', 'change')).toBe(true);
    expect(anywhere('operator', 'vm.stop', 'disrupt')).toBe(true);
    expect(anywhere('operator', 'vm.delete', 'destroy')).toBe(false);
    expect(anywhere('operator', 'metrics.sql', 'read')).toBe(false);
    expect(anywhere('tenant-admin', 'user.create', 'change')).toBe(true);
  });

  it('covers what is allowed somewhere: nothing that the door would do is missing in the help', () => {
    fc.assert(
      fc.property(
        actor,
        action,
        fc.oneof(
          resource.map((it) => ({ ...it, kind: 'vm' })),
          fc.constant({ kind: 'hub' as const }),
        ),
        (actor, action, resource) => {
          expect(policy.authorize({ actor, action, resource }).allowed && !policy.mayAnywhere(actor, action)).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('policies that are added', () => {
  it('are refused with the reason when they do not parse, do not fit the schema, or take a shipped name', () => {
    const bad = {
      'permit (principal, action': /unexpected/,
      'permit (principal, action, resource) when { principal.rolle == "admin" };': /rolle/,
      'permit (principal, action == Action::"fly", resource);': /fly/,
      'permit (principal, action, resource) when { resource.tenant == "a" };': /tenant/,
      '@id("tenant-wall") permit (principal, action, resource);': /taken/,
      '@id("x") permit (principal, action, resource); @id("x") forbid (principal, action, resource);': /two policies/,
    };
    for (const [extraPolicies, reason] of Object.entries(bad)) {
      expect(() => createPolicy({ extraPolicies })).toThrow(
        expect.objectContaining({ code: 'policy_invalid', message: expect.stringMatching(reason) as string }),
      );
    }
  });

  it('grant and forbid by action id, tag and owner', () => {
    const extra = createPolicy({
      extraPolicies: `
        @id("no-prod") forbid (principal, action == Action::"disrupt", resource) when { resource is Thing && resource.tags.contains("prod") } unless { principal.role == "admin" };
        permit (principal, action == Action::"disrupt", resource) when { context.action == "vm.reboot" && resource is Thing && resource has owner && resource.owner == principal.id };`,
    });
    const ask = (actor: Actor, resource: Resource) => extra.authorize({ actor, action: { id: 'vm.reboot', risk: 'disrupt' }, resource });
    expect(ask(actorOf('operator'), thing('a', { tags: ['prod'] }))).toEqual({ allowed: false, reasons: ['no-prod'] });
    expect(ask(actorOf('operator'), thing('a')).allowed).toBe(true);
    expect(ask(actorOf('viewer'), thing('a', { owner: 'viewer-id' }))).toEqual({ allowed: true, reasons: ['extra-2'] });
    expect(ask(actorOf('viewer'), thing('a', { owner: 'other' })).allowed).toBe(false);
  });

  it('leave other policies of the same process alone', () => {
    createPolicy({ extraPolicies: 'forbid (principal, action, resource);' });
    expect(may(actorOf('viewer'), ['vm.list', 'read'], { kind: 'hub' })).toBe(true);
  });
});
