import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HUB_FLAGS } from '../kit/hub-flags.ts';

interface Access {
  readonly url: string;
  readonly token: string;
  readonly announcements: readonly { readonly label: string; readonly text: string }[];
}

/** The hub as `npm run up` runs it: a process of its own, with its own data folder and free ports. */
export interface HubProcess extends AsyncDisposable {
  readonly url: string;
  readonly chatUrl: string;
  /** From spawn to "ready". */
  readonly readyMs: number;
  /** Resident memory of the hub alone, without PostgreSQL. */
  rssBytes(): Promise<number>;
  /** Asks an address of the hub's own API as admin. */
  fetch(path: string, init?: { readonly method: 'POST'; readonly body: object }): Promise<unknown>;
  /** Executes a read as admin; returns its output. */
  read<T>(action: string, input: object): Promise<T>;
  /** Executes a change as admin and waits for its end. */
  change(action: string, input: object): Promise<void>;
}

export interface HubProcessOptions {
  /** Short-lived, owned by the caller. */
  readonly dir: string;
  /** Configs of plugins by name, in place of the shipped ones. */
  readonly plugins: Readonly<Record<string, object>>;
  /** Folder of the guest images, built before. */
  readonly imagesDir: string;
}

const MAIN = join(import.meta.dirname, '..', '..', 'core', 'main.ts');
const ROOT = dirname(dirname(MAIN));
const START_MS = 60_000;

export async function startHubProcess({ dir, plugins, imagesDir }: HubProcessOptions): Promise<HubProcess> {
  const dataDir = join(dir, 'data');
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  await symlink(imagesDir, join(dataDir, 'images'));
  const config = join(dir, 'plugins.json');
  await writeFile(config, JSON.stringify(await shippedConfig(plugins)));
  const beganAt = performance.now();
  const env = { ...process.env, NOVACRON_DATA: dataDir };
  const child = spawn(process.execPath, [...HUB_FLAGS, MAIN, 'up', '--config', config], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await saidReady(child);
  const readyMs = performance.now() - beganAt;
  const access = JSON.parse(await readFile(join(dataDir, 'cli.json'), 'utf8')) as Access;
  const chatUrl = access.announcements.find(({ label }) => label.startsWith('Chat'))?.text ?? '';
  return {
    url: access.url,
    chatUrl,
    readyMs,
    rssBytes: async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    fetch: (path, init) => ask(access, path, init),
    read: async <T>(action: string, input: object) => ((await post(access, action, input)) as { output: T }).output,
    async change(action, input) {
      const { job } = (await post(access, `${action}?wait=60`, input)) as { job: { state: { is: string; failure?: { message: string } } } };
      if (job.state.is !== 'succeeded') throw new Error(`${action}: ${job.state.failure?.message ?? job.state.is}`);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}

const post = (access: Access, action: string, body: object): Promise<unknown> =>
  ask(access, `/api/v1/actions/${action}`, { method: 'POST', body });

async function ask({ url, token }: Access, path: string, init?: { readonly method: 'POST'; readonly body: object }): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { headers, ...(init && { method: init.method, body: JSON.stringify(init.body) }) });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(body)}`);
  return body;
}

/** plugins.json as it ships, but with free ports and these configs. */
async function shippedConfig(given: HubProcessOptions['plugins']): Promise<object> {
  const { plugins } = JSON.parse(await readFile(join(ROOT, 'plugins.json'), 'utf8')) as {
    plugins: Record<string, { from: string; config?: object }>;
  };
  const absolute = Object.entries(plugins).map(([name, { from, config }]) => [name, { from: join(ROOT, from), config }] as const);
  const changed: Record<string, object> = { sandbox: { port: 0 }, ...given };
  return {
    hub: { port: 0 },
    plugins: Object.fromEntries(absolute.map(([name, { from, config }]) => [name, { from, config: changed[name] ?? config }])),
  };
}

async function saidReady(child: ChildProcess): Promise<void> {
  const ready = Promise.withResolvers<void>();
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.includes('NovaCron is ready')) ready.resolve();
  });
  child.once('exit', (code) => ready.reject(new Error(`The hub ended with ${code} before it was ready:\n${said}`)));
  const timer = setTimeout(() => ready.reject(new Error(`The hub was not ready within ${START_MS / 1000} s:\n${said}`)), START_MS);
  try {
    await ready.promise;
  } finally {
    clearTimeout(timer);
  }
}
