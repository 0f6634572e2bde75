import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EventGap, EventTypes, HubEvent } from '../../contract/services.ts';
import { actorOf, recheckAt, tokenOf, verifyToken } from '../authenticate.ts';
import type { HttpLimits } from '../../plugins/hub-config.ts';
import type { HttpDeps } from '../deps.ts';
import { goneSignal } from '../gone.ts';
import { figure, read } from '../read.ts';
import type { Streams } from '../streams.ts';

const HEARTBEAT_MS = 15_000;

const Query = z.object({ after: figure(0, Number.MAX_SAFE_INTEGER).optional(), types: z.string().max(1000).optional() });

type Deps = Pick<HttpDeps, 'events' | 'identity' | 'clock' | 'log'>;

/** Server-sent events: `id` is the cursor, so that a browser's own reconnect goes on where it was. */
export function registerEvents(app: FastifyInstance, deps: Deps, { limits, streams }: { limits: HttpLimits; streams: Streams }): void {
  app.get('/events', async (request, reply) => {
    const query = read(Query, request.query);
    const resumed = read(Query.pick({ after: true }), { after: request.headers['last-event-id'] || undefined }).after;
    const after = resumed ?? query.after;
    const actor = actorOf(request);
    const abort = new AbortController();
    const place = streams.enter(actor, () => abort.abort());
    const signal = AbortSignal.any([abort.signal, goneSignal(reply)]);
    const types = query.types?.split(',') as (keyof EventTypes)[] | undefined;
    const events = deps.events.subscribe({ actor, signal, ...(after !== undefined && { after }), ...(types && { types }) });
    const raw = openStream(reply);
    const timers = keepAlive(deps, { request, raw, abort });
    try {
      for await (const event of events) await writeEvent(raw, event, { signal, slowClientMs: limits.slowClientMs });
    } catch (error) {
      if (!signal.aborted) deps.log.warn({ err: error, actor: actor.name }, 'event stream ended early');
    } finally {
      timers.stop();
      place.leave();
      // What a slow client has not taken by now is not worth waiting for.
      if (raw.writableNeedDrain) raw.destroy();
      else raw.end();
    }
  });
}

function openStream(reply: FastifyReply): ServerResponse {
  reply.hijack();
  const headers = Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  reply.raw.write('retry: 2000\n\n');
  return reply.raw;
}

async function writeEvent(
  raw: ServerResponse,
  event: HubEvent | EventGap,
  options: { signal: AbortSignal; slowClientMs: number },
): Promise<void> {
  const written = raw.write(`id: ${event.cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  if (!written) await once(raw, 'drain', { signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.slowClientMs)]) });
}

/** Heartbeats, and a second look at the token when it expires or may have been revoked. */
function keepAlive(deps: Deps, { request, raw, abort }: { request: FastifyRequest; raw: ServerResponse; abort: AbortController }) {
  const token = tokenOf(request) ?? '';
  const beat = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(':\n\n');
  }, HEARTBEAT_MS);
  let check: NodeJS.Timeout;
  const plan = () => {
    check = setTimeout(
      () => {
        verifyToken(deps.identity, token).then(plan, () => abort.abort());
      },
      Math.max(0, recheckAt(token, deps.clock.now()) - deps.clock.now()) + 50,
    );
  };
  plan();
  return {
    stop: () => {
      clearInterval(beat);
      clearTimeout(check);
    },
  };
}
