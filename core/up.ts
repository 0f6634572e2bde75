import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HubError, type MachineFacts } from './contract.ts';
import { createHub, type RunningHub } from './hub.ts';
import { createLog } from './log.ts';
import { readConfigFile } from './plugins/config-file.ts';
import { loadPlugins } from './plugins/load.ts';
import { probeAccelerator } from './setup/accelerator.ts';
import { ensureTinyImage } from './setup/tiny-image.ts';

const CLI_TOKEN = 'cli of this machine';
const CLI_TOKEN_MS = 30 * 86_400_000;

/** `novacron up [--config FILE] [--demo]`: runs the hub until Ctrl-C; prints where it is and what to try. */
export async function up(argv: readonly string[], { dataDir }: { readonly dataDir: string }): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: 'string', default: join(import.meta.dirname, '..', 'plugins.json') },
      demo: { type: 'boolean', default: false },
    },
  });
  const stopping = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.resolve());

  const file = await readConfigFile(resolve(values.config));
  const log = createLog({ level: file.hub.logLevel === 'info' ? 'warn' : file.hub.logLevel, pretty: process.stderr.isTTY });
  const [machine, plugins] = await Promise.all([lookAtMachine(dataDir), loadPlugins(file, process.env)]);
  await using hub = createHub({ dataDir, machine, config: file.hub, plugins, log });
  const running = await hub.start();
  await writeAccess(running, dataDir);
  process.stdout.write(await greeting(running));
  if (values.demo) loadDemo(running);
  await stopping.promise;
  process.stdout.write('\nStopping. Jobs that run go on at the next start.\n');
  return 0;
}

/** The guest image and the accelerator; without them the hub starts all the same, and says so. */
async function lookAtMachine(dataDir: string): Promise<MachineFacts> {
  const imagesDir = join(dataDir, 'images');
  const say = (text: string): void => void process.stdout.write(`  ${text}\n`);
  const tell = (_: object, text: string): void => say(text);
  try {
    await ensureTinyImage(imagesDir, { log: { debug: () => {}, info: tell, warn: tell, error: tell } });
    const { is, reason } = await probeAccelerator({ dir: imagesDir, signal: AbortSignal.timeout(60_000) });
    say(reason);
    return { accelerator: is, imagesDir };
  } catch (error) {
    say(`No virtual machines can be made from the image 'tiny' here: ${error instanceof Error ? error.message : String(error)}`);
    return { accelerator: null, imagesDir };
  }
}

/** The command line on this machine acts as admin: whoever can read the data folder owns the hub anyway. */
async function writeAccess({ identity, url, announcements }: RunningHub, dataDir: string): Promise<void> {
  const admin = await identity.actorByName('admin');
  if (admin === undefined) return;
  for (const token of await identity.listApiTokens(admin))
    if (token.name === CLI_TOKEN && token.revokedAt === null) await identity.revokeApiToken(token.id, admin);
  const { token } = await identity.createApiToken({ actor: admin, name: CLI_TOKEN, scopes: ['*'], expiresAt: Date.now() + CLI_TOKEN_MS });
  writeFileSync(join(dataDir, 'cli.json'), JSON.stringify({ url, token: token.reveal(), announcements: announcements() }), { mode: 0o600 });
}

/** Its time is that since the process began, loading its code included. */
async function greeting(hub: RunningHub): Promise<string> {
  const tookMs = performance.now();
  const admin = await hub.identity.actorByName('admin');
  const link = admin && `${hub.url}/#link=${await hub.identity.createSignInLink(admin.id)}`;
  const line = (label: string, text: string): string => `  ${label.padEnd(12)} ${text}\n`;
  const warnings = [
    ...hub
      .announcements()
      .filter(({ tone }) => tone === 'warn')
      .map(({ label, text }) => `${label}: ${text}`),
    ...[...hub.plugins()].flatMap(([name, status]) => (status.is === 'failed' ? [`plugin ${name}: ${status.error.message}`] : [])),
  ];
  return [
    `\nNovaCron is ready, after ${(tookMs / 1000).toFixed(1)} s.\n\n`,
    line('Page', hub.url),
    ...hub
      .announcements()
      .filter(({ tone }) => tone !== 'warn')
      .map(({ label, text }) => line(label, text)),
    line('API docs', `${hub.url}/docs`),
    link ? `\n  Sign in as admin, once, within 15 minutes:\n  ${link}\n` : '',
    warnings.length > 0 ? `\n  Not all is well:\n${warnings.map((warning) => `  ! ${warning}\n`).join('')}` : '',
    '\n  Try in the chat:                       or in another terminal:\n',
    '    /nova help                             npx novacron help\n',
    '    /nova vm create web-1                  npx novacron vm create web-2\n',
    '    /nova vm list                          npx novacron vm list --watch\n',
    '    /nova forecast vm web-1                npx novacron job list\n',
    '\n  Ctrl-C stops everything.\n\n',
  ].join('');
}

/** Machines with generated history, made by an ordinary job; the greeting does not wait for it. */
function loadDemo(hub: RunningHub): void {
  const report = async (): Promise<void> => {
    const admin = await hub.identity.actorByName('admin');
    if (admin === undefined) throw new HubError('user_unknown', "There is no user 'admin'.", { status: 404 });
    const outcome = await hub.actions.execute('demo.load', {}, { actor: admin, via: 'hub' });
    if (outcome.is !== 'accepted') return;
    const job = await hub.jobs.wait(outcome.job.id, AbortSignal.timeout(300_000));
    process.stdout.write(`  Demo: ${hub.actions.view(job).text}\n`);
  };
  report().catch((error: unknown) =>
    process.stderr.write(`The demo could not be loaded: ${error instanceof Error ? error.message : String(error)}\n`),
  );
}
