import { createHmac } from 'node:crypto';
import type { Clock } from 'novacron/plugin';
import type { Channel, Notification } from '../port.ts';
import type { WebhookConfig } from './config.ts';
import { postJson, targetOf } from './http.ts';

/** What the receiver computes again: the timestamp is signed too, so an old call cannot be sent again later. */
export const sign = (secret: string, timestamp: string, body: string): string =>
  `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;

const bodyOf = ({ id, key, why, about }: Notification): string =>
  JSON.stringify({ version: 1, id, key, why, ...(about.is === 'incident' ? { incident: about.incident } : { silence: about.silence }) });

/** Signed JSON to addresses of the config. The same `x-novacron-id` again is the same telling. */
export const createWebhook = (targets: Readonly<Record<string, WebhookConfig>>, clock: Clock): Channel => ({
  name: 'webhook',
  // Programs want to know of every change; there is no message that it would repeat.
  edits: true,
  async deliver(notification, signal) {
    const { url, secret } = targetOf(targets, notification.to, 'webhook');
    const body = bodyOf(notification);
    const timestamp = String(Math.floor(clock.now() / 1000));
    const headers = {
      'x-novacron-id': encodeURI(notification.id),
      'x-novacron-timestamp': timestamp,
      'x-novacron-signature': sign(secret.reveal(), timestamp, body),
    };
    return { receipt: await postJson({ url, body, headers, signal }) };
  },
});
