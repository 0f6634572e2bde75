import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { Secret } from 'novacron/plugin';
import { createWebhook } from '../../../../plugins/monitoring/channels/webhook.ts';
import { listen, NOW, notificationOf } from './notifications.ts';

const signal = AbortSignal.timeout(20_000);

it('signs what it sends with the timestamp, so that the receiver can tell that it is ours and new', async () => {
  await using hook = await listen();
  const channel = createWebhook({ ops: { url: `${hook.url}/in`, secret: new Secret('geheim') } }, { now: () => NOW });
  expect(await channel.deliver(notificationOf({ to: 'ops' }), signal)).toEqual({ receipt: 'HTTP 200 noted' });
  const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = hook.heard;
  expect(path).toBe('/in');
  expect(headers['x-novacron-timestamp']).toBe(String(NOW / 1000));
  expect(headers['x-novacron-id']).toBe('INC-7/1/opened/x/y');
  const expected = createHmac('sha256', 'geheim')
    .update(`${NOW / 1000}.${body}`)
    .digest('hex');
  expect(headers['x-novacron-signature']).toBe(`v1=${expected}`);
  expect(JSON.parse(body)).toMatchObject({
    version: 1,
    why: 'opened',
    incident: { id: 'INC-7', signals: [{ values: { usedRatio: 0.91 } }] },
  });
});

it.each([
  [500, true],
  [429, true],
  [408, true],
  [400, false],
  [404, false],
  // To follow it would give the signature to somebody else.
  [302, false],
])('an answer of %i may be tried again: %s', async (answer, retryable) => {
  await using hook = await listen();
  hook.answer = answer;
  const channel = createWebhook({ ops: { url: hook.url, secret: new Secret('x') } }, { now: () => NOW });
  await expect(channel.deliver(notificationOf({ to: 'ops' }), signal)).rejects.toMatchObject({ code: 'channel_refused', retryable });
  expect(hook.heard).toHaveLength(1);
});

it('an answer that is lost may be tried again; a name that the config lacks may not', async () => {
  await using hook = await listen();
  hook.answer = 0;
  const channel = createWebhook({ ops: { url: hook.url, secret: new Secret('x') } }, { now: () => NOW });
  await expect(channel.deliver(notificationOf({ to: 'ops' }), signal)).rejects.toMatchObject({
    code: 'channel_unreachable',
    retryable: true,
  });
  await expect(channel.deliver(notificationOf({ to: 'toString' }), signal)).rejects.toMatchObject({
    code: 'channel_target_unknown',
    retryable: false,
    message: 'There is no webhook "toString" in the config (there are: ops).',
  });
});
