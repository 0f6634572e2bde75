import type { Actor } from 'novacron/plugin';

/** What went wrong, as the hub says it. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(body: Readonly<Record<string, unknown>>) {
    super(String(body['detail']));
    this.name = 'Problem';
    this.code = String(body['code']);
    this.status = Number(body['status']);
    this.body = body;
  }
}

export interface Session {
  readonly actor: Actor;
  readonly accessToken: string;
  readonly accessExpiresAt: number;
}

const OFFLINE = { code: 'hub_unreachable', status: 0, detail: 'The hub does not answer. This page tries again by itself.' };

async function send(path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(`/api/v1${path}`, init).catch(() => {
    throw new Problem(OFFLINE);
  });
  if (response.status === 204) return null;
  const isJson = /json/u.test(response.headers.get('content-type') ?? '');
  if (!isJson) throw new Problem({ ...OFFLINE, status: response.status });
  const body = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Problem(body);
  return body;
}

const post = (path: string, body: object): Promise<unknown> =>
  send(path, { method: 'POST', headers: { 'content-type': 'application/json', 'novacron-via': 'web' }, body: JSON.stringify(body) });

export const signIn = (name: string, password: string): Promise<Session> =>
  post('/auth/sign-in', { name, password, cookie: true }) as Promise<Session>;
export const redeemLink = (code: string): Promise<Session> => post('/auth/link', { code, cookie: true }) as Promise<Session>;
export const signOut = (): Promise<unknown> => post('/auth/sign-out', {});

/** Of whoever is signed in on this page; kept in memory only. */
let accessToken = '';

export const setAccessToken = (token: string): void => {
  accessToken = token;
};

let refreshing: Promise<Session> | null = null;

/**
 * A new access token for the cookie that the browser holds. One at a time, in all tabs: each use makes the cookie a new one, and the
 * hub takes a second use of an old one for theft.
 */
export function refresh(): Promise<Session> {
  const ask = (): Promise<Session> => post('/auth/refresh', {}) as Promise<Session>;
  refreshing ??= Promise.resolve('locks' in navigator ? navigator.locks.request('nova-refresh', ask) : ask()).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asks as the person who is signed in. */
export type Ask = <T>(path: string, options?: AskOptions) => Promise<T>;

/** `renew` is called once when the token has expired meanwhile (a laptop that slept). */
export function createAsk(renew: () => Promise<unknown>): Ask {
  const once = (path: string, { method = 'GET', body, headers, signal }: AskOptions): Promise<unknown> =>
    send(path, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        'novacron-via': 'web',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  return async (path, options = {}) => {
    try {
      return (await once(path, options)) as never;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await renew();
      return (await once(path, options)) as never;
    }
  };
}
