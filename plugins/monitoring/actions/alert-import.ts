import { HubError, type CallContext } from 'novacron/plugin';
import { z } from 'zod';
import type { Config, MonitoringTools, Needs } from '../config.ts';
import type { Translated } from '../rules/prometheus/rule-file.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { idOf, previewFor, propose } from '../rules/proposals.ts';
import { rulesOf } from '../rules/start.ts';

const TIMEOUT_MS = 120_000;
const SAID_MAX = 15;
const PREVIEWED_MAX = 10;

const input = z.strictObject({
  text: z.string().min(1).max(1_000_000).meta({ title: 'Rule file', description: 'The text of a rule file of Prometheus' }),
  metrics: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z_:][A-Za-z0-9_:]*=[a-z][A-Za-z0-9.-]+$/, 'A name in Prometheus and a metric of the hub: node_load1=host.cpuRatio'),
    )
    .max(500)
    .default([])
    .meta({ title: 'Metrics', description: 'What names in the file mean: libvirt_cpu=vm.cpuRatio' }),
  replace: z.boolean().default(false).meta({ title: 'Replace', description: 'Change rules of the same name' }),
});

const output = z.strictObject({
  taken: z.array(z.strictObject({ id: z.string(), title: z.string(), expression: z.string() })),
  left: z.array(z.strictObject({ name: z.string(), expression: z.string(), reason: z.string() })),
});

type Ctx = CallContext<Config, Needs>;

async function translated({ services }: Pick<Ctx, 'services'>, { text, metrics }: z.output<typeof input>): Promise<Translated> {
  const given = Object.fromEntries(metrics.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  const { translateFile } = await import('../rules/prometheus/rule-file.ts');
  return translateFile(text, { declared: services.metrics.declared(), given });
}

/** Those whose rule stands, and those that the hub would not judge: they are left as well. */
async function proposed(ctx: Ctx, { rules, left }: Translated) {
  const ready = [];
  const refused = [...left];
  for (const one of rules) {
    try {
      ready.push({ ...one, ready: await propose(ctx, one) });
    } catch (error) {
      if (!HubError.is(error)) throw error;
      refused.push({ name: one.rule.title, expression: one.expression, reason: error.message });
    }
  }
  return { ready, refused };
}

const cut = (lines: readonly string[]): string[] =>
  lines.length <= SAID_MAX ? [...lines] : [...lines.slice(0, SAID_MAX), `… and ${lines.length - SAID_MAX} more.`];

export const alertImportActions = ({ action }: MonitoringTools) => ({
  'alert.import': action({
    title: 'Take over alerting rules of Prometheus',
    label: 'Import alerts',
    help: 'What can be said here becomes rules of the hub, shown on the past before they are saved; what cannot is listed with the reason.',
    risk: 'change',
    asks: true,
    input,
    output,
    positional: ['text'],
    examples: ['alert import "$(cat rules.yml)" --metrics libvirt_cpu=vm.cpuRatio'],
    timeoutMs: TIMEOUT_MS,
    queue: (_, actor) => `alert.import/${tenantOf(actor) ?? ''}`,
    async plan(ctx, asked) {
      const { ready, refused } = await proposed(ctx, await translated(ctx, asked));
      const lines: string[] = [];
      for (const [nth, one] of ready.entries()) {
        const preview = nth < PREVIEWED_MAX ? await previewFor(ctx, one.ready) : null;
        lines.push(`${one.name}: ${one.expression}. ${preview?.sentence ?? ''}`.trim());
      }
      return {
        sentences: [
          `${ready.length} rules are taken over, ${refused.length} are not.`,
          ...cut(lines),
          ...cut(refused.map(({ name, reason }) => `Not ${name}: ${reason.replace(/\.$/, '')}.`)),
        ],
        facts: { taken: ready.map(({ ready: { id } }) => id), left: refused.map(({ name }) => name) },
      };
    },
    show: ({ taken, left }) => ({
      text: `${taken.length} rules were taken over, ${left.length} were not.`,
      ...(left.length > 0 && {
        table: { columns: ['not taken over', 'because', 'expression'], rows: left.map((one) => [one.name, one.reason, one.expression]) },
      }),
    }),
    async run(ctx, asked) {
      return ctx.step('save', async () => {
        const { ready, refused } = await proposed(ctx, await translated(ctx, asked));
        const { store, book } = rulesOf(ctx);
        const tenant = tenantOf(ctx.actor);
        const taken = [];
        for (const { name, rule, expression } of ready) {
          const id = idOf(tenant, name);
          const known = book.get(id);
          const mine = known === undefined || known.from === 'person';
          try {
            if (!mine) throw new HubError('alert_name_taken', `There is already a rule '${name}' from the ${known.from}.`, { status: 409 });
            await store.put({ id, tenant, name, rule, createdBy: ctx.actor.name, createdAt: ctx.clock.now() }, { replace: asked.replace });
            taken.push({ id, title: rule.title, expression });
          } catch (error) {
            if (!HubError.is(error)) throw error;
            refused.push({ name: rule.title, expression, reason: error.message });
          }
        }
        await book.refresh();
        return { taken, left: refused.map((one) => ({ ...one })) };
      });
    },
  }),
});
