import type { FastifyReply } from 'fastify';

/**
 * Fires when the client has left before its answer was sent. (Fastify's own `request.signal` fires as soon as a request's body was read.)
 */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const abort = new AbortController();
  const { raw } = reply;
  raw.once('close', () => {
    if (!raw.writableFinished) abort.abort();
  });
  if (raw.destroyed) abort.abort();
  return abort.signal;
}
