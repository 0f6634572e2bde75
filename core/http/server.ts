import type { AddressInfo } from 'node:net';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import { HubError } from '../contract/errors.ts';
import { createAuthenticate, rateLimited } from './authenticate.ts';
import { HttpLimits } from '../plugins/hub-config.ts';
import type { HttpDeps } from './deps.ts';
import { registerDocs } from './docs.ts';
import { registerGuard } from './guard.ts';
import { registerMeasures } from './measure.ts';
import { registerPages } from './pages.ts';
import { RAW_BAD_REQUEST, registerProblems, sendProblem, toHubError, toProblem } from './problems.ts';
import { registerActions } from './routes/actions.ts';
import { registerAudit } from './routes/audit.ts';
import { registerAuth } from './routes/auth.ts';
import { registerEndpoints } from './routes/endpoints.ts';
import { registerEvents } from './routes/events.ts';
import { registerHealth } from './routes/health.ts';
import { registerJobs } from './routes/jobs.ts';
import { registerLive } from './routes/live.ts';
import { registerResources } from './routes/resources.ts';
import { createStreams, type Streams } from './streams.ts';

export interface Http {
  /** `http://127.0.0.1:7780`, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens when it returns. Errors: HubError `http_port_taken` names the address. */
export async function createHttp(deps: HttpDeps): Promise<Http> {
  const limits = HttpLimits.parse(deps.config.limits ?? {});
  const streams = createStreams(limits);
  const app = createApp(limits, deps.config.trustedProxies ?? []);
  app.addHook('preClose', async () => streams.stop());
  await registerWalls(app, { deps, limits, streams });
  const authenticate = createAuthenticate(app, deps, limits);
  const isSecure = deps.config.publicUrl?.startsWith('https:') ?? false;
  registerHealth(app, deps, authenticate);
  await app.register(async (scope) => registerDocs(scope, deps));
  await app.register(
    async (api) => {
      registerAuth(api, deps, { limits, isSecure, authenticate });
      registerLive(api, deps, { limits, streams });
      await registerEndpoints(api, deps, authenticate);
      await api.register(async (known) => {
        known.addHook('onRequest', authenticate);
        registerActions(known, deps);
        registerJobs(known, deps);
        registerResources(known, deps);
        registerEvents(known, deps, { limits, streams });
        registerAudit(known, deps);
      });
    },
    { prefix: '/api/v1' },
  );
  await registerPages(app, deps.pages);
  await listen(app, deps.config);
  return { url: urlOf(app, deps.config.host), close: () => app.close() };
}

function createApp(limits: HttpLimits, trustedProxies: readonly string[]): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void sendProblem(reply, toProblem(toHubError(error), { requestId: request.id })),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(RAW_BAD_REQUEST);
      else socket.destroy();
    },
  });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
  app.decorateRequest('actor', null);
  return app;
}

/** What every request passes before a route sees it. */
async function registerWalls(
  app: FastifyInstance,
  { deps, limits, streams }: { deps: HttpDeps; limits: HttpLimits; streams: Streams },
): Promise<void> {
  // First of all, since it closes the connection of an upgrade that a later wall refuses.
  await app.register(websocket, { options: { maxPayload: 64 * 1024 } });
  registerProblems(app, deps.log);
  registerMeasures(app, deps.registry, streams);
  registerGuard(app, deps.config.publicUrl);
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, actor } = request;
    deps.log.debug(
      { method, route: routeOptions.url, status: reply.statusCode, tookMs: Math.round(reply.elapsedTime), actor: actor?.name },
      'request',
    );
  });
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
    hsts: deps.config.publicUrl?.startsWith('https:') ?? false,
  });
  await app.register(cookie);
  await app.register(rateLimit, {
    global: true,
    max: limits.addressPerMinuteMax,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { ttl }) => rateLimited(Math.ceil(ttl / 1000)),
  });
}

/** Own files only; pictures may be inline data, and components position themselves by style attributes. */
const PAGE_POLICY = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:', 'blob:'],
  connectSrc: ["'self'"],
  fontSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

async function listen(app: FastifyInstance, { host, port }: HttpDeps['config']): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    const message = `Another program listens on ${host}:${port}; is a hub running already? Else set hub.port in plugins.json.`;
    throw new HubError('http_port_taken', message, { status: 503, cause: error });
  }
}

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
