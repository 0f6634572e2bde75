import { expect, it } from 'vitest';
import { openSandbox } from '../../../bots/sandbox/open-sandbox.ts';
import { createAppLog } from '../../../bots/slack/app-log.ts';
import { createApp, untilItWorks, workspaceOf } from '../../../bots/slack/connection.ts';
import slack from '../../../bots/slack/index.ts';
import { Secret } from '../../../core/contract.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

it('names a bot token that is refused', async () => {
  const sandbox = await openSandbox({ port: 0, clock: { now: () => 0 }, log: quiet }, { name: 'Nova', commands: [] });
  const { apiUrl, appToken } = sandbox;
  const app = createApp({ botToken: new Secret('xoxb-wrong'), appToken, apiUrl, isSandbox: false }, quiet);
  await expect(workspaceOf(app)).rejects.toMatchObject({ code: 'slack_refused' });
  await sandbox.close();
});

it('stops at once while it still tries to connect', async () => {
  const stop = new AbortController();
  const never = Promise.withResolvers<void>();
  const trying = untilItWorks(() => never.promise, { signal: stop.signal, log: quiet, onTrouble: () => {} });
  stop.abort();
  await expect(trying).resolves.toBeUndefined();
});

it('tells of the first failure, once', async () => {
  const stop = new AbortController();
  const told: string[] = [];
  const trying = untilItWorks(() => Promise.reject(new Error('no route')), {
    signal: stop.signal,
    log: quiet,
    onTrouble: (reason) => (told.push(reason), stop.abort()),
  });
  await trying;
  expect(told).toEqual(['no route']);
});

it('keeps tokens out of the log', () => {
  const said: unknown[] = [];
  createAppLog({ ...quiet, warn: (fields) => void said.push(fields) }).error('failed with xoxb-1-secret and', { token: 'xapp-1-A-secret' });
  expect(JSON.stringify(said)).not.toContain('secret');
  expect(JSON.stringify(said)).toContain('***');
});

it('wants both tokens or neither', async () => {
  const check = (config: object) => slack.config['~standard'].validate(config);
  expect(await check({})).toEqual({ value: { incidentChannel: '#ops' } });
  expect(await check({ botToken: new Secret('x'), appToken: new Secret('y') })).toHaveProperty('value');
  expect(await check({ botToken: new Secret('x') })).toMatchObject({ issues: [{ message: expect.stringContaining('belong together') }] });
  expect(await check({ botToken: 'xoxb-plain', appToken: 'xapp-plain' })).toHaveProperty('issues');
});
