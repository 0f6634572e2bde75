import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Secret, type Clock, type Log } from 'novacron/plugin';
import { WebSocketServer, type WebSocket } from 'ws';
import { fail, type Answer, type ApiDeps } from './api-method.ts';
import { refuseMessage } from './block-limits.ts';
import { json, startServer, type Reply, type Request } from './http-server.ts';
import type { Interactions } from './interaction-calls.ts';
import { createInteractions } from './interactions.ts';
import { takeUpload } from './methods-files.ts';
import { answerPage, stateFor, type PageDeps } from './page-routes.ts';
import type { OpenSandbox, SandboxApp, SandboxUser } from './port.ts';
import type { Block } from './protocol.ts';
import { createSocketMode, type EnvelopeType, type Ack, type SocketMode } from './socket-mode.ts';
import { createTickets, type Tickets } from './tickets.ts';
import { createWebApi, parseArgs } from './web-api.ts';
import { BOT_USER_ID, createWorkspace, isFor, LIMITS, SLACKBOT_ID, TEAM_ID, type Workspace } from './workspace.ts';

export interface SandboxOptions {
  /** Loopback only; default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder of the built page. */
  readonly pageDir?: URL;
}

/** What goes wrong with a chat service; for tests of the app. */
export interface Faults {
  /** Sends the newest envelope of this type once more. */
  redeliver(type: EnvelopeType): Promise<Ack>;
  /** Cuts the app's sockets without a word. */
  cut(): void;
  /** Answers the next call of this method with 429 and `Retry-After: 1`. */
  rateLimitNext(method: string): void;
  /** Answers every call with HTTP 503 until it is set back. */
  outage(on: boolean): void;
  /** Calls that were refused by an outage. */
  refused(): number;
}

/** One call of the Web API, as the sandbox saw it. */
export interface Call {
  readonly method: string;
  readonly ok: boolean;
  readonly error: string | null;
}

export interface RunningSandbox extends OpenSandbox {
  readonly pageKey: Secret;
  readonly url: string;
  readonly faults: Faults;
  /** The newest 1,000 calls of the app. */
  readonly calls: readonly Call[];
  close(): Promise<void>;
}

const CALLS_MAX = 1_000;
const PAGE_CONNECTIONS_MAX = 50;
const SOCKET_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
const PREPARED: readonly SandboxUser[] = [
  { chatUserId: 'U0ADMIN', name: 'admin', displayName: 'Admin', role: 'admin' },
  { chatUserId: 'U0OPERATOR', name: 'operator', displayName: 'Operator', role: 'operator' },
  { chatUserId: 'U0VIEWER', name: 'viewer', displayName: 'Viewer', role: 'viewer' },
];

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const isSame = (given: string | undefined, secret: string): boolean => {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
};

interface Parts {
  readonly workspace: Workspace;
  readonly tickets: Tickets;
  readonly sockets: SocketMode;
  readonly interactions: Interactions;
  readonly page: PageDeps;
  readonly api: (method: string, args: Readonly<Record<string, unknown>>) => Answer;
  readonly secrets: { readonly bot: string; readonly app: string; readonly page: string };
  readonly faults: { limited: Set<string>; isOut: boolean; refused: number };
  readonly calls: Call[];
  readonly pageDir: URL;
}

/** The person's page and programs show the key: once in the address, then in a cookie, or as a bearer token. */
function hasKey(request: Request, key: string): boolean {
  const bearer = request.headers.authorization?.replace(/^Bearer /, '');
  const cookie = /(?:^|; )sandbox_key=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  return isSame(bearer, key) || isSame(cookie, key);
}

async function answerApi(parts: Parts, request: Request, method: string): Promise<Reply> {
  if (parts.faults.isOut) {
    parts.faults.refused += 1;
    return { status: 503, body: 'upstream unavailable' };
  }
  if (parts.faults.limited.delete(method)) return json(fail('ratelimited'), 429, { 'retry-after': '1' });
  const args = parseArgs((await request.body()).toString(), request.headers['content-type'] ?? '');
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? (typeof args?.['token'] === 'string' ? args['token'] : undefined);
  const wanted = method === 'apps.connections.open' ? parts.secrets.app : parts.secrets.bot;
  let answer: Answer;
  if (!isSame(token, wanted)) answer = fail(token === undefined ? 'not_authed' : 'invalid_auth');
  else answer = args ? parts.api(method, args) : fail('invalid_json');
  parts.calls.push({ method, ok: answer.ok, error: typeof answer['error'] === 'string' ? answer['error'] : null });
  parts.calls.splice(0, parts.calls.length - CALLS_MAX);
  return json(answer);
}

