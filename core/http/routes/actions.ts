import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HubError } from '../../contract/errors.ts';
import { hasEnded, type Job } from '../../contract/jobs.ts';
import type { Call, Outcome } from '../../contract/services.ts';
import { actorOf, viaOf } from '../authenticate.ts';
import type { HttpDeps } from '../deps.ts';
import { goneSignal } from '../gone.ts';
import { sendProblem, toProblem } from '../problems.ts';
import { figure, read } from '../read.ts';

export const WAIT_SECONDS_MAX = 60;

const Wait = z.object({ wait: figure(0, WAIT_SECONDS_MAX).default(0) });
const Headers = z.object({
  'idempotency-key': z.string().min(1).max(200).optional(),
  confirmation: z.string().min(1).max(500).optional(),
});

type Deps = Pick<HttpDeps, 'actions' | 'jobs'>;

export function registerActions(app: FastifyInstance, deps: Deps): void {
  const { actions } = deps;
  app.get('/actions', async (request) => ({ actions: actions.list(actorOf(request)) }));
  app.get<{ Params: { id: string } }>('/actions/:id', async (request) => actions.describe(request.params.id, actorOf(request)));
  app.post<{ Params: { id: string } }>('/actions/:id', async (request, reply) => {
    const { 'idempotency-key': key, confirmation } = read(Headers, request.headers);
    const gone = goneSignal(reply);
    const call = {
      ...callOf(request),
      signal: gone,
      ...(key !== undefined && { key }),
      ...(confirmation !== undefined && { confirmation }),
    };
    return answer(deps, { request, reply, gone, outcome: await actions.execute(request.params.id, request.body ?? {}, call) });
  });
  app.post<{ Params: { token: string } }>('/confirmations/:token', async (request, reply) => {
    const gone = goneSignal(reply);
    const outcome = await actions.confirm(request.params.token, { ...callOf(request), signal: gone });
    return answer(deps, { request, reply, gone, outcome });
  });
  app.delete<{ Params: { token: string } }>('/confirmations/:token', async (request, reply) => {
    await actions.decline(request.params.token, callOf(request));
    return reply.code(204).send();
  });
}

export const callOf = (request: FastifyRequest): Pick<Call, 'actor' | 'via'> => ({ actor: actorOf(request), via: viaOf(request) });

interface Answer {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly gone: AbortSignal;
  readonly outcome: Outcome;
}

async function answer({ actions, jobs }: Deps, { request, reply, gone, outcome }: Answer): Promise<unknown> {
  if (outcome.is === 'done') return { output: outcome.output, view: outcome.view };
  if (outcome.is === 'confirm') return sendProblem(reply, confirmationProblem(outcome));
  const { wait } = read(Wait, request.query);
  const job = wait === 0 ? outcome.job : await waitFor({ jobs }, { request, gone, job: outcome.job, waitMs: wait * 1000 });
  void reply.header('location', `/api/v1/jobs/${job.id}`);
  if (!hasEnded(job)) return reply.code(202).send({ job });
  return { job, ...(job.state.is === 'succeeded' && { view: actions.view(job) }) };
}

const confirmationProblem = ({ confirmation }: Outcome & { is: 'confirm' }) => {
  const who = confirmation.by === 'second-person' ? 'somebody else who may do it' : 'you';
  const message = `${confirmation.title}: ${who} must confirm this first. ${confirmation.plan.sentences.join(' ')}`;
  return toProblem(new HubError('confirmation_required', message, { status: 409 }), { confirmation });
};

/** The job as it is when it has ended, or after the wait; a client that leaves ends the wait, never the job. */
async function waitFor(
  { jobs }: Pick<Deps, 'jobs'>,
  options: Omit<Answer, 'reply' | 'outcome'> & { job: Job; waitMs: number },
): Promise<Job> {
  const { request, gone, job, waitMs } = options;
  const signal = AbortSignal.any([gone, AbortSignal.timeout(waitMs)]);
  try {
    return await jobs.wait(job.id, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return jobs.get(job.id, actorOf(request));
  }
}
