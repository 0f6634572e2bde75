import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, HubError } from '../../../core/contract.ts';
import { startTestHub } from '../../kit/hub.ts';
import { ask, tokenFor } from './client.ts';

const echo = definePlugin(
  { name: 'echo', api: 1, config: z.object({ word: z.string().default('hello') }), needs: {}, provides: {} },
  (tools) => ({
    endpoints: {
      'POST /things/:id': tools.endpoint({
        help: 'Answers with what it was asked',
        bodyBytesMax: 1_000,
        async handle({ actor, params, via, config }, request) {
          const { pathname, searchParams } = new URL(request.url);
          const said = {
            actor: actor?.role,
            params,
            via,
            word: config.word,
            pathname,
            q: searchParams.getAll('q'),
            text: await request.text(),
          };
          return Response.json(said, { status: 201, headers: { 'x-echo': request.headers.get('content-type') ?? 'none' } });
        },
      }),
      'POST /bytes': tools.endpoint({
        help: 'Takes its body as bytes',
        takesBytes: true,
        handle: async ({ bytes }, request) => Response.json({ bytes: [...bytes], inRequest: (await request.bytes()).length }),
      }),
      'GET /open': tools.endpoint({
        help: 'Answers anybody, piece by piece',
        auth: 'none',
        handle: ({ actor }) =>
          new Response(
            new ReadableStream({
              start(body) {
                for (const part of [`actor ${actor?.name ?? 'nobody'}, `, 'piece two']) body.enqueue(Buffer.from(part));
                body.close();
              },
            }),
          ),
      }),
      'GET /whole': tools.endpoint({
        help: 'Answers in one piece, as text or as bytes',
        auth: 'none',
        handle: (_, { url: asked }) => {
          const text = 'ä'.repeat(1000);
          const body = asked.endsWith('bytes') ? new TextEncoder().encode(text) : text;
          return { status: 203, headers: { 'content-type': 'text/x-whole; charset=utf-8' }, body };
        },
      }),
      'GET /refused': tools.endpoint({
        help: 'Refuses',
        auth: 'none',
        handle() {
          throw new HubError('echo_refused', 'Not today.', { status: 422 });
        },
      }),
      'GET /waiting': tools.endpoint({
        help: 'Waits until the caller has gone',
        auth: 'none',
        handle: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              left += 1;
              reject(new HubError('echo_left', 'Gone.', { status: 499 }));
            });
          }),
      }),
    },
  }),
);

const bad = definePlugin({ name: 'bad', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ endpoint }) => ({
  endpoints: { 'DELETE /x': endpoint({ help: 'x', handle: () => new Response() }) },
}));

let left = 0;
const hub = await startTestHub({ plugins: [echo, bad] });
afterAll(() => hub[Symbol.asyncDispose]());
const url = `${hub.url}/api/v1/echo`;

describe("a plugin's endpoint", () => {
  it('gets path, query, headers and the body as it was sent, and its answer goes out as it is', async () => {
    const { status, headers, body } = await ask(`${url}/things/a%2Fb?q=1&q=2`, {
      method: 'POST',
      token: await tokenFor(hub, 'viewer'),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'novacron-via': 'grafana' },
      body: 'x=1&y={',
    });
    expect([status, headers.get('x-echo'), headers.get('x-content-type-options')]).toEqual([
      201,
      'application/x-www-form-urlencoded',
      'nosniff',
    ]);
    expect(body).toEqual({
      actor: 'viewer',
      params: { id: 'a/b' },
      via: 'grafana',
      word: 'hello',
      pathname: '/api/v1/echo/things/a%2Fb',
      q: ['1', '2'],
      text: 'x=1&y={',
    });
  });

  it('gets a body as bytes when it asks for that, and then not in the request', async () => {
    const token = await tokenFor(hub, 'viewer');
    expect((await ask(`${url}/bytes`, { token, body: 'ab' })).body).toEqual({ bytes: [97, 98], inRequest: 0 });
    expect((await ask(`${url}/bytes`, { token, method: 'POST' })).body).toEqual({ bytes: [], inRequest: 0 });
  });

  it('takes a token as the password of Basic, but not from a page of another origin', async () => {
    const basic = `Basic ${Buffer.from(`any:${await tokenFor(hub, 'viewer')}`).toString('base64')}`;
    expect((await ask(`${url}/bytes`, { body: 'a', headers: { authorization: basic } })).status).toBe(200);
    const wrong = `Basic ${Buffer.from('any:nova_wrong').toString('base64')}`;
    expect((await ask(`${url}/bytes`, { body: 'a', headers: { authorization: wrong } })).status).toBe(401);
    const foreign = { authorization: basic, origin: 'https://elsewhere.example' };
    expect(await ask(`${url}/bytes`, { body: 'a', headers: foreign })).toMatchObject({ status: 403, body: { code: 'request_origin' } });
  });

  it('is for signed-in callers unless it says otherwise', async () => {
    expect(await ask(`${url}/things/a`, { method: 'POST' })).toMatchObject({ status: 401, body: { code: 'auth_missing' } });
    expect(await ask(`${url}/open`)).toMatchObject({ status: 200, text: 'actor nobody, piece two' });
  });

  it.each(['text', 'bytes'])('answers %s that is at hand in one piece, of a length that is said', async (kind) => {
    const { status, headers, text } = await ask(`${url}/whole?${kind}`);
    expect([status, headers.get('content-type'), headers.get('content-length'), headers.get('transfer-encoding')]).toEqual([
      203,
      'text/x-whole; charset=utf-8',
      '2000',
      null,
    ]);
    expect(text).toBe('ä'.repeat(1000));
  });

  it('refuses as problem+json, and a body beyond its limit before it is read', async () => {
    expect(await ask(`${url}/refused`)).toMatchObject({ status: 422, body: { code: 'echo_refused', detail: 'Not today.' } });
    const token = await tokenFor(hub, 'viewer');
    expect(await ask(`${url}/things/a`, { token, body: 'x'.repeat(1_001) })).toMatchObject({
      status: 413,
      body: { code: 'request_too_large' },
    });
  });

  it('is told when its caller has gone', async () => {
    await expect(fetch(`${url}/waiting`, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout/u);
    await expect.poll(() => left).toBe(1);
  });
});

describe('an endpoint that cannot be', () => {
  it('fails its plugin by name', () => {
    expect(hub.plugins().get('bad')).toMatchObject({ is: 'failed', error: { code: 'plugin_declaration' } });
  });
});
