import { Secret } from 'novacron/plugin';
import { z } from 'zod';

const secret = (description: string) =>
  z
    .unknown()
    .refine((value): value is Secret => value instanceof Secret, { error: 'must be { "env": "NAME" } or { "file": "/path" }' })
    .meta({ description });

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://' });
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'must be letters, digits, dots and dashes');

const emailConfig = z
  .strictObject({
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(587),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .meta({ description: 'starttls is demanded, not only tried; none: only for a server on this machine' }),
    caFile: z.string().optional().meta({ description: 'Certificates (PEM) to trust beside the usual ones' }),
    user: z.string().optional(),
    password: secret('Password of the user').optional(),
    from: z.string().min(3).max(320).meta({ description: 'NovaCron <nova@example.org>' }),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), { error: 'user and password belong together' });
export type EmailConfig = z.output<typeof emailConfig>;

const webhookConfig = z.strictObject({
  url: httpUrl,
  secret: secret('Key of the signature: HMAC-SHA256 over timestamp, a dot, and the body'),
});
export type WebhookConfig = z.output<typeof webhookConfig>;

const alertmanagerConfig = z.strictObject({
  url: httpUrl.meta({ description: 'http://alertmanager.example.org:9093' }),
  token: secret('Bearer token, where a proxy asks for one').optional(),
});
export type AlertmanagerConfig = z.output<typeof alertmanagerConfig>;

const deadManConfig = z.strictObject({
  url: httpUrl.meta({ description: 'Is called as long as all goes on; the other side tells people when the calls stop' }),
  everySeconds: z.int().min(5).max(3600).default(60),
});
export type DeadManConfig = z.output<typeof deadManConfig>;

export const channelsConfig = {
  email: emailConfig.optional().meta({ description: 'The mail server for the channel email' }),
  webhooks: z
    .record(name, webhookConfig)
    .default({})
    .meta({ description: 'By the name that routes use: { "channel": "webhook", "to": NAME }' }),
  alertmanagers: z
    .record(name, alertmanagerConfig)
    .default({})
    .meta({ description: 'By the name that routes use: { "channel": "alertmanager", "to": NAME }' }),
  deadMan: deadManConfig.optional(),
};
