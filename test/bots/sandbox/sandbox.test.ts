import { request } from 'node:http';
import { App, LogLevel } from '@slack/bolt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSandbox, joinSandbox, textOf, type SandboxClient } from '../../../bots/sandbox/client.ts';
import { openSandbox, type RunningSandbox } from '../../../bots/sandbox/open-sandbox.ts';
import { createWorkspace, LIMITS } from '../../../bots/sandbox/workspace.ts';
import { createTestClock } from '../../kit/clock.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const COMMANDS = [{ command: '/nova', description: 'Try', usageHint: 'help' }];
const clock = createTestClock();
let sandbox: RunningSandbox;
let otto: SandboxClient;

beforeAll(async () => {
  sandbox = await openSandbox({ port: 0, clock, log: quiet }, { name: 'Nova', commands: COMMANDS });
  otto = await connectSandbox({ pageUrl: sandbox.pageUrl, user: 'U0OPERATOR' });
});
afterAll(async () => {
  otto.close();
  await sandbox.close();
});

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly [key: string]: unknown;
}

async function call(method: string, body: object, token = sandbox.botToken.reveal()): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return (await (await fetch(`${sandbox.apiUrl}${method}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as Answer;
}

/** `fetch` sets Host and Origin by itself: this one says what it is told. */
function rawGet(path: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { port } = new URL(sandbox.url);
  request({ host: '127.0.0.1', port, path, headers }, (response) => resolve(response.resume().statusCode ?? 0))
    .on('error', reject)
    .end();
  return promise;
}

describe('who may speak to it', () => {
  it('refuses to listen anywhere but on loopback', async () => {
    const opening = openSandbox({ host: '0.0.0.0', port: 0, clock, log: quiet }, { name: 'Nova', commands: [] });
    await expect(opening).rejects.toMatchObject({ code: 'sandbox_not_loopback' });
  });

  it('names the port when another program has it', async () => {
    const opening = openSandbox({ port: Number(new URL(sandbox.url).port), clock, log: quiet }, { name: 'Nova', commands: [] });
    await expect(opening).rejects.toMatchObject({ code: 'sandbox_port_taken' });
  });

  it('refuses a name that was rebound to this machine, and a foreign page', async () => {
    const host = new URL(sandbox.url).host;
    const authorization = `Bearer ${sandbox.pageKey.reveal()}`;
    expect(await rawGet('/page/state', { host, authorization })).toBe(200);
    expect(await rawGet('/page/state', { host: 'evil.example', authorization })).toBe(403);
    expect(await rawGet('/page/state', { host, authorization, origin: 'https://evil.example' })).toBe(403);
  });

  it('shows nothing without the key, and takes it once from the address', async () => {
    expect((await fetch(`${sandbox.url}/`)).status).toBe(403);
    expect((await fetch(`${sandbox.url}/page/state`)).status).toBe(403);
    const first = await fetch(sandbox.pageUrl, { redirect: 'manual' });
    expect(first.status).toBe(303);
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    expect((await fetch(`${sandbox.url}/page/state`, { headers: { cookie: cookie.split(';')[0] ?? '' } })).status).toBe(200);
  });

  it('refuses wrong tokens with the codes of Slack', async () => {
    expect(await call('auth.test', {}, 'xoxb-wrong')).toMatchObject({ ok: false, error: 'invalid_auth' });
    expect(await call('apps.connections.open', {})).toMatchObject({ ok: false, error: 'invalid_auth' });
    expect(await call('no.such.method', {})).toMatchObject({ ok: false, error: 'unknown_method' });
    expect(await call('toString', {})).toMatchObject({ ok: false, error: 'unknown_method' });
  });

  it('lets a ticket open one socket only', async () => {
    const { url } = await call('apps.connections.open', {}, sandbox.appToken.reveal());
    const opens = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = new WebSocket(String(url));
        socket.addEventListener('open', () => (socket.close(), resolve(true)));
        socket.addEventListener('error', () => resolve(false));
      });
    expect([await opens(), await opens()]).toEqual([true, false]);
  });

  it('serves nothing from outside its folder', async () => {
    const authorization = `Bearer ${sandbox.pageKey.reveal()}`;
    const host = new URL(sandbox.url).host;
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/../../index.ts', '//etc/passwd']) {
      expect(await rawGet(path, { host, authorization })).not.toBe(200);
    }
  });
});

describe('messages', () => {
  it('refuses what Slack would refuse, with its code', async () => {
    const blocks = [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }];
    expect(await call('chat.postMessage', { channel: 'C0OPS', blocks })).toMatchObject({ ok: false, error: 'invalid_blocks' });
    expect(await call('chat.postMessage', { channel: 'C9', text: 'x' })).toMatchObject({ error: 'channel_not_found' });
    expect(await call('chat.postMessage', { channel: 'C0OPS', text: 'x', thread_ts: '1.000001' })).toMatchObject({
      error: 'thread_not_found',
    });
    expect(await call('chat.update', { channel: 'C0OPS', ts: '1.000001', text: 'x' })).toMatchObject({ error: 'message_not_found' });
  });

  it('changes its own messages only', async () => {
    await otto.say('hello');
    const message = await otto.waitForMessage(({ text }) => text === 'hello');
    expect(await call('chat.update', { channel: 'C0OPS', ts: message.ts, text: 'x' })).toMatchObject({ error: 'cant_update_message' });
    expect(await call('chat.delete', { channel: 'C0OPS', ts: message.ts })).toMatchObject({ error: 'cant_delete_message' });
  });

  it('shows an ephemeral message to one person', async () => {
    const vera = await connectSandbox({ pageUrl: sandbox.pageUrl, user: 'U0VIEWER' });
    await call('chat.postEphemeral', { channel: 'C0OPS', user: 'U0OPERATOR', text: 'for the operator' });
    await call('chat.postMessage', { channel: 'C0OPS', text: 'for all' });
    await vera.waitForMessage(({ text }) => text === 'for all');
    expect(vera.state.messages.some(({ text }) => text === 'for the operator')).toBe(false);
    expect(otto.state.messages.some(({ text }) => text === 'for the operator')).toBe(true);
    vera.close();
  });

  it('finds a message again by its metadata', async () => {
    const metadata = { event_type: 'job', event_payload: { job: '1' } };
    const { ts } = await call('chat.postMessage', { channel: 'C0GENERAL', text: 'job', metadata });
    const { messages } = await call('conversations.history', { channel: 'C0GENERAL', include_all_metadata: true });
    expect(messages).toEqual([expect.objectContaining({ ts, metadata })]);
  });

  it('keeps the newest messages of a channel and forgets the oldest', () => {
    const workspace = createWorkspace(clock, { ...LIMITS, messagesPerChannelMax: 3 });
    for (const text of ['1', '2', '3', '4', '5']) workspace.post({ channel: 'C0OPS', user: 'U0ADMIN', text });
    expect(workspace.history('C0OPS')?.map(({ text }) => text)).toEqual(['3', '4', '5']);
  });

  it('never serves an uploaded file as a page that could run script', async () => {
    const upload = async (filename: string): Promise<string> => {
      const { upload_url, file_id } = await call('files.getUploadURLExternal', { filename, length: 5 });
      await fetch(String(upload_url), { method: 'POST', body: 'bytes' });
      await call('files.completeUploadExternal', { channel_id: 'C0OPS', files: [{ id: file_id }] });
      const message = await otto.waitForMessage(({ files }) => files.some(({ name }) => name === filename));
      return (await otto.file(message.files[0]?.path ?? '')).type;
    };
    expect(await upload('a.png')).toBe('image/png');
    expect(await upload('a.svg')).toBe('application/octet-stream');
    expect(await upload('a.html')).toBe('application/octet-stream');
  });
});

describe('an app that is connected', () => {
  let app: App;
  let slow: PromiseWithResolvers<void>;
  const triggers: string[] = [];
  const responses: string[] = [];

  beforeAll(async () => {
    const clientOptions = { slackApiUrl: sandbox.apiUrl };
    app = new App({
      token: sandbox.botToken.reveal(),
      appToken: sandbox.appToken.reveal(),
      socketMode: true,
      clientOptions,
      logLevel: LogLevel.ERROR,
    });
    app.command('/nova', async ({ ack, command }) => {
      triggers.push(command.trigger_id);
      responses.push(command.response_url);
      if (command.text === 'slow') await slow.promise;
      await ack(command.text === 'answer' ? 'right away' : undefined);
    });
    await app.start();
  });
  afterAll(() => app.stop());

  const modal = { type: 'modal', title: { type: 'plain_text', text: 'T' }, blocks: [] };
  const respond = (url: string | undefined, body: object): Promise<Response> =>
    fetch(url ?? '', { method: 'POST', body: JSON.stringify(body) });

  it('shows what the acknowledgement of a command says', async () => {
    expect(await otto.command('/nova answer')).toMatchObject({ ok: true });
    expect((await otto.waitForMessage(({ text }) => text === 'right away')).ephemeralFor).toBe('U0OPERATOR');
  });

  it('says so when a command does not exist', async () => {
    expect(await otto.command('/other')).toEqual({ ok: false, error: 'invalid_command' });
    await otto.waitForMessage((message) => textOf(message).includes('is not a valid command'));
  });

  it("shows Slack's error when the app does not acknowledge within 3 s", async () => {
    slow = Promise.withResolvers();
    expect(await otto.command('/nova slow')).toEqual({ ok: false, error: 'operation_timeout' });
    await otto.waitForMessage(({ text }) => text === '/nova failed with the error "operation_timeout"');
    slow.resolve();
  });

  it('opens one modal for a trigger, within 3 s', async () => {
    await otto.command('/nova open');
    expect(await call('views.open', { trigger_id: triggers.at(-1), view: modal })).toMatchObject({ ok: true });
    expect(await call('views.open', { trigger_id: triggers.at(-1), view: modal })).toMatchObject({ error: 'exchanged_trigger_id' });
    await otto.command('/nova open');
    clock.advance(3_001);
    expect(await call('views.open', { trigger_id: triggers.at(-1), view: modal })).toMatchObject({ error: 'expired_trigger_id' });
    expect(await call('views.open', { trigger_id: 'made-up', view: modal })).toMatchObject({ error: 'invalid_trigger_id' });
    await otto.closeView(await otto.waitForView());
  });

  it('takes five messages for a response_url, within 30 minutes', async () => {
    await otto.command('/nova respond');
    const url = responses.at(-1);
    const codes: number[] = [];
    for (let count = 0; count < 6; count += 1) codes.push((await respond(url, { text: `${count}` })).status);
    expect(codes).toEqual([200, 200, 200, 200, 200, 404]);
    await otto.command('/nova respond');
    clock.advance(30 * 60_000 + 1);
    expect((await respond(responses.at(-1), { text: 'late' })).status).toBe(404);
  });

  it('answers 429 with Retry-After, which the client waits for', async () => {
    sandbox.faults.rateLimitNext('chat.postMessage');
    const posted = await app.client.conversations.list();
    expect(posted.ok).toBe(true);
    const limited = await fetch(`${sandbox.apiUrl}chat.postMessage`, { method: 'POST' });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
  });

  it('says that no app is there when its sockets are cut', async () => {
    sandbox.faults.cut();
    await otto.waitFor(({ app }) => (app.connected ? undefined : true));
    expect(await otto.command('/nova help')).toEqual({ ok: false, error: 'dispatch_failed' });
  });
});

it('lets somebody new join, who is linked to nobody', async () => {
  const id = await joinSandbox(sandbox.pageUrl, 'Gus Guest');
  expect(otto.state.people.find((person) => person.id === id)).toMatchObject({ displayName: 'Gus Guest', role: null });
});
