import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { HubError } from '../contract/errors.ts';
import type { Actor, Via } from '../contract/things.ts';
import type { HttpLimits } from '../plugins/hub-config.ts';
import type { HttpDeps, HttpIdentity } from './deps.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `authenticate`; read it with `actorOf`. */
    actor: Actor | null;
  }
}

export const actorOf = (request: FastifyRequest): Actor => {
  if (request.actor === null) throw signInFirst();
  return request.actor;
};

const signInFirst = (): HubError =>
  new HubError('auth_missing', 'Sign in first: send a token as `Authorization: Bearer …`.', { status: 401 });

/** An API token or an access token, whichever it is. */
export const verifyToken = (identity: HttpIdentity, token: string): Promise<Actor> =>
  token.startsWith('nova_') ? identity.verifyApiToken(token) : identity.verifyAccess(token);

/** When a verified token must be looked at again: when it expires, and every minute, since it may be revoked. */
export function recheckAt(token: string, now: number): number {
  const inAMinute = now + 60_000;
  if (token.startsWith('nova_')) return inAMinute;
  const { exp } = decodeJwt(token);
  return exp === undefined ? inAMinute : Math.min(inAMinute, exp * 1000);
}

/** A bearer token; or a token as the password of Basic, for programs that know nothing else (promtool, Grafana's own data sources). */
export function tokenOf(request: FastifyRequest): string | null {
  const { authorization = '' } = request.headers;
  const basic = /^Basic +([A-Za-z0-9+/=]{1,6000})$/iu.exec(authorization)?.[1];
  const given =
    basic === undefined
      ? authorization
      : `Bearer ${Buffer.from(basic, 'base64')
          .toString()
          .replace(/^[^:]*:/u, '')}`;
  return /^Bearer +([\w.~+/=-]{1,4096})$/iu.exec(given)?.[1] ?? null;
}

/** A hook for routes that need somebody: says who it is, and bounds how often they call and how often an address may guess. */
export function createAuthenticate(app: FastifyInstance, { identity }: Pick<HttpDeps, 'identity'>, limits: HttpLimits) {
  const failures = app.createRateLimit({
    max: limits.authPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: (request) => `failures:${request.ip}`,
  });
  const calls = app.createRateLimit({
    max: limits.actorPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: (request) => `actor:${request.actor?.id ?? ''}`,
  });
  return async (request: FastifyRequest): Promise<void> => {
    const token = tokenOf(request);
    if (token === null) throw signInFirst();
    const guesses = await failures(request, { increment: false });
    if (!guesses.isAllowed && guesses.remaining === 0) throw rateLimited(guesses.ttlInSeconds);
    try {
      request.actor = await verifyToken(identity, token);
    } catch (error) {
      await failures(request);
      throw error;
    }
    const made = await calls(request);
    if (!made.isAllowed && made.isExceeded) throw rateLimited(made.ttlInSeconds);
  };
}

export const rateLimited = (retryAfterSeconds: number): HubError =>
  new HubError('rate_limited', `Too many requests; try again in ${retryAfterSeconds} s.`, {
    status: 429,
    retryable: true,
    details: { retryAfterSeconds },
  });

const VIAS: readonly Via[] = ['http', 'cli', 'web', 'grafana', 'notebook', 'mcp'];

/** The surface says what it is in `NovaCron-Via`; it is for the audit only and gives no right. */
export const viaOf = (request: FastifyRequest): Via => VIAS.find((via) => via === request.headers['novacron-via']) ?? 'http';
