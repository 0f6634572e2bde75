import { setTimeout as sleep } from 'node:timers/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Events, SampleBatch } from '../../../core/contract.ts';
import { readEvents } from '../../../core/cli/sse.ts';
import { ask, serve, startServed, tokenFor } from './client.ts';

const lab = await startServed();
const { things, hub, operator, served } = lab;
afterAll(() => lab[Symbol.asyncDispose]());

interface Client {
  readonly socket: WebSocket;
  readonly messages: Record<string, unknown>[];
  /** The first message with this key, now or within 5 s. */
  has(key: string): Promise<Record<string, unknown>>;
  say(message: object): void;
  closed(): Promise<number>;
}

async function dial(url: string, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers });
  const messages: Record<string, unknown>[] = [];
  const closed = once(socket, 'close').then(([code]) => code as number);
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString('utf8')) as Record<string, unknown>));
  await Promise.race([once(socket, 'open'), once(socket, 'unexpected-response').then(() => Promise.reject(new Error('refused')))]);
  const has = async (key: string) => {
    for (let wait = 0; wait < 250; wait += 1) {
      const found = messages.find((message) => key in message);
      if (found !== undefined) return found;
      await sleep(20);
    }
    throw new Error(`No message with '${key}' came: ${JSON.stringify(messages)}`);
  };
  return { socket, messages, has, say: (message) => socket.send(JSON.stringify(message)), closed: () => closed };
}

const create = (name: string, tenant = 'default') => hub.run('thing.create', { name }, hub.as('operator', tenant));

describe('the live socket refuses', () => {
  it('pages of another origin', async () => {
    await expect(dial(hub.url, { origin: 'https://evil.example' })).rejects.toThrow('refused');
  });

  it('a wrong token, a subscription before the sign-in, and what is no message', async () => {
    for (const [message, code] of [
      [{ auth: 'nova_wrong' }, 4401],
      [{ subscribe: { events: [] } }, 4401],
      [{ hello: 1 }, 4400],
    ] as const) {
      const client = await dial(hub.url);
      client.say(message);
      expect(await client.closed()).toBe(code);
    }
  });

  it('another person on the same connection, and more connections than allowed', async () => {
    const url = await served({ config: { host: '127.0.0.1', port: 0, limits: { streamsPerActorMax: 1 } } });
    const first = await dial(url);
    first.say({ auth: operator });
    await first.has('ready');
    const second = await dial(url);
    second.say({ auth: operator });
    expect(await second.has('error')).toMatchObject({ error: { code: 'stream_too_many' } });
    expect(await second.closed()).toBe(4429);
    expect((await ask(`${url}/api/v1/events`, { token: operator })).status).toBe(429);
    first.say({ auth: await tokenFor(hub, 'viewer') });
    expect(await first.closed()).toBe(4401);
    const third = await dial(url);
    third.say({ auth: operator });
    await third.has('ready');
    third.socket.close();
  });

  it('to go on with a token that was revoked since', async () => {
    const actor = hub.as('operator');
    const { token, id } = await hub.identity.createApiToken({ actor, name: 'short', scopes: ['*'], expiresAt: Date.now() + 3_600_000 });
    // By this clock the next look at the token, a minute away, is due at once.
    const started = Date.now();
    let asked = 0;
    const url = await served({ clock: { now: () => started + 60_000 * (asked++ % 2) } });
    const client = await dial(url);
    client.say({ auth: token.reveal() });
    await client.has('ready');
    await hub.identity.revokeApiToken(id, actor);
    expect(await client.has('error')).toMatchObject({ error: { code: 'auth_invalid' } });
    expect(await client.closed()).toBe(4401);
  });
});

