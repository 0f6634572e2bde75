import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HubError } from '../contract/errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Two walls before anything else. Host: a page of another name that was pointed at this address (DNS rebinding) is refused; such an
 * attack needs a name, so addresses, localhost and the public name pass. Origin: a browser on another page cannot make it act: calls
 * with a bearer token need no such check, since no page can send one unasked.
 */
export function registerGuard(app: FastifyInstance, publicUrl: string | undefined): void {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host;
  app.addHook('onRequest', async (request) => {
    const host = hostOf(request);
    if (host === null || !mayBeOurs(host, publicHost))
      throw new HubError(
        'request_misdirected',
        'This hub is not called by that name; set hub.publicUrl in plugins.json to the name people use.',
        { status: 421 },
      );
    if (!mayCome(request, host, publicHost))
      throw new HubError('request_origin', 'A page of another origin may not call this hub.', { status: 403 });
  });
}

function hostOf(request: FastifyRequest): URL | null {
  const { host } = request.headers;
  return host !== undefined && /^[\w.:[\]-]{1,255}$/u.test(host) && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : null;
}

function mayBeOurs({ hostname, host }: URL, publicHost: string | undefined): boolean {
  const bare = hostname.replace(/^\[|\]$/gu, '');
  return isIP(bare) !== 0 || bare === 'localhost' || bare.endsWith('.localhost') || host === publicHost;
}

function mayCome(request: FastifyRequest, host: URL, publicHost: string | undefined): boolean {
  const { origin, authorization, upgrade } = request.headers;
  const isSafe = SAFE_METHODS.has(request.method) && upgrade === undefined;
  if (origin === undefined) return isSafe || request.headers['sec-fetch-site'] !== 'cross-site';
  if (isSafe || (/^Bearer /iu.test(authorization ?? '') && upgrade === undefined)) return true;
  const from = URL.canParse(origin) ? new URL(origin).host : null;
  return from !== null && (from === host.host || from === publicHost);
}
