import { z } from 'zod';

const confirmationRule = z.strictObject({
  risk: z.enum(['change', 'disrupt', 'destroy']).optional().describe('Only calls of this risk.'),
  tag: z.string().optional().describe('Only targets with this tag.'),
  by: z.enum(['nobody', 'actor', 'second-person']).describe('Who must confirm.'),
});

/** The `hub` part of plugins.json. */
export const HubConfig = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on; loopback unless you put a TLS proxy in front.'),
  port: z.int().min(0).max(65_535).default(7780).describe('Port of the page and the API; 0 takes a free one.'),
  publicUrl: z.url().optional().describe('How people reach the hub when a proxy stands in front.'),
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
  jobsMax: z.int().min(1).max(100_000).default(10_000).describe('Jobs that may be open at once; more are refused.'),
});
export type HubConfig = z.infer<typeof HubConfig>;
export type ConfirmationRule = z.infer<typeof confirmationRule>;
