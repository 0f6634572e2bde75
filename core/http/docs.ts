import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from './deps.ts';
import { openApiDocument } from '../surfaces/openapi.ts';

/** `/api/v1/openapi.json` and Swagger UI at `/docs`; both only describe, so they need no sign-in. */
export async function registerDocs(app: FastifyInstance, deps: Pick<HttpDeps, 'declared' | 'version' | 'config'>): Promise<void> {
  const document = openApiDocument({ version: deps.version, url: deps.config.publicUrl ?? '/', declared: deps.declared() });
  app.get('/api/v1/openapi.json', async () => document);
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'none', persistAuthorization: false, filter: true },
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  });
}
