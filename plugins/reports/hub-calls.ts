import { HubError, type Confirmation, type Job, type Json } from 'novacron/plugin';
import type { HubAnswer, HubRequest } from './session/protocol.ts';

export interface HubCallOptions {
  /** Asked before each call: the hub may start after the notebook. */
  connection(): Promise<{ readonly url: string; readonly token: string }>;
  readonly signal: AbortSignal;
}

/** How long one request may wait for the end of a job; the notebook asks again. */
const WAIT_SECONDS = 60;
const ANSWER_BYTES_MAX = 64 * 2 ** 20;

interface Body {
  readonly output?: Json;
  readonly job?: Job;
  readonly code?: string;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly confirmation?: Confirmation;
}

function pathOf(request: HubRequest): string {
  switch (request.is) {
    case 'call':
      return `/actions/${encodeURIComponent(request.action)}?wait=${WAIT_SECONDS}`;
    case 'confirm':
      return `/confirmations/${encodeURIComponent(request.token)}?wait=${WAIT_SECONDS}`;
    case 'job':
      return `/jobs/${encodeURIComponent(request.id)}`;
  }
}

function answerOf(status: number, { output, job, confirmation, code, detail, retryable = false }: Body): HubAnswer {
  if (confirmation !== undefined) return { is: 'asked', confirmation };
  if (job !== undefined) return { is: 'job', job };
  if (output !== undefined) return { is: 'output', output };
  return { is: 'error', code: code ?? 'hub_unreachable', message: detail ?? `The hub answered with status ${status}.`, status, retryable };
}

async function bodyOf(response: Response): Promise<Body> {
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > ANSWER_BYTES_MAX)
    throw new HubError(
      'notebook_answer_large',
      `The hub's answer has ${length} bytes; at most ${ANSWER_BYTES_MAX} are taken. Ask for less.`,
      {
        status: 413,
      },
    );
  return (await response.json()) as Body;
}

/** Makes a notebook's calls through the hub's HTTP interface, for a person who works in Jupyter. The process that runs cells never has the token. */
export function createHubCalls({ connection, signal }: HubCallOptions): (request: HubRequest) => Promise<HubAnswer> {
  return async (request) => {
    const { url, token } = await connection();
    const headers = { authorization: `Bearer ${token}`, 'novacron-via': 'notebook' };
    const post = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
    const init = request.is === 'job' ? { headers } : { ...post, body: JSON.stringify(request.is === 'call' ? request.input : {}) };
    try {
      const response = await fetch(`${url}/api/v1${pathOf(request)}`, { ...init, signal });
      return answerOf(response.status, await bodyOf(response));
    } catch (error) {
      if (HubError.is(error)) throw error;
      throw new HubError('hub_unreachable', `The hub at ${url} does not answer. Is it running?`, { status: 503, cause: error });
    }
  };
}
