import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HubError } from '../../contract/errors.ts';
import { actorOf } from '../authenticate.ts';
import type { HttpDeps } from '../deps.ts';
import { goneSignal } from '../gone.ts';

export function registerAudit(app: FastifyInstance, { audit }: Pick<HttpDeps, 'audit'>): void {
  const onlyReaders = async (request: FastifyRequest): Promise<void> => {
    if (!audit.mayRead(actorOf(request)))
      throw new HubError('permission_denied', 'You may not read the audit of this hub.', { status: 403 });
  };
  app.get('/audit/verify', { preHandler: onlyReaders }, async () => audit.verify());
  app.get('/audit/export', { preHandler: onlyReaders }, async (_request, reply) => {
    const lines = new PassThrough();
    const gone = goneSignal(reply);
    const write = async (line: string): Promise<void> => {
      gone.throwIfAborted();
      if (!lines.write(`${line}\n`)) await once(lines, 'drain', { signal: gone });
    };
    // The answer has begun when a line fails: the cut connection is then what tells the client.
    audit.exportTo(write).then(
      () => lines.end(),
      (error: unknown) => lines.destroy(error instanceof Error ? error : new Error('The export failed.', { cause: error })),
    );
    return reply.type('application/x-ndjson').send(lines);
  });
}
