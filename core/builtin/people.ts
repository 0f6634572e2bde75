import { z } from 'zod';
import { HubError, ref, type Action, type Actor, type Clock } from '../contract.ts';
import type { Identity } from '../identity/identity.ts';

const UserName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits, dots and dashes');
const RoleName = z.enum(['viewer', 'operator', 'tenant-admin', 'admin']);
const User = z.looseObject({ id: z.string(), name: z.string(), role: z.string(), tenant: z.string() });
const Nothing = z.strictObject({});
const DAY_MS = 86_400_000;

type ActionMap = Readonly<Record<string, Action>>;

export interface PeopleDeps {
  readonly identity: Identity;
  readonly tenants: readonly string[];
  readonly clock: Clock;
}

/** `me.*`, `user.*`, `token.*`: people, their links to chat, and tokens for programs. */
export const peopleActions = (deps: PeopleDeps): ActionMap => ({ ...meActions(deps), ...userActions(deps), ...tokenActions(deps) });

async function mustFind(identity: Identity, name: string): Promise<Actor> {
  const user = await identity.actorByName(name);
  if (user === undefined) throw new HubError('user_unknown', `There is no user '${name}'.`, { status: 404 });
  return user;
}

const meActions = ({ identity }: PeopleDeps): ActionMap => ({
  'me.get': {
    title: 'Show who I am to the hub',
    label: 'Who am I',
    risk: 'read',
    input: Nothing,
    output: User,
    run: async ({ actor }) => actor,
    show: ({ name, role, tenant }) => ({ text: `You are ${name}, ${role} in tenant ${tenant}.` }),
  },
  'me.link-code': {
    title: 'Get a code that links my chat account',
    label: 'Link my chat account',
    risk: 'read',
    input: Nothing,
    output: z.strictObject({ code: z.string() }),
    run: async ({ actor }) => ({ code: await identity.createLinkCode(actor) }),
    show: ({ code }) => ({ text: `Type /nova link ${code} in Slack within 10 minutes.` }),
  },
});

const userActions = ({ identity, tenants }: PeopleDeps): ActionMap => ({
  'user.list': {
    title: 'List the users',
    label: 'Users',
    risk: 'read',
    input: Nothing,
    output: z.array(User),
    target: (_, actor) => ref('tenant', actor.tenant),
    run: async ({ actor }) => [...(await identity.listUsers(actor))],
  },
  'user.create': {
    title: 'Create a user',
    label: 'Create a user',
    risk: 'change',
    input: z.strictObject({
      name: UserName,
      role: RoleName.default('viewer'),
      tenant: z.enum(tenants as [string, ...string[]]).default(tenants[0] ?? 'default'),
      displayName: z.string().max(100).optional().meta({ title: 'Full name' }),
    }),
    output: User,
    positional: ['name', 'role'],
    target: ({ tenant }) => ref('tenant', tenant),
    run: ({ step, actor }, { name, role, tenant, displayName }) =>
      step(
        'create',
        async () =>
          (await identity.actorByName(name)) ?? identity.createUser({ name, displayName: displayName ?? name, role, tenant }, actor),
      ),
    show: ({ name, role, tenant }) => ({
      text: `${name} is ${role} in tenant ${tenant} now. Hand out the first sign-in with: user sign-in-link ${name}`,
    }),
  },
  'user.sign-in-link': {
    title: 'Get a code with which a user signs in once',
    label: 'Sign-in code',
    // A read, since what it returns must not be kept with a job.
    risk: 'read',
    input: z.strictObject({ name: UserName }),
    output: z.strictObject({ code: z.string() }),
    positional: ['name'],
    target: (_, actor) => ref('tenant', actor.tenant),
    async run({ actor }, { name }) {
      return { code: await identity.createSignInLink((await mustFind(identity, name)).id, actor) };
    },
    show: ({ code }) => ({ text: 'It can be used once, within 15 minutes.', code }),
  },
  'user.disable': {
    title: 'Disable a user and end all their sessions',
    label: 'Disable a user',
    risk: 'change',
    input: z.strictObject({ name: UserName }),
    output: z.strictObject({ name: z.string() }),
    positional: ['name'],
    target: (_, actor) => ref('tenant', actor.tenant),
    async run({ actor }, { name }) {
      await identity.disableUser((await mustFind(identity, name)).id, actor);
      return { name };
    },
  },
});

const tokenActions = ({ identity, clock }: PeopleDeps): ActionMap => ({
  'token.create': {
    title: 'Create an API token for a program',
    label: 'Create a token',
    risk: 'read',
    help: 'The token acts in your name, for the actions in scopes only. It is shown once.',
    input: z.strictObject({
      name: z.string().min(1).max(100),
      scopes: z
        .array(z.string().regex(/^[a-z*][a-z0-9.*-]*$/))
        .min(1)
        .max(50)
        .default(['*'])
        .meta({ description: 'Action ids or patterns: vm.*' }),
      days: z.int().min(1).max(365).default(90),
    }),
    output: z.strictObject({ id: z.string(), token: z.string(), expiresAt: z.number() }),
    positional: ['name'],
    async run({ actor }, { name, scopes, days }) {
      const expiresAt = clock.now() + days * DAY_MS;
      const { id, token } = await identity.createApiToken({ actor, name, scopes, expiresAt });
      return { id, token: token.reveal(), expiresAt };
    },
    show: ({ token, expiresAt }) => ({
      text: `Keep it now, it is not shown again. It ends on ${new Date(expiresAt).toISOString()}.`,
      code: token,
    }),
  },
  'token.list': {
    title: 'List my API tokens',
    label: 'My tokens',
    risk: 'read',
    input: Nothing,
    output: z.array(z.looseObject({ id: z.string(), name: z.string() })),
    run: async ({ actor }) => [...(await identity.listApiTokens(actor))],
  },
  'token.revoke': {
    title: 'Revoke an API token of mine',
    label: 'Revoke a token',
    risk: 'read',
    input: z.strictObject({ id: z.string().min(1).max(64) }),
    output: z.strictObject({ id: z.string() }),
    positional: ['id'],
    async run({ actor }, { id }) {
      await identity.revokeApiToken(id, actor);
      return { id };
    },
  },
});
