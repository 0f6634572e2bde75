import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../authenticate.ts';
import type { HttpDeps } from '../deps.ts';
import { figure, read } from '../read.ts';

const Search = z.object({ q: z.string().max(200).default(''), rowsMax: figure(1, 100).default(20) });
const OfKind = z.object({ resource: z.string().max(64).optional() });

export function registerResources(app: FastifyInstance, { resources, panels }: Pick<HttpDeps, 'resources' | 'panels'>): void {
  app.get('/resources', async () => ({ kinds: resources.kinds() }));
  app.get<{ Params: { kind: string } }>('/resources/:kind', async (request) => {
    const { q, rowsMax } = read(Search, request.query);
    return { resources: await resources.search(request.params.kind, { text: q, rowsMax }, actorOf(request)) };
  });
  app.get<{ Params: { kind: string; id: string } }>('/resources/:kind/:id', async (request) =>
    resources.card(request.params.kind, request.params.id, actorOf(request)),
  );
  app.get('/panels', async (request) => {
    const { resource } = read(OfKind, request.query);
    return { panels: panels().filter((panel) => resource === undefined || panel.resource === resource) };
  });
}