describe('events', () => {
  it('come as they happen, of the own tenant only', async () => {
    const client = await dial(hub.url);
    client.say({ auth: operator });
    client.say({ subscribe: { events: ['job.ended'] } });
    await client.has('ready');
    await sleep(100);
    await create('foreign', 'other');
    await create('mine');
    const { event } = await client.has('event');
    expect(event).toMatchObject({ type: 'job.ended', tenant: 'default', data: { job: { action: 'thing.create' } } });
    expect(client.messages.filter((message) => 'event' in message)).toHaveLength(1);
    client.socket.close();
  });

  it('are resumed after a cursor, over the socket and as server-sent events', async () => {
    await create('before');
    const stop = new AbortController();
    const sse = await fetch(`${hub.url}/api/v1/events?after=0&types=job.ended`, {
      headers: { authorization: `Bearer ${operator}` },
      signal: stop.signal,
    });
    expect(sse.headers.get('content-type')).toBe('text/event-stream');
    expect(sse.headers.get('x-content-type-options')).toBe('nosniff');
    const events = readEvents(sse);
    const first = (await events.next()).value as { id: string; data: { type: string } };
    expect(first.data.type).toBe('job.ended');
    stop.abort();
    const again = await fetch(`${hub.url}/api/v1/events?types=job.ended`, {
      headers: { authorization: `Bearer ${operator}`, 'last-event-id': first.id },
    });
    const next = (await readEvents(again).next()).value as { id: string };
    expect(Number(next.id)).toBeGreaterThan(Number(first.id));
    const client = await dial(hub.url);
    client.say({ auth: operator, subscribe: { events: ['job.ended'], after: Number(first.id) } });
    expect(await client.has('event')).toMatchObject({ event: { cursor: Number(next.id) } });
    client.socket.close();
  });

  it('refuse a cursor that is no number', async () => {
    expect(await ask(`${hub.url}/api/v1/events?after=x`, { token: operator })).toMatchObject({ status: 400 });
  });
});

describe('samples', () => {
  const listeners = new Set<(batch: SampleBatch) => void>();
  const metrics = {
    latest: (table: string) => [
      { table, entity: 'default/sampled', at: 1, values: { heat: 1 } },
      { table, entity: 'other/hidden', at: 1, values: { heat: 9 } },
    ],
    onWrite: (listener: (batch: SampleBatch) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  it('come newest first and then as they are written, of things that may be seen', async () => {
    for (const [name, tenant] of [
      ['sampled', 'default'],
      ['hidden', 'other'],
    ] as const)
      things.world.set(`${tenant}/${name}`, { name, tenant, tags: [], level: 1 });
    const client = await dial(await served({ metrics }));
    client.say({ auth: operator, subscribe: { metrics: ['thing'] } });
    expect(await client.has('samples')).toEqual({
      samples: { table: 'thing', at: 1, rows: [{ table: 'thing', entity: 'default/sampled', at: 1, values: { heat: 1 } }] },
    });
    const rows = ['default/sampled', 'other/hidden', 'default/gone'].map((entity) => ({ entity, values: { heat: 2n, cold: undefined } }));
    for (const write of listeners) write({ table: 'thing', at: 2, rows });
    for (const write of listeners) write({ table: 'other', at: 3, rows });
    await expect.poll(() => client.messages.length).toBe(3);
    expect(client.messages[2]).toEqual({
      samples: { table: 'thing', at: 2, rows: [{ entity: 'default/sampled', values: { heat: 2, cold: null } }] },
    });
    client.socket.close();
    await expect.poll(() => listeners.size).toBe(0);
  });
});

describe('a client that takes nothing', () => {
  const flood = (): Events => ({
    ...hub.events,
    subscribe: async function* ({ signal }: { signal: AbortSignal }) {
      for (let cursor = 1; !signal.aborted; cursor += 1) {
        yield {
          cursor,
          at: 0,
          type: 'plugin.changed',
          tenant: null,
          data: { plugin: 'x'.repeat(100_000), state: 's', reason: null },
        } as const;
        await sleep(0);
      }
    },
  });

  it('is closed, and the hub keeps no more for it than the network holds', async () => {
    const url = new URL(
      await served({ events: flood(), config: { host: '127.0.0.1', port: 0, limits: { slowClientMs: 300, clientBytesMax: 100_000 } } }),
    );
    for (const head of [
      `GET /api/v1/events HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${operator}\r\n\r\n`,
      upgrade(url.host),
    ]) {
      const socket = connect(Number(url.port), url.hostname);
      socket.pause();
      socket.write(head);
      await sleep(1500);
      // Only now it reads: what the network had taken, then the end.
      let bytes = 0;
      socket.on('data', (chunk) => (bytes += chunk.length)).resume();
      await once(socket, 'close');
      expect(bytes).toBeGreaterThan(0);
    }
  });

  const upgrade = (host: string) => {
    const text = Buffer.from(JSON.stringify({ auth: operator, subscribe: { events: [] } }));
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]), text]);
    return `GET /api/v1/live HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n${frame.toString('latin1')}`;
  };
});

it('ends all streams when the hub stops', async () => {
  const http = await serve(hub);
  const client = await dial(http.url);
  client.say({ auth: operator, subscribe: { events: [], metrics: ['thing'] } });
  await client.has('ready');
  const sse = await fetch(`${http.url}/api/v1/events`, { headers: { authorization: `Bearer ${operator}` } });
  await http.close();
  expect(await client.closed()).toBeGreaterThanOrEqual(1001);
  await expect(sse.text()).resolves.toContain('retry');
});
