import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { HubError, type Log } from 'novacron/plugin';

const JSON_BODY_BYTES_MAX = 1024 * 1024;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  /** Rejects with `sandbox_body_too_big` beyond the bound. */
  body(bytesMax?: number): Promise<Buffer>;
}

export interface Reply {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
  answer(request: Request): Promise<Reply>;
  upgrade(request: Request, connection: { readonly raw: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }): void;
}

/** Only a page that came from here may speak to us: a name that was rebound to 127.0.0.1 has another Host, a foreign page another Origin. */
function isOwn(request: IncomingMessage, port: number): boolean {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  const { host, origin } = request.headers;
  return host !== undefined && hosts.includes(host) && (origin === undefined || hosts.some((own) => origin === `http://${own}`));
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) throw new HubError('sandbox_body_too_big', `A request body may have ${bytesMax} bytes.`, { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const toRequest = (raw: IncomingMessage): Request => ({
  method: raw.method ?? 'GET',
  url: new URL(raw.url ?? '/', 'http://sandbox'),
  headers: raw.headers,
  body: (bytesMax = JSON_BODY_BYTES_MAX) => readBody(raw, bytesMax),
});

const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-frame-options': 'DENY',
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
};

export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  body: JSON.stringify(body),
  type: 'application/json; charset=utf-8',
  headers,
});

function send(response: ServerResponse, reply: Reply): void {
  const type = reply.type ?? 'text/plain; charset=utf-8';
  response.writeHead(reply.status, { ...SAFE_HEADERS, 'content-type': type, ...reply.headers }).end(reply.body ?? '');
}

async function handle(raw: IncomingMessage, response: ServerResponse, options: ServerOptions & { readonly own: boolean }): Promise<void> {
  if (!options.own) return send(response, { status: 403, body: 'The sandbox answers its own page and programs on this machine only.' });
  try {
    send(response, await options.answer(toRequest(raw)));
  } catch (error) {
    if (HubError.is(error)) return send(response, json({ ok: false, error: error.code }, error.status));
    options.log.error({ err: error, path: raw.url?.split('?')[0] }, 'The sandbox failed to answer');
    send(response, json({ ok: false, error: 'internal_error' }, 500));
  }
}

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken
      ? new HubError('sandbox_port_taken', `Port ${port} is taken by another program. Set the sandbox's "port" in plugins.json.`, {
          status: 503,
        })
      : error;
  }
  return (server.address() as AddressInfo).port;
};

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on loopback and nowhere else. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (!LOOPBACK.has(options.host)) {
    const message = `The sandbox has no passwords, so it listens on 127.0.0.1 only, not on "${options.host}". Remove "host" from its config.`;
    throw new HubError('sandbox_not_loopback', message, { status: 400 });
  }
  const portOf = (): number => (server.address() as AddressInfo | null)?.port ?? 0;
  const server = createServer((raw, response) => {
    void handle(raw, response, { ...options, own: isOwn(raw, portOf()) });
  });
  server.on('upgrade', (raw, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (!isOwn(raw, portOf())) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    options.upgrade(toRequest(raw), { raw, socket, head });
  });
  const port = await listen(server, options.host, options.port);
  const close = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  };
  return { port, close };
}