/** A later message of the app for one interaction: a new one, or in place of the message that the button stands in. */
async function answerResponseUrl(parts: Parts, request: Request, id: string): Promise<Reply> {
  if (parts.faults.isOut) return { status: 503, body: 'upstream unavailable' };
  const body = parseArgs((await request.body()).toString(), 'application/json');
  const refused = (error: string): Reply => {
    parts.calls.push({ method: 'response_url', ok: false, error });
    return json(fail(error), 404);
  };
  if (!body) return refused('invalid_json');
  const used = parts.tickets.useResponse(id);
  if ('error' in used) return refused(used.error);
  const { channel, user, messageTs, threadTs } = used.ticket;
  if (body['delete_original'] === true) {
    if (messageTs !== null) parts.workspace.remove(channel, messageTs);
    return { status: 200, body: 'ok' };
  }
  const refusal = refuseMessage(body);
  if (refusal) return refused(refusal.error);
  const text = typeof body['text'] === 'string' ? body['text'] : '';
  const blocks = (body['blocks'] ?? []) as readonly Block[];
  const original =
    body['replace_original'] === true && messageTs !== null ? parts.workspace.edit(channel, messageTs, { text, blocks }) : undefined;
  const isPublic = body['response_type'] === 'in_channel';
  if (!original) parts.workspace.post({ channel, user: BOT_USER_ID, text, blocks, threadTs, ephemeralFor: isPublic ? null : user });
  parts.calls.push({ method: 'response_url', ok: true, error: null });
  return { status: 200, body: 'ok' };
}

async function answerUpload(parts: Parts, request: Request, id: string): Promise<Reply> {
  const raw = await request.body(LIMITS.fileBytesMax + 64 * 1024);
  const type = request.headers['content-type'] ?? '';
  const bytes = type.startsWith('multipart/form-data') ? await fileIn(raw, type) : raw;
  return bytes && takeUpload(parts, id, bytes) ? { status: 200, body: `OK - ${bytes.length}` } : { status: 404, body: 'no such upload' };
}

async function fileIn(raw: Buffer, type: string): Promise<Buffer | undefined> {
  const form = await new Response(new Uint8Array(raw), { headers: { 'content-type': type } }).formData();
  const file = [...form.values()].find((entry) => typeof entry !== 'string');
  return file && Buffer.from(await file.arrayBuffer());
}

const LOCKED = 'This is the NovaCron chat sandbox. Open it with the address that the hub printed when it started: it carries a key.';

async function answerStatic(parts: Parts, path: string): Promise<Reply> {
  const name = path === '/' ? 'index.html' : path.slice(1);
  // Flat names only: nothing outside the folder can be named.
  if (!/^(?:assets\/)?[\w.-]+$/.test(name) || name.includes('..')) return { status: 404, body: 'not found' };
  try {
    const body = await readFile(fileURLToPath(new URL(name, parts.pageDir)));
    return { status: 200, body, type: TYPES[extname(name)] ?? 'application/octet-stream' };
  } catch {
    const isPage = name === 'index.html';
    return {
      status: isPage ? 503 : 404,
      body: isPage ? 'The chat page is not built yet. Run "npm run build" in the checkout.' : 'not found',
    };
  }
}

async function answerPageRequest(parts: Parts, request: Request): Promise<Reply> {
  const { pathname, searchParams } = request.url;
  const given = searchParams.get('key') ?? undefined;
  if (pathname === '/' && isSame(given, parts.secrets.page)) {
    const cookie = `sandbox_key=${parts.secrets.page}; HttpOnly; SameSite=Strict; Path=/`;
    const user = searchParams.get('user');
    return { status: 303, headers: { location: user === null ? '/' : `/?user=${encodeURIComponent(user)}`, 'set-cookie': cookie } };
  }
  if (!hasKey(request, parts.secrets.page)) return { status: 403, body: LOCKED };
  if (pathname === '/page/state') {
    const state = stateFor(parts.page, searchParams.get('user') ?? PREPARED[0]?.chatUserId ?? '');
    return state ? json(state) : json({ error: 'user_not_found' }, 404);
  }
  if (pathname.startsWith('/page/') && request.method === 'POST') {
    const body = parseArgs((await request.body()).toString(), 'application/json');
    const answer = await answerPage(parts.page, pathname.slice('/page/'.length), body);
    return json(answer.body, answer.status);
  }
  const file = parts.workspace.files.get(pathname.split('/')[2] ?? '');
  if (pathname.startsWith('/files/'))
    return file ? { status: 200, body: file.bytes, type: file.mediaType } : { status: 404, body: 'not found' };
  return answerStatic(parts, pathname);
}

