import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { hasEnded } from '../../contract/jobs.ts';
import { actorOf } from '../authenticate.ts';
import type { HttpDeps } from '../deps.ts';
import { figure, read } from '../read.ts';
import { callOf } from './actions.ts';

const STATES = ['queued', 'waiting', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled', 'undone'] as const;

const Filter = z
  .object({
    /** One or more, by comma. */
    states: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(STATES)))
      .optional(),
    kind: z.string().max(64).optional(),
    id: z.string().max(200).optional(),
    rowsMax: figure(1, 500).default(50),
  })
  .refine(({ kind, id }) => (kind === undefined) === (id === undefined), 'kind and id name the target together');

export function registerJobs(app: FastifyInstance, { jobs, actions }: Pick<HttpDeps, 'jobs' | 'actions'>): void {
  app.get('/jobs', async (request) => {
    const { states, kind, id, rowsMax } = read(Filter, request.query);
    const target = kind === undefined || id === undefined ? undefined : { kind, id };
    return { jobs: await jobs.list({ rowsMax, ...(states && { states }), ...(target && { target }) }, actorOf(request)) };
  });
  app.get<{ Params: { id: string } }>('/jobs/:id', async (request) => {
    const job = await jobs.get(request.params.id, actorOf(request));
    return { job, ...(hasEnded(job) && job.state.is === 'succeeded' && { view: actions.view(job) }) };
  });
  app.post<{ Params: { id: string } }>('/jobs/:id/cancel', async (request, reply) => {
    const job = await jobs.cancel(request.params.id, callOf(request));
    return reply.code(hasEnded(job) ? 200 : 202).send({ job });
  });
}
