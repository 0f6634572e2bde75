import { z } from 'zod';

const confirmationRule = z.strictObject({
  risk: z.enum(['change', 'disrupt', 'destroy']).optional().describe('Only calls of this risk.'),
  tag: z.string().optional().describe('Only targets with this tag.'),
  by: z.enum(['nobody', 'actor', 'second-person']).describe('Who must confirm.'),
});

const positive = (most: number) => z.int().min(1).max(most);

/** What the HTTP server takes at the most. */
export const HttpLimits = z.strictObject({
  bodyBytesMax: positive(2 ** 30)
    .default(2 ** 20)
    .describe('Bytes of a request body.'),
  addressPerMinuteMax: positive(10 ** 7)
    .default(6000)
    .describe('Requests of one address in a minute.'),
  actorPerMinuteMax: positive(10 ** 7)
    .default(3000)
    .describe('Requests of one actor in a minute.'),
  authPerMinuteMax: positive(10 ** 6)
    .default(30)
    .describe('Sign-ins, refreshes and refused tokens of one address in a minute.'),
  streamsMax: positive(100_000).default(500).describe('Streams (SSE and WebSocket) of the whole hub.'),
  streamsPerActorMax: positive(100_000).default(20).describe('Streams of one actor.'),
  slowClientMs: positive(600_000).default(15_000).describe('A client that takes nothing for so long is closed.'),
  clientBytesMax: positive(2 ** 30)
    .default(2 ** 20)
    .describe('Bytes that may wait for one slow client before samples are left out.'),
});
export type HttpLimits = z.infer<typeof HttpLimits>;

/** How long the metrics store keeps what. */
const MetricsConfig = z.strictObject({
  hotDays: positive(30)
    .default(2)
    .describe('Whole days, besides today, whose samples are not sealed yet; late samples of sealed days cost more.'),
  retainDays: positive(36_500).default(400).describe('Days of which every sample is kept.'),
  rollupDays: positive(36_500).default(1200).describe('Days of which rollups of 5 minutes and an hour are kept.'),
});
export type MetricsConfig = z.infer<typeof MetricsConfig>;

/** The `hub` part of plugins.json. */
export const HubConfig = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on; loopback unless you put a TLS proxy in front.'),
  port: z.int().min(0).max(65_535).default(7780).describe('Port of the page and the API; 0 takes a free one.'),
  publicUrl: z.url().optional().describe('How people reach the hub when a proxy stands in front.'),
  trustedProxies: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
    .max(100)
    .default([])
    .describe('Addresses of your proxies; only they are believed when they name the client in X-Forwarded-For.'),
  limits: HttpLimits.prefault({}).describe('What the HTTP server takes at the most.'),
  metrics: MetricsConfig.prefault({}).describe('How long samples are kept.'),
  databaseUrl: z.string().optional().describe('PostgreSQL of your own; default: DATABASE_URL, else the embedded server.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  tenants: z
    .array(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/))
    .min(1)
    .default(['default'])
    .describe('Names of the tenants; a wall stands between them.'),
  policies: z.string().optional().describe('A file with Cedar policies of your own, added to the shipped roles.'),
  confirmations: z
    .array(confirmationRule)
    .default([])
    .describe('Who must confirm what; the first rule that fits counts. Default: the actor for disrupt and destroy.'),
  confirmationSeconds: z.int().min(10).max(86_400).default(600).describe('How long a question can be answered.'),
  pluginStartSeconds: z.int().min(1).max(300).default(20).describe('A plugin that has not started by then is given up.'),
  jobsKeepDays: z.int().min(1).max(3_650).default(90).describe('Jobs that ended longer ago are forgotten; the audit keeps what was done.'),
  dutySeconds: z
    .int()
    .min(2)
    .max(600)
    .default(15)
    .describe('Of several hubs on one database: how long a duty stays with one that is not heard of any more.'),
  jobsMax: z.int().min(1).max(100_000).default(10_000).describe('Jobs that may be open at once; more are refused.'),
});
export type HubConfig = z.infer<typeof HubConfig>;
export type ConfirmationRule = z.infer<typeof confirmationRule>;
