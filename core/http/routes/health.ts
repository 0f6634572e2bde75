import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { HttpDeps } from '../deps.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** What a proxy hands on comes from elsewhere, though its own address is this machine's. */
const isLocal = ({ ip, headers }: FastifyRequest): boolean =>
  LOOPBACK.has(ip) && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;

/** For machines that watch the hub. Figures are for everybody on this machine, and elsewhere for those with a token. */
export function registerHealth(
  app: FastifyInstance,
  deps: Pick<HttpDeps, 'health' | 'registry' | 'version'>,
  authenticate: onRequestAsyncHookHandler,
): void {
  const unlimited = { config: { rateLimit: false } } as const;
  app.get('/healthz', unlimited, async () => ({ status: 'ok', version: deps.version }));
  app.get('/readyz', unlimited, async (_request, reply) => {
    const { ready, reasons } = await deps.health();
    const status = !ready ? 'unready' : reasons.length > 0 ? 'degraded' : 'ready';
    return reply.code(ready ? 200 : 503).send({ status, reasons });
  });
  app.get('/metrics', async (request, reply) => {
    if (!isLocal(request)) await authenticate.call(app, request, reply);
    return reply.type(deps.registry.contentType).send(await deps.registry.metrics());
  });
}
