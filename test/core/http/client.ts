import { Registry } from 'prom-client';
import type { Actor, Role } from '../../../core/contract.ts';
import type { HttpDeps } from '../../../core/http/deps.ts';
import { createHttp, type Http } from '../../../core/http/server.ts';
import { createLog } from '../../../core/log.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createThings } from '../../kit/things.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed when it is JSON. */
  readonly body: Record<string, unknown>;
}

/** One request; `body` is sent as JSON. */
export async function ask(
  url: string,
  options: { method?: string; body?: unknown; headers?: Record<string, string>; token?: string } = {},
): Promise<Reply> {
  const { body, token } = options;
  const response = await fetch(url, {
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...options.headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /\bjson\b/u.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, text, body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

export async function tokenFor(hub: TestHub, actor: Actor | Role, scopes = ['*']): Promise<string> {
  const who = typeof actor === 'string' ? hub.as(actor) : actor;
  const { token } = await hub.identity.createApiToken({ actor: who, name: 'test', scopes, expiresAt: Date.now() + 3_600_000 });
  return token.reveal();
}

/** A second HTTP server on the same hub, with other settings than the hub's own. */
export function serve(hub: TestHub, settings: Partial<HttpDeps> = {}): Promise<Http> {
  const clock = settings.clock ?? { now: () => Date.now() };
  return createHttp({
    config: { host: '127.0.0.1', port: 0 },
    log: createLog({ level: 'silent' })('http'),
    clock,
    version: '0',
    actions: hub.actions,
    jobs: hub.jobs,
    events: hub.events,
    metrics: hub.metrics,
    resources: hub.resources,
    identity: hub.identity,
    audit: { exportTo: (write) => hub.audit.exportTo(write), verify: () => hub.audit.verify(), mayRead: ({ role }) => role === 'admin' },
    declared: () => [],
    panels: () => [],
    endpoints: [],
    pages: new Map(),
    health: async () => ({ ready: true, reasons: [] }),
    registry: new Registry(),
    ...settings,
  });
}

/** A hub with things, an operator's token, and further HTTP servers on it that end with it. */
export async function startServed() {
  const things = createThings();
  const hub = await startTestHub({ plugins: [things.plugin] });
  const open: Http[] = [];
  return {
    things,
    hub,
    operator: await tokenFor(hub, 'operator'),
    /** The URL of a new one. */
    async served(settings: Partial<HttpDeps>): Promise<string> {
      const http = await serve(hub, settings);
      open.push(http);
      return http.url;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((http) => http.close()));
      await hub[Symbol.asyncDispose]();
    },
  };
}
