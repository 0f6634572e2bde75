import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { WholeAnswer } from '../../contract/declare.ts';
import { viaOf } from '../authenticate.ts';
import type { HttpDeps } from '../deps.ts';
import { goneSignal } from '../gone.ts';
import { createRoom, type RoomyBody } from '../room.ts';

/** The endpoints of plugins, below their names. Bodies of any kind arrive as they were sent. */
export async function registerEndpoints(
  api: FastifyInstance,
  { endpoints }: Pick<HttpDeps, 'endpoints'>,
  authenticate: onRequestAsyncHookHandler,
): Promise<void> {
  const read = createRoom();
  await api.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, payload: AsyncIterable<Buffer>) =>
      read(payload, request.routeOptions.bodyLimit ?? 0),
    );
    for (const { plugin, key, endpoint, base } of endpoints) {
      const [method = 'GET', path = ''] = key.split(' ');
      scope.route<{ Params: Record<string, string> }>({
        method,
        url: `/${plugin}${path}`,
        ...(endpoint.bodyBytesMax !== undefined && { bodyLimit: endpoint.bodyBytesMax }),
        ...(endpoint.auth !== 'none' && { onRequest: authenticate }),
        handler: async (request, reply) => {
          const common = base();
          const { actor, params } = request;
          const signal = AbortSignal.any([common.signal, goneSignal(reply)]);
          const { takesBytes = false } = endpoint;
          const body = request.body as RoomyBody | undefined;
          const bytes = (takesBytes ? body?.bytes : undefined) ?? NOTHING;
          const context = { ...common, signal, actor, via: viaOf(request), params, bytes };
          try {
            return send(reply, await endpoint.handle(context, toWebRequest(request, takesBytes ? undefined : body?.bytes)));
          } finally {
            body?.release();
          }
        },
      });
    }
  });
}

const NOTHING = new Uint8Array(0);

function toWebRequest({ method, url, host, protocol, headers }: FastifyRequest, body: Uint8Array | undefined): Request {
  const given = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((each): [string, string] => [name, each]));
  return new Request(new URL(url, `${protocol}://${host}`), {
    method,
    headers: given,
    ...(body && { body: new Uint8Array(body) }),
  });
}

function send(reply: FastifyReply, answer: Response | WholeAnswer): FastifyReply {
  if (!(answer instanceof Response)) {
    const { status = 200, headers = {}, body } = answer;
    return reply.code(status).headers(headers).send(body);
  }
  void reply.code(answer.status);
  for (const [name, value] of answer.headers) void reply.header(name, value);
  return reply.send(answer.body === null ? null : Readable.fromWeb(answer.body as ReadableStream));
}
