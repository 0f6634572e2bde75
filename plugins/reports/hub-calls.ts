import { HubError } from 'novacron/plugin';
import type { HubAnswer, HubRequest } from './session/protocol.ts';

export interface HubCallOptions {
  /** Asked before each call: the hub may start after the notebook. */
  connection(): Promise<{ readonly url: string; readonly token: string }>;
  readonly signal: AbortSignal;
  /** Reports may not answer questions that are meant for people. */
  readonly mayConfirm: boolean;
}

const ANSWER_BYTES_MAX = 64 * 2 ** 20;
const PATHS = /^\/(?:actions|confirmations|jobs|resources|panels)(?:[/?]|$)/u;

function check({ method, path }: HubRequest, mayConfirm: boolean): void {
  if (!PATHS.test(path) || path.includes('..'))
    throw new HubError('notebook_call_refused', `A notebook cannot call ${path}; it calls actions, jobs and resources.`, { status: 403 });
  if (!mayConfirm && path.startsWith('/confirmations') && method === 'POST')
    throw new HubError('notebook_call_refused', 'A report cannot confirm: a person confirms in the chat, on the page or with the command line.', {
      status: 403,
    });
}

async function readBody(response: Response): Promise<unknown> {
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > ANSWER_BYTES_MAX)
    throw new HubError('notebook_answer_large', `The hub's answer has ${length} bytes; at most ${ANSWER_BYTES_MAX} are taken. Ask for less.`, {
      status: 413,
    });
  const text = await response.text();
  return text === '' ? null : JSON.parse(text);
}

/** Makes the notebook's calls of the hub. The token stays here: the process that runs cells never has it. */
export function createHubCalls({ connection, signal, mayConfirm }: HubCallOptions): (request: HubRequest) => Promise<HubAnswer> {
  return async (request) => {
    check(request, mayConfirm);
    const { url, token } = await connection();
    const { method, path, body } = request;
    try {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          'novacron-via': 'notebook',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await readBody(response) };
    } catch (error) {
      if (HubError.is(error)) throw error;
      throw new HubError('hub_unreachable', `The hub at ${url} does not answer. Is it running?`, { status: 503, cause: error });
    }
  };
}
