import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../contract/errors.ts';
import type { Log } from '../contract/declare.ts';

/** RFC 9457, with the stable `code` of the HubError beside it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly [extension: string]: unknown;
}

export const toProblem = (error: HubError, extension: Readonly<Record<string, unknown>> = {}): Problem => ({
  ...error.details,
  ...extension,
  type: `urn:novacron:error:${error.code}`,
  title: STATUS_CODES[error.status] ?? 'Error',
  status: error.status,
  detail: error.message,
  code: error.code,
  retryable: error.retryable,
});

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What Fastify itself refuses, in our words. */
const REFUSALS: Readonly<Record<string, () => HubError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new HubError('request_too_large', 'The request body is larger than the hub accepts.', { status: 413 }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new HubError('request_media_type', 'Send the body as application/json.', { status: 415 }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => malformed('The length of the body is not what Content-Length says.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => malformed('The body is empty, though it is announced as JSON: send {} for no input.'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => malformed('The body is not valid JSON.'),
  FST_ERR_BAD_URL: () => malformed('The path of the request cannot be decoded.'),
  FST_ERR_MAX_PARAM_LENGTH: () => malformed('A part of the path is too long.'),
};

const malformed = (message: string): HubError => new HubError('request_malformed', message, { status: 400 });

/** Any thrown thing as the error that a client may see. What is nobody's fault but ours says nothing of its inside. */
export function toHubError(error: unknown): HubError {
  if (HubError.is(error)) return error;
  const { code, statusCode, message } = (error ?? {}) as Partial<FastifyError>;
  const refusal = code === undefined ? undefined : REFUSALS[code];
  if (refusal !== undefined) return refusal();
  if (error instanceof SyntaxError && statusCode === 400) return malformed('The body is not valid JSON.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new HubError('request_refused', message ?? 'Refused.', { status: statusCode });
  return new HubError('hub_internal', 'The hub made a mistake; its log names the reason under this request id.', {
    status: 500,
    cause: error,
  });
}

/** Every error leaves as problem+json. */
export function registerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const refused = toHubError(error);
    if (refused.status >= 500) log.error({ err: refused.cause ?? error, code: refused.code, requestId: request.id }, 'request failed');
    if (reply.raw.headersSent) return reply;
    const retryAfter = refused.details['retryAfterSeconds'];
    if (typeof retryAfter === 'number') void reply.header('retry-after', String(retryAfter));
    if (refused.status === 401) void reply.header('www-authenticate', 'Bearer');
    return sendProblem(reply, toProblem(refused, { requestId: request.id }));
  });
}

export const notFound = (request: FastifyRequest): HubError =>
  new HubError(
    'route_unknown',
    `There is nothing at ${request.method} ${request.url.split('?', 1)[0]?.slice(0, 200)}; /docs lists what there is.`,
    { status: 404 },
  );

/** For what is no HTTP at all: answered on the bare socket. */
export const RAW_BAD_REQUEST: string = (() => {
  const body = JSON.stringify(toProblem(malformed('The request is not valid HTTP.')));
  return `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
})();
