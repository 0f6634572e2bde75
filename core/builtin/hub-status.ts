import { z } from 'zod';
import type { Action } from '../contract.ts';
import type { Audit } from '../audit/audit.ts';
import type { PluginStatus } from '../plugins/host.ts';

const Nothing = z.strictObject({});
const PluginLine = z.strictObject({ name: z.string(), state: z.string(), reason: z.string().nullable() });

export interface StatusDeps {
  readonly audit: Audit;
  plugins(): ReadonlyMap<string, PluginStatus>;
}

/** `plugin.*`, `audit.*`: the hub about itself. */
export const statusActions = ({ audit, plugins }: StatusDeps): Readonly<Record<string, Action>> => ({
  'plugin.list': {
    title: 'List the plugins and how they are',
    label: 'Plugins',
    risk: 'read',
    input: Nothing,
    output: z.array(PluginLine),
    run: async () =>
      [...plugins()].map(([name, status]) => ({ name, state: status.is, reason: status.is === 'failed' ? status.error.message : null })),
  },
  'audit.list': {
    title: 'List what was done and refused, the newest first',
    label: 'Audit',
    risk: 'read',
    input: z.strictObject({
      action: z.string().max(100).optional(),
      rows: z.int().min(1).max(500).default(50).meta({ title: 'Rows', description: 'How many at most.' }),
    }),
    output: z.array(z.looseObject({ seq: z.number(), event: z.string(), action: z.string() })),
    run: async (_, { action, rows }) => [...(await audit.list({ ...(action !== undefined && { action }), rowsMax: rows }))],
  },
});
