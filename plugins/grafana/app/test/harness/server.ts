import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { bundleApp } from '../../../app-bundle.ts';

const APP = join(import.meta.dirname, '..', '..');
/** What Grafana serves beside its code: the icons of @grafana/ui; one font of our own in place of all of its. */
const ICONS = join(APP, 'node_modules/@grafana/ui/dist/public/img/icons');
const FONT = join(APP, '../../charts/fonts/Inter-Regular.otf');
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="/harness.css"><div id="root"></div>
<script>window.grafanaBootData = { settings: {}, user: {}, navTree: [] };</script>
<script src="/system.js"></script><script src="/amd.js"></script><script src="/harness.js"></script>`;

/** Real @grafana packages in one file for the browser. */
async function buildHarness(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [join(APP, 'test/harness/harness.tsx')],
    bundle: true,
    write: false,
    outdir: '/',
    format: 'iife',
    jsx: 'automatic',
    minify: true,
    // A bundled lodash would take the AMD loader of the page for its own.
    define: { 'process.env.NODE_ENV': '"production"', global: 'window', define: 'undefined' },
    loader: { '.svg': 'dataurl', '.woff2': 'dataurl', '.png': 'dataurl', '.ttf': 'dataurl' },
    logLevel: 'error',
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

interface Route {
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly content: string }[];
}

/** Headers as Grafana's proxy makes them of the route in our plugin.json. */
function headersOf(pluginJson: string, token: string): Record<string, string> {
  const { routes } = JSON.parse(pluginJson) as { routes: readonly Route[] };
  const route = routes.find(({ path }) => path === 'hub');
  return Object.fromEntries(
    (route?.headers ?? []).map(({ name, content }) => [name, content.replace('{{ .SecureJsonData.token }}', token)]),
  );
}

/** What stands before the hub in Grafana: the data source's proxy, which adds the token. */
async function proxy(
  request: IncomingMessage,
  response: ServerResponse,
  { hubUrl, headers }: { hubUrl: string; headers: Record<string, string> },
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const answer = await fetch(`${hubUrl}${(request.url ?? '').replace('/ds/hub', '')}`, {
    method: request.method ?? 'GET',
    headers: { ...headers, ...(chunks.length > 0 && { 'content-type': 'application/json' }) },
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
  for await (const chunk of answer.body ?? []) response.write(chunk);
  response.end();
}

async function readPublic(path: string): Promise<Buffer | undefined> {
  if (path.startsWith('/public/fonts/')) return readFile(FONT);
  const icon = /^\/public\/build\/img\/icons\/([a-z]+\/[\w-]+\.svg)$/.exec(path)?.[1];
  if (icon === undefined) return undefined;
  // Some icons are Grafana's own and not in the package; what they look like is no matter of ours.
  return existsSync(join(ICONS, icon)) ? readFile(join(ICONS, icon)) : Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
}

/** A page with the built app in it, in front of a hub. `saved` are the dashboards that were posted to Grafana. */
export async function startHarness(options: { readonly hubUrl: string; readonly token: string }) {
  const [app, harness] = await Promise.all([bundleApp({ version: '0.0.0', day: '2026-01-01' }), buildHarness()]);
  const loader = (name: string) => readFile(join(APP, 'node_modules/systemjs/dist', name), 'utf8');
  const files = new Map([
    ...harness,
    ['/', PAGE],
    ['/system.js', await loader('system.min.js')],
    ['/amd.js', await loader('extras/amd.min.js')],
  ]);
  for (const [path, text] of app) files.set(`/plugin/${path}`, text);
  const headers = headersOf(app.get('datasource/plugin.json') ?? '{"routes":[]}', options.token);
  const saved: { dashboard: { uid: string } }[] = [];
  const serve = async (path: string, response: ServerResponse): Promise<void> => {
    const body = files.get(path) ?? (await readPublic(path));
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': TYPES[extname(path) || '.html'] ?? 'text/plain' }).end(body);
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path.startsWith('/ds/hub/'))
      return void proxy(request, response, { hubUrl: options.hubUrl, headers }).catch((error: unknown) => response.destroy(error as Error));
    if (path === '/api/dashboards/db') {
      return void readBody(request).then((body) => {
        saved.push(JSON.parse(body) as (typeof saved)[number]);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success"}');
      });
    }
    void serve(path, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    saved,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
