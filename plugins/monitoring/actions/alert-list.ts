import { ref } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { activeFor, sees } from '../rules/alert-kind.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { rulesOf } from '../rules/start.ts';
import { alertRef, knownOf, line, lineOf } from './alert-line.ts';

const ROWS_MAX = 500;
const SHOWN_MAX = 50;
const ACTIVE_SHOWN_MAX = 100;

const active = z.strictObject({
  kind: z.string(),
  id: z.string(),
  name: z.string(),
  device: z.string().nullable(),
  state: z.enum(['pending', 'firing']),
  since: z.number(),
});

const shown = line.extend({
  by: z.string(),
  tenant: z.string().nullable(),
  off: z.strictObject({ by: z.string(), at: z.number(), reason: z.string() }).nullable(),
  /** As it would be written in a file. */
  rule: z.looseObject({}),
  active: z.array(active),
});

const iso = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

const listAlerts = ({ action }: MonitoringTools) =>
  action({
    title: 'List the alert rules and how they stand',
    label: 'Alerts',
    risk: 'read',
    input: z.strictObject({
      text: z.string().max(200).default('').meta({ title: 'Text', description: 'Part of the name or title' }),
      state: z.enum(['all', 'firing', 'pending', 'off', 'trouble']).default('all').meta({ title: 'State' }),
    }),
    output: z.strictObject({ rules: z.array(line), truncated: z.boolean(), files: z.array(z.string()) }),
    positional: ['text'],
    examples: ['alert list', 'alert list --state firing', 'alert list memory'],
    show: ({ rules, truncated, files }) => ({
      text: [
        rules.length === 0 ? 'There is no such alert rule.' : `${rules.length}${truncated ? ' or more' : ''} alert rules.`,
        ...files.map(
          (trouble) => `Something is wrong with the rules; what is right counts, and of the rest what was right before: ${trouble}`,
        ),
      ].join('\n'),
      ...(rules.length > 0 && {
        table: {
          columns: ['rule', 'severity', 'state', 'fires'],
          rows: rules.slice(0, SHOWN_MAX).map((one) => [one.id, one.severity, one.state, one.condition]),
        },
      }),
    }),
    async run(ctx, { text, state }) {
      const runtime = rulesOf(ctx);
      const tenant = tenantOf(ctx.actor);
      const wanted = text.toLowerCase();
      const visible = runtime.book
        .all()
        .filter(({ id, rule, tenant: owner }) => sees(tenant, owner) && `${id} ${rule.title}`.toLowerCase().includes(wanted));
      const lines = visible.map((known) => lineOf(ctx, known));
      const fitting = lines.filter((one) => state === 'all' || (state === 'trouble' ? one.trouble !== null : one.state.startsWith(state)));
      const files = ctx.actor.role === 'admin' ? [...runtime.files.troubles().values(), ...runtime.book.shadowed()] : [];
      return { rules: fitting.slice(0, ROWS_MAX), truncated: fitting.length > ROWS_MAX, files };
    },
  });

const showAlert = ({ action }: MonitoringTools) =>
  action({
    title: 'Show an alert rule, and what it finds now',
    label: 'Show an alert',
    risk: 'read',
    input: alertRef,
    output: shown,
    positional: ['rule'],
    examples: ['alert show monitoring.vm-memory'],
    target: ({ rule }) => ref('alert', rule),
    show: ({ id, title, state, condition, active, trouble, off, rule }) => ({
      text: [
        `${title} (${id}): ${state}. Fires ${condition}.`,
        ...(off ? [`Off: ${off.reason} (${off.by}).`] : []),
        ...(trouble === null ? [] : [trouble]),
      ].join('\n'),
      ...(active.length > 0 && {
        table: {
          columns: ['thing', 'state', 'since (UTC)'],
          rows: active.map((one) => [one.device === null ? one.name : `${one.name} ${one.device}`, one.state, iso(one.since)]),
        },
      }),
      code: JSON.stringify(rule, null, 2),
    }),
    async run(ctx) {
      const known = knownOf(ctx);
      const { by, tenant, off, rule } = known;
      const found = activeFor(rulesOf(ctx), known.id, tenantOf(ctx.actor)).slice(0, ACTIVE_SHOWN_MAX);
      return {
        ...lineOf(ctx, known),
        by,
        tenant,
        off: off && { by: off.by, at: off.at, reason: off.reason },
        rule: { ...rule },
        active: found.map(({ subject: { kind, id, name, device = null }, state }) => ({
          kind,
          id,
          name,
          device,
          state: state.is,
          since: state.since,
        })),
      };
    },
  });

export const listActions = (tools: MonitoringTools) => ({ 'alert.list': listAlerts(tools), 'alert.show': showAlert(tools) });
