import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { z } from 'zod';
import { HubError } from '../../contract/errors.ts';
import { Secret } from '../../contract/secret.ts';
import { actorOf } from '../authenticate.ts';
import type { Session } from '../../identity/identity.ts';
import type { HttpLimits } from '../../plugins/hub-config.ts';
import type { HttpDeps } from '../deps.ts';
import { read } from '../read.ts';

const COOKIE = 'nova_refresh';
const COOKIE_PATH = '/api/v1/auth';

/** `cookie: true` is what a browser asks: the refresh token then comes in a cookie that no script can read. */
const cookie = z.boolean().default(false);
const SignIn = z.object({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000), cookie });
const Link = z.object({ code: z.string().min(1).max(500), cookie });
const Refresh = z.object({ refreshToken: z.string().min(1).max(1000).optional() });

interface AuthOptions {
  readonly limits: HttpLimits;
  readonly isSecure: boolean;
  readonly authenticate: onRequestAsyncHookHandler;
}

export function registerAuth(app: FastifyInstance, { identity }: Pick<HttpDeps, 'identity'>, options: AuthOptions): void {
  const strict = { config: { rateLimit: { max: options.limits.authPerMinuteMax, timeWindow: 60_000, groupId: 'auth' } } };
  const give = (reply: FastifyReply, session: Session, inCookie: boolean) => {
    const { refreshToken, ...rest } = session;
    if (!inCookie) return reply.header('cache-control', 'no-store').send(session);
    const expires = new Date(session.refreshExpiresAt);
    void reply.setCookie(COOKIE, refreshToken, {
      path: COOKIE_PATH,
      httpOnly: true,
      sameSite: 'strict',
      secure: options.isSecure,
      expires,
    });
    return reply.header('cache-control', 'no-store').send(rest);
  };

  app.post('/auth/sign-in', strict, async (request, reply) => {
    const { name, password, cookie } = read(SignIn, request.body);
    return give(reply, await identity.signIn({ name, password: new Secret(password), address: request.ip }), cookie);
  });
  app.post('/auth/link', strict, async (request, reply) => {
    const { code, cookie } = read(Link, request.body);
    return give(reply, await identity.redeemSignInLink(code), cookie);
  });
  app.post('/auth/refresh', strict, async (request, reply) => {
    const { token, inCookie } = refreshTokenOf(request);
    return give(reply, await identity.refresh(token), inCookie);
  });
  app.post('/auth/sign-out', strict, async (request, reply) => {
    await identity.signOut(refreshTokenOf(request).token);
    return reply.clearCookie(COOKIE, { path: COOKIE_PATH }).code(204).send();
  });
  app.get('/auth/me', { onRequest: options.authenticate }, async (request) => ({ actor: actorOf(request) }));
  app.post('/auth/link-code', { onRequest: options.authenticate }, async (request) => ({
    code: await identity.createLinkCode(actorOf(request)),
  }));
}

function refreshTokenOf(request: FastifyRequest): { token: string; inCookie: boolean } {
  const { refreshToken } = read(Refresh, request.body);
  const fromCookie = request.cookies[COOKIE];
  const token = refreshToken ?? fromCookie;
  if (token === undefined) throw new HubError('auth_missing', 'There is no session to go on with; sign in.', { status: 401 });
  return { token, inCookie: refreshToken === undefined };
}
