import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from './problems.ts';

/** Built files carry a hash in their name and never change; everything else is asked for again. */
const HASHED = /-[\w-]{8,}\.\w+$/u;

/** Static files of plugins. A page that is one application answers its own paths too: `/vms/web-1` is `/index.html`. */
export async function registerPages(app: FastifyInstance, pages: ReadonlyMap<string, URL>): Promise<void> {
  const built = [...pages].filter(([, folder]) => existsSync(folder));
  for (const [path, folder] of built) {
    await app.register(fastifyStatic, {
      root: fileURLToPath(folder),
      prefix: path.endsWith('/') ? path : `${path}/`,
      decorateReply: path === built[0]?.[0],
      wildcard: true,
      dotfiles: 'deny',
      cacheControl: false,
      setHeaders: (reply, file) =>
        void reply.header('cache-control', HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache'),
    });
  }
  const root = built.find(([path]) => path === '/')?.[1];
  app.setNotFoundHandler(async (request, reply) => {
    if (root !== undefined && isNavigation(request))
      return reply.header('cache-control', 'no-cache').sendFile('index.html', fileURLToPath(root));
    if (isNavigation(request) && request.url === '/') return welcome(reply, pages.has('/'));
    throw notFound(request);
  });
}

const isNavigation = (request: FastifyRequest): boolean =>
  request.method === 'GET' &&
  !request.url.startsWith('/api/') &&
  (request.headers.accept ?? '').includes('text/html') &&
  !/\.\w+$/u.test(pathOf(request));

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '';

function welcome(reply: FastifyReply, isDeclared: boolean): FastifyReply {
  const why = isDeclared ? 'The page is not built yet: run <code>npm run build</code>.' : 'No plugin offers a page here.';
  return reply
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><title>NovaCron</title><p>The hub is up. ${why} The API is described at <a href="/docs">/docs</a>.</p></html>`,
    );
}
