import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectSandbox, textOf, type SandboxClient } from '../../../bots/sandbox/client.ts';
import { openSandbox, type RunningSandbox } from '../../../bots/sandbox/open-sandbox.ts';
import type { Message } from '../../../bots/sandbox/protocol.ts';
import sandboxPlugin from '../../../bots/sandbox/index.ts';
import slack from '../../../bots/slack/index.ts';
import type { Plugin } from '../../../core/contract.ts';
import { startTestHub, type TestHub, type TestHubOptions } from '../../kit/hub.ts';
import { createTestClock, type TestClock } from '../../kit/clock.ts';
import { testDatabase } from '../../kit/postgres.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const COMMANDS = [{ command: '/nova', description: 'Run your virtual machines', usageHint: 'help' }];

/** A hub with the bot, on a workspace that outlives the hub. */
export interface Chat extends AsyncDisposable {
  readonly hub: TestHub;
  readonly sandbox: RunningSandbox;
  readonly clock: TestClock;
  readonly admin: SandboxClient;
  readonly operator: SandboxClient;
  readonly viewer: SandboxClient;
  stopHub(): Promise<void>;
  /** As if the hub had died between posting messages and writing down where they are. */
  forgetMessages(): Promise<void>;
  /** As if the hub had died between telling of incidents and writing down that it was taken. */
  forgetTellings(): Promise<void>;
  /** Starts another hub on what the first one left. */
  startHub(): Promise<void>;
}

export async function startChat(given: Plugin | NonNullable<TestHubOptions['plugins']>, options: TestHubOptions = {}): Promise<Chat> {
  const stack = new AsyncDisposableStack();
  const clock = createTestClock(Date.now());
  const database = stack.use(await testDatabase());
  const dataDir = await mkdtemp(join(tmpdir(), 'novacron-chat-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const sandbox = await openSandbox({ port: 0, clock, log: quiet }, { name: 'Nova', commands: COMMANDS });
  stack.defer(() => sandbox.close());
  const { apiUrl, botToken, appToken } = sandbox;
  const plugins = [...[given].flat(), sandboxPlugin, { plugin: slack, config: { apiUrl, botToken, appToken } }];
  const start = (): Promise<TestHub> => startTestHub({ ...options, dataDir, databaseUrl: database.url, clock, plugins });
  let hub = await start();
  stack.defer(() => hub[Symbol.asyncDispose]());
  for (const { chatUserId, role } of sandbox.users) await hub.identity.users.linkChat(sandbox.workspace, chatUserId, `${role}.default`);
  const connect = async (user: string): Promise<SandboxClient> => {
    const client = await connectSandbox({ pageUrl: sandbox.pageUrl, user });
    stack.defer(() => client.close());
    await client.waitFor(({ app }) => (app.connected ? true : undefined));
    return client;
  };
  const people = { admin: await connect('U0ADMIN'), operator: await connect('U0OPERATOR'), viewer: await connect('U0VIEWER') };
  return {
    ...people,
    sandbox,
    clock,
    get hub() {
      return hub;
    },
    async stopHub() {
      await hub[Symbol.asyncDispose]();
    },
    async forgetMessages() {
      await database.query('update plugin_slack.job_message set ts = null');
    },
    async forgetTellings() {
      await database.query('update plugin_monitoring.message set receipt = null, "toldAt" = null');
      await database.query(`update plugin_monitoring.telling set state = 'waiting', "endedAt" = null where why = 'opened'`);
    },
    async startHub() {
      hub = await start();
      await people.admin.waitFor(({ app }) => (app.connected ? true : undefined));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Says whether a message reads so. */
export const reads =
  (...parts: readonly string[]) =>
  (message: Message): boolean =>
    parts.every((part) => textOf(message).includes(part));
