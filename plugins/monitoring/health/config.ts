import { z } from 'zod';

const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'An address is host:port: db-1.example.org:5432.');
const name = z.string().regex(/^[a-z][a-z0-9-]{0,60}$/, 'A name is lower-case words with dashes: shop-page.');

const common = {
  name,
  severity: z.enum(['info', 'warning', 'critical']).default('critical').meta({ description: 'Of the alert while it is down' }),
  tenant: z.string().max(60).optional().meta({ description: 'Whose it is; nobody else sees it' }),
  help: z.string().max(500).optional().meta({ description: 'What to do when it is down' }),
};

/** A service that is asked from the hub. */
export const serviceCheck = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('tcp'), ...common, address: address.meta({ description: 'host:port that takes connections' }) }),
  z.strictObject({
    is: z.literal('http'),
    ...common,
    url: z.url({ protocol: /^https?$/ }),
    status: z.int().min(100).max(599).optional().meta({ description: 'The status that is right; default: any below 400' }),
    contains: z.string().min(1).max(500).optional().meta({ description: 'A text that the answer must have' }),
  }),
  z.strictObject({
    is: z.literal('certificate'),
    ...common,
    address: address.meta({ description: 'host:port that speaks TLS' }),
    daysMin: z.number().min(0).max(365).default(14).meta({ description: 'Bad when it expires sooner' }),
  }),
]);
export type ServiceCheck = z.output<typeof serviceCheck>;

/** The `health` part of the plugin's config. */
export const healthConfig = z.strictObject({
  services: z
    .array(serviceCheck)
    .max(500)
    .default([])
    .refine((all) => new Set(all.map((one) => one.name)).size === all.length, 'Two services have the same name.')
    .meta({ description: 'Services that are asked from the hub' }),
  everySeconds: z.int().min(1).max(3600).default(60).meta({ description: 'How often services and the hub itself are asked' }),
  timeoutSeconds: z.number().min(0.1).max(60).default(10).meta({ description: 'How long a service may take to answer' }),
  failuresMax: z.int().min(1).max(100).default(2).meta({ description: 'So many times in a row before it counts as down' }),
});
export type HealthConfig = z.output<typeof healthConfig>;