function answer(parts: Parts, request: Request): Promise<Reply> {
  const [, first = '', second = ''] = request.url.pathname.split('/');
  if (request.method === 'POST' && first === 'api') return answerApi(parts, request, second);
  if (request.method === 'POST' && first === 'response') return answerResponseUrl(parts, request, second);
  if (request.method === 'POST' && first === 'upload') return answerUpload(parts, request, second);
  return answerPageRequest(parts, request);
}

/** Sends every change that this person may see; a page that does not read is cut off and loads the state again. */
function feedPage(parts: Parts, socket: WebSocket, user: string): void {
  const stop = parts.workspace.listen((change) => {
    if (!isFor(change, user, parts.workspace.channels)) return;
    if (socket.bufferedAmount > SOCKET_BUFFER_BYTES_MAX) return socket.terminate();
    socket.send(JSON.stringify(change));
  });
  socket.on('close', stop);
  socket.on('error', () => socket.terminate());
}

function createParts(options: SandboxOptions, app: SandboxApp, baseUrl: () => string): Parts {
  const workspace = createWorkspace(options.clock);
  workspace.join({ id: BOT_USER_ID, name: 'nova', displayName: app.name, role: null });
  workspace.join({ id: SLACKBOT_ID, name: 'slackbot', displayName: 'Slackbot', role: null });
  for (const { chatUserId: id, name, displayName, role } of PREPARED) workspace.join({ id, name, displayName, role });
  const tickets = createTickets(options.clock);
  const sockets = createSocketMode({ log: options.log, onChange: (connected) => workspace.say({ is: 'app', connected }) });
  const deps: ApiDeps = { workspace, tickets, sockets, clock: options.clock, baseUrl };
  const interactions = createInteractions(deps, () => app.commands.map(({ command }) => command));
  const random = (): string => randomBytes(24).toString('base64url');
  return {
    workspace,
    tickets,
    sockets,
    interactions,
    page: { workspace, interactions, sockets, app: () => app },
    api: createWebApi(deps),
    secrets: { bot: `xoxb-sandbox-${random()}`, app: `xapp-sandbox-${random()}`, page: random() },
    faults: { limited: new Set(), isOut: false, refused: 0 },
    calls: [],
    pageDir: options.pageDir ?? new URL('dist/', import.meta.url),
  };
}

const faultsOf = ({ sockets, faults }: Parts): Faults => ({
  redeliver: (type) => sockets.redeliver(type),
  cut: () => sockets.cut(),
  rateLimitNext: (method) => void faults.limited.add(method),
  outage(on) {
    faults.isOut = on;
    if (on) sockets.cut();
  },
  refused: () => faults.refused,
});

/** Starts a workspace for one app. */
export async function openSandbox(options: SandboxOptions, app: SandboxApp): Promise<RunningSandbox> {
  let url = '';
  const parts = createParts(options, app, () => url);
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: 1024 * 1024 });
  const pages = new Set<WebSocket>();
  const server = await startServer({
    host: options.host ?? '127.0.0.1',
    port: options.port,
    log: options.log,
    answer: (request) => answer(parts, request),
    upgrade(request, { raw, socket, head }) {
      const { pathname, searchParams } = request.url;
      const user = searchParams.get('user') ?? '';
      const isApp = pathname === '/link/' && !parts.faults.isOut && parts.sockets.redeem(searchParams.get('ticket'));
      const isPage = pathname === '/page/live' && hasKey(request, parts.secrets.page) && pages.size < PAGE_CONNECTIONS_MAX;
      if (!isApp && !(isPage && stateFor(parts.page, user))) return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      upgrades.handleUpgrade(raw, socket, head, (open) => {
        if (isApp) return parts.sockets.accept(open);
        pages.add(open.on('close', () => pages.delete(open)));
        feedPage(parts, open, user);
      });
    },
  });
  url = `http://127.0.0.1:${server.port}`;
  return {
    apiUrl: `${url}/api/`,
    workspace: TEAM_ID,
    botToken: new Secret(parts.secrets.bot),
    appToken: new Secret(parts.secrets.app),
    pageKey: new Secret(parts.secrets.page),
    pageUrl: `${url}/?key=${parts.secrets.page}`,
    url,
    users: PREPARED,
    faults: faultsOf(parts),
    calls: parts.calls,
    async close() {
      await parts.sockets.close();
      for (const page of pages) page.terminate();
      await server.close();
    },
  };
}
