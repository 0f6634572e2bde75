import { request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../core/surfaces/openapi.ts';
import { ask, serve, startServed } from './client.ts';

const lab = await startServed();
const { hub, operator, served } = lab;
afterAll(() => lab[Symbol.asyncDispose]());

/** fetch() forbids these headers, so the bare client. */
function sendRaw(url: string, headers: Record<string, string>, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = rawRequest(url, { method, headers }, (response) => {
      let body = '';
      response
        .on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
        .on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });
}

describe('pages of others', () => {
  it('cannot reach the hub under a name of theirs', async () => {
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:7780', 'a b', '127.0.0.1@evil.example'])
      expect((await sendRaw(`${hub.url}/healthz`, { host })).status).toSatisfy((status: number) => status === 421 || status === 400);
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:7780', 'hub.localhost', '10.1.2.3:80'])
      expect((await sendRaw(`${hub.url}/healthz`, { host })).status).toBe(200);
    const url = await served({ config: { host: '127.0.0.1', port: 0, publicUrl: 'https://nova.example' } });
    expect((await sendRaw(`${url}/healthz`, { host: 'nova.example' })).status).toBe(200);
  });

  it('cannot send a signed-in browser to act', async () => {
    const url = `${hub.url}/api/v1/auth/refresh`;
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${hub.url}0` },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expect(await sendRaw(url, headers, 'POST')).toMatchObject({
        status: 403,
        body: expect.stringContaining('request_origin') as unknown,
      });
    expect((await sendRaw(url, { origin: hub.url }, 'POST')).status).toBe(401);
  });

  it('get no permission to read answers, and the own page runs own files only', async () => {
    const { headers } = await ask(`${hub.url}/healthz`, { headers: { origin: 'https://evil.example' } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
  });
});

describe('limits', () => {
  it('bound what one address and one person ask, with a time to come back', async () => {
    const url = await served({ config: { host: '127.0.0.1', port: 0, limits: { actorPerMinuteMax: 3, addressPerMinuteMax: 8 } } });
    const codes = [];
    for (let call = 0; call < 12; call += 1) codes.push((await ask(`${url}/api/v1/actions`, { token: operator })).status);
    expect(codes).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429, 429, 429, 429]);
    const last = await ask(`${url}/api/v1/actions`, { token: operator });
    expect(last.body).toMatchObject({ code: 'rate_limited', retryable: true, status: 429 });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(`${url}/healthz`)).status).toBe(200);
  });

  it('are stricter for guesses of passwords and tokens', async () => {
    const url = await served({ config: { host: '127.0.0.1', port: 0, limits: { authPerMinuteMax: 2 } } });
    const guess = () => ask(`${url}/api/v1/actions`, { token: 'nova_guess' });
    expect([(await guess()).status, (await guess()).status, (await guess()).status]).toEqual([401, 401, 429]);
    const signIn = () => ask(`${url}/api/v1/auth/sign-in`, { body: { name: 'nobody', password: 'x' } });
    expect([(await signIn()).status, (await signIn()).status, (await signIn()).status]).toEqual([401, 401, 429]);
  });
});

describe('the address of a client', () => {
  const tries = async (url: string) => {
    const from = (client: string) => ask(`${url}/api/v1/actions`, { token: 'nova_guess', headers: { 'x-forwarded-for': client } });
    return [(await from('192.0.2.1')).status, (await from('192.0.2.1')).status, (await from('192.0.2.2')).status];
  };
  const config = { host: '127.0.0.1', port: 0, limits: { authPerMinuteMax: 1 } };

  it('is what a trusted proxy says it is, so that clients behind it do not share a limit', async () => {
    expect(await tries(await served({ config: { ...config, trustedProxies: ['127.0.0.0/8'] } }))).toEqual([401, 429, 401]);
  });

  it('is that of the connection for everybody else, whatever the request says', async () => {
    expect(await tries(await served({ config }))).toEqual([401, 429, 429]);
    expect(await tries(await served({ config: { ...config, trustedProxies: ['192.0.2.9'] } }))).toEqual([401, 429, 429]);
  });
});

describe('bytes that are no HTTP', () => {
  it('get a problem and the connection is closed', async () => {
    const { hostname, port } = new URL(hub.url);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => socket.write('HELLO THERE\r\n\r\n'));
      socket
        .on('data', (chunk) => (text += chunk.toString('utf8')))
        .on('end', () => resolve(text))
        .on('error', reject);
    });
    expect(answer).toContain('400 Bad Request');
    expect(answer).toContain('request_malformed');
  });
});

describe('signing in', () => {
  it('gives a browser its refresh token in a cookie that scripts and other sites cannot use', async () => {
    const code = await hub.identity.createSignInLink(hub.as('operator').id);
    const reply = await ask(`${hub.url}/api/v1/auth/link`, { body: { code, cookie: true } });
    expect(reply).toMatchObject({ status: 200, body: { actor: { role: 'operator' } } });
    expect(reply.body['refreshToken']).toBeUndefined();
    const cookie = reply.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^nova_refresh=[^;]+;.*HttpOnly/u);
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).toContain('Path=/api/v1/auth');
    const pair = { cookie: cookie.split(';', 1)[0] ?? '' };
    const fresh = await ask(`${hub.url}/api/v1/auth/refresh`, { body: {}, headers: pair });
    expect(fresh.status).toBe(200);
    expect((await ask(`${hub.url}/api/v1/auth/me`, { token: String(fresh.body['accessToken']) })).body).toMatchObject({
      actor: { name: 'operator.default' },
    });
    expect((await ask(`${hub.url}/api/v1/auth/link`, { body: { code } })).status).toBe(401);
    expect((await ask(`${hub.url}/api/v1/auth/refresh`, { body: {}, headers: pair })).body).toMatchObject({ code: 'auth_reused' });
  });

  it('gives programs the refresh token itself, until they sign out', async () => {
    const code = await hub.identity.createSignInLink(hub.as('viewer').id);
    const { body } = await ask(`${hub.url}/api/v1/auth/link`, { body: { code } });
    const { refreshToken } = body;
    expect((await ask(`${hub.url}/api/v1/auth/sign-out`, { body: { refreshToken } })).status).toBe(204);
    expect((await ask(`${hub.url}/api/v1/auth/refresh`, { body: { refreshToken } })).status).toBe(401);
    expect((await ask(`${hub.url}/api/v1/auth/refresh`, { body: {} })).body).toMatchObject({ code: 'auth_missing' });
  });
});

describe('what machines read', () => {
  it('says when the hub is not ready, and why', async () => {
    const unready = await served({ health: async () => ({ ready: false, reasons: ['postgresql: gone'] }) });
    expect(await ask(`${unready}/readyz`)).toMatchObject({ status: 503, body: { status: 'unready', reasons: ['postgresql: gone'] } });
    const degraded = await served({ health: async () => ({ ready: true, reasons: ['plugin x: failed'] }) });
    expect(await ask(`${degraded}/readyz`)).toMatchObject({ status: 200, body: { status: 'degraded' } });
    expect(await ask(`${hub.url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ready', reasons: [] } });
    expect(await ask(`${degraded}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('counts requests by route, not by path', async () => {
    await ask(`${hub.url}/api/v1/jobs/some-id`, { token: operator });
    const { text, headers } = await ask(`${hub.url}/metrics`);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(/novacron_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/jobs\/:id",status="404"\} \d/u);
    expect(text).not.toContain('some-id');
    expect(text).toContain('process_cpu_seconds_total');
    const proxied = { 'x-forwarded-for': '192.0.2.1' };
    expect((await ask(`${hub.url}/metrics`, { headers: proxied })).status).toBe(401);
    expect((await ask(`${hub.url}/metrics`, { headers: proxied, token: operator })).status).toBe(200);
  });

  it('is described by an OpenAPI 3.1 document whose references all lead somewhere', async () => {
    const { body } = await ask(`${hub.url}/api/v1/openapi.json`);
    expect(body).toMatchObject({
      openapi: '3.1.0',
      servers: [{ url: '/api/v1' }],
      components: { securitySchemes: { bearer: { scheme: 'bearer' } } },
    });
    const paths = body['paths'] as Record<string, Record<string, { operationId: string; parameters?: { name?: string }[] }>>;
    expect(paths['/actions/thing.create']).toMatchObject({ post: { responses: { 202: {}, 409: {}, default: {} } } });
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/gu)].map(([, path]) => (path ?? '').split('/'));
    const resolve = (path: string[]) => path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], body);
    expect(references.filter((path) => resolve(path) === undefined)).toEqual([]);
    expect(openApiDocument({ version: '1', url: 'https://nova.example/', declared: [] }).servers).toEqual([
      { url: 'https://nova.example/api/v1' },
    ]);
  });

  it('has a page that shows it', async () => {
    const docs = await ask(`${hub.url}/docs/`, { headers: { accept: 'text/html' } });
    expect(docs.status).toBe(200);
    expect(docs.text).toContain('swagger-ui');
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect((await ask(`${hub.url}/docs/static/swagger-initializer.js`)).status).toBe(200);
  });
});

describe('pages of plugins', () => {
  it('are served without a way out of their folder, and answer their own paths', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'novacron-pages-'));
    try {
      await writeFile(join(folder, 'index.html'), '<!doctype html><title>Page</title>');
      await writeFile(join(folder, 'app-abcdef12.js'), 'export {}');
      const url = await served({ pages: new Map([['/', pathToFileURL(`${folder}/`)]]) });
      const html = { headers: { accept: 'text/html' } };
      expect((await ask(url, html)).text).toContain('Page');
      expect((await ask(`${url}/vms/web-1`, html)).text).toContain('Page');
      expect((await ask(`${url}/app-abcdef12.js`)).headers.get('cache-control')).toContain('immutable');
      expect((await ask(`${url}/api/v1/nothing`, html)).status).toBe(404);
      for (const path of ['/..%2f..%2fetc%2fpasswd', '/%2e%2e/%2e%2e/etc/passwd', '/.env', '/missing.js'])
        expect((await sendRaw(`${url}${path}`, {})).status).toBeGreaterThanOrEqual(400);
      expect((await sendRaw(`${url}/..%2f..%2fetc%2fpasswd`, { accept: 'text/html' })).body).not.toContain('root:');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('say what to do when they are not built', async () => {
    const url = await served({ pages: new Map([['/', new URL('file:///nowhere/dist/')]]) });
    const reply = await ask(url, { headers: { accept: 'text/html' } });
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('not built');
  });
});

it('names the address when another program listens there', async () => {
  const port = Number(new URL(hub.url).port);
  await expect(serve(hub, { config: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'http_port_taken',
    message: expect.stringContaining(String(port)) as unknown,
  });
});
