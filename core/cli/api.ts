import { HubError } from '../contract/errors.ts';
import type { Connection } from './connection.ts';

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** The hub's HTTP interface; a problem comes back as the HubError that the hub threw, with its details. */
export interface Api {
  request<T>(method: 'GET' | 'POST' | 'DELETE', path: string, options: RequestOptions): Promise<Answer<T>>;
  /** The bare answer, for streams. */
  open(path: string, options: RequestOptions): Promise<Response>;
}

export function createApi({ url, token }: Connection): Api {
  const send = async (method: string, path: string, { body, headers, signal }: RequestOptions): Promise<Response> => {
    try {
      return await fetch(`${url}/api/v1${path}`, {
        method,
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          'novacron-via': 'cli',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new HubError('hub_unreachable', `The hub at ${url} does not answer. Is it running? Start it with \`npm run up\`.`, {
        status: 503,
        retryable: true,
        cause: error,
      });
    }
  };
  return {
    async request(method, path, options) {
      const response = await send(method, path, options);
      if (!response.ok || (response.status !== 204 && !isJson(response))) throw await toError(response, url);
      // What the route answers is documented in the OpenAPI document; the caller names its type.
      return { status: response.status, body: (response.status === 204 ? null : await response.json()) as never };
    },
    async open(path, options) {
      const response = await send('GET', path, options);
      if (!response.ok) throw await toError(response, url);
      return response;
    },
  };
}

const isJson = (response: Response): boolean => /^application\/(?:problem\+)?json\b/u.test(response.headers.get('content-type') ?? '');

async function toError(response: Response, url: string): Promise<HubError> {
  const text = await response.text();
  if (response.ok || !isJson(response))
    return new HubError('hub_unreachable', `What answers at ${url} is no hub (status ${response.status}).`, { status: 503 });
  const { code, detail, status, retryable, type: _type, title: _title, ...details } = JSON.parse(text) as Record<string, unknown>;
  return new HubError(String(code), String(detail), { status: Number(status), retryable: retryable === true, details });
}
