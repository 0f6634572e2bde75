import { HubError, ref } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { activeFor, sees, stateText } from '../rules/alert-kind.ts';
import type { KnownRule } from '../rules/book.ts';
import { tenantOf } from '../rules/proposals.ts';
import { conditionText } from '../rules/signals.ts';
import { rulesOf } from '../rules/start.ts';

const ROWS_MAX = 500;
const SHOWN_MAX = 50;
const ACTIVE_SHOWN_MAX = 100;

const alertRef = z.strictObject({ alert: z.string().min(1).max(200).meta({ title: 'Rule', picker: 'alert' }) });

const line = z.strictObject({
  id: z.string(),
  title: z.string(),
  severity: z.string(),
  from: z.string(),
  state: z.string(),
  condition: z.string(),
  trouble: z.string().nullable(),
});

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

type Ctx = Parameters<typeof rulesOf>[0] & {
  readonly actor: Parameters<typeof tenantOf>[0];
  readonly target: { readonly id: string } | null;
};

function lineOf(ctx: Ctx, known: KnownRule): z.output<typeof line> {
  const runtime = rulesOf(ctx);
  const { id, rule, from, ready } = known;
  const trouble = known.trouble ?? runtime.engine.trouble(id) ?? null;
  const state = stateText({ ...known, trouble }, activeFor(runtime, id, tenantOf(ctx.actor))).text;
  return { id, title: rule.title, severity: rule.severity, from, state, condition: conditionText(rule, ready?.unit), trouble };
}

function knownOf(ctx: Ctx): KnownRule {
  const known = rulesOf(ctx).book.get(ctx.target?.id ?? '');
  if (known) return known;
  throw new HubError('alert_gone', 'The rule was removed meanwhile.', { status: 409 });
}

function notDeletable({ id, from, by }: KnownRule): HubError {
  const how = from === 'file' ? ', or take it out of the file' : '';
  return new HubError('alert_not_deletable', `The rule '${id}' is from the ${from} ${by}. Turn it off with alert disable${how}.`, {
    status: 409,
  });
}

const iso = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

export const manageActions = ({ action }: MonitoringTools) => ({
  'alert.list': action({
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
        ...files.map((trouble) => `A file of rules is broken, its rules from before still count: ${trouble}`),
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
      const files = ctx.actor.role === 'admin' ? [...runtime.files.troubles().values()] : [];
      return { rules: fitting.slice(0, ROWS_MAX), truncated: fitting.length > ROWS_MAX, files };
    },
  }),
  'alert.show': action({
    title: 'Show an alert rule, and what it finds now',
    label: 'Show an alert',
    risk: 'read',
    input: alertRef,
    output: shown,
    positional: ['alert'],
    examples: ['alert show monitoring.vm-memory'],
    target: ({ alert }) => ref('alert', alert),
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
  }),
  'alert.disable': action({
    title: 'Turn an alert rule off',
    label: 'Disable an alert',
    help: 'What it has firing resolves. To be quiet for a while only, silence it instead.',
    risk: 'change',
    input: alertRef.extend({ reason: z.string().min(1).max(500).meta({ title: 'Reason', description: 'For those who wonder later' }) }),
    output: line,
    positional: ['alert', 'reason'],
    examples: ['alert disable monitoring.vm-vanished "lab machines come and go"'],
    target: ({ alert }) => ref('alert', alert),
    show: ({ id }) => ({ text: `The rule '${id}' is off.` }),
    async run(ctx, { reason }) {
      return ctx.step('disable', async () => {
        const { store, book } = rulesOf(ctx);
        await store.turnOff({ rule: knownOf(ctx).id, by: ctx.actor.name, at: ctx.clock.now(), reason });
        await book.refresh();
        return lineOf(ctx, knownOf(ctx));
      });
    },
  }),
  'alert.enable': action({
    title: 'Turn an alert rule on again',
    label: 'Enable an alert',
    risk: 'change',
    input: alertRef,
    output: line,
    positional: ['alert'],
    examples: ['alert enable monitoring.vm-vanished'],
    target: ({ alert }) => ref('alert', alert),
    show: ({ id }) => ({ text: `The rule '${id}' is on.` }),
    async run(ctx) {
      return ctx.step('enable', async () => {
        const { store, book } = rulesOf(ctx);
        await store.turnOn(knownOf(ctx).id);
        await book.refresh();
        return lineOf(ctx, knownOf(ctx));
      });
    },
  }),
  'alert.delete': action({
    title: 'Delete an alert rule that a person made',
    label: 'Delete an alert',
    help: 'Rules of plugins and files are turned off instead (alert disable), or taken out of the file.',
    risk: 'change',
    input: alertRef,
    output: z.strictObject({ id: z.string() }),
    positional: ['alert'],
    examples: ['alert delete web-cpu'],
    target: ({ alert }) => ref('alert', alert),
    show: ({ id }) => ({ text: `The rule '${id}' is gone; what it had firing resolves.` }),
    async run(ctx) {
      const id = ctx.target?.id ?? '';
      await ctx.step('delete', async () => {
        const { store, book } = rulesOf(ctx);
        const known = book.get(id);
        if (known !== undefined && known.from !== 'person') throw notDeletable(known);
        await store.remove(id);
        await book.refresh();
      });
      return { id };
    },
  }),
});
