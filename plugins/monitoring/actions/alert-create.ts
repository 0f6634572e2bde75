import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { idOf, previewFor, propose } from '../rules/proposals.ts';
import { nameTaken } from '../rules/rule-store.ts';
import { rulesOf } from '../rules/start.ts';
import { ruleInput, ruleOf } from './alert-input.ts';
import { meaningOf, NO_PAST, PREVIEW_TIMEOUT_MS } from './alert-preview.ts';

const createInput = ruleInput.extend({
  replace: z.boolean().default(false).meta({ title: 'Replace', description: 'Change the rule of this name' }),
});

const createOutput = z.strictObject({ id: z.string(), title: z.string(), condition: z.string() });

export const createActions = ({ action }: MonitoringTools) => ({
  'alert.create': action({
    title: 'Make an alert rule',
    label: 'Create an alert',
    help: 'Before it is saved it is shown what the rule would have done on what was recorded. An admin makes rules for the whole hub, others for the things of their tenant.',
    risk: 'change',
    asks: true,
    input: createInput,
    output: createOutput,
    positional: ['name', 'metric'],
    examples: [
      'alert create web-cpu vm.cpuRatio --above 0.9 --window 5m --for 10m --names web-*',
      'alert create slow-night vm.cpuRatio --is past --above 2 --window 1h --tags prod',
      'alert create full-soon vm.disk.allocationBytes --is forecast --of capacityBytes --above 90% --within 12h',
      'alert create silent vm.vcpus --is absence --after 10m --severity critical',
    ],
    timeoutMs: PREVIEW_TIMEOUT_MS,
    queue: ({ name }, actor) => `alert/${idOf(tenantOf(actor), name)}`,
    async plan(ctx, input) {
      const rule = await ruleOf(input);
      const ready = await propose(ctx, { name: input.name, rule });
      if (!input.replace && rulesOf(ctx).book.get(ready.id) !== undefined) throw nameTaken(input.name);
      const preview = await previewFor(ctx, ready);
      return {
        sentences: [`${rule.title} (${rule.severity}): ${meaningOf(ready, rulesOf(ctx).kinds)}.`, preview?.sentence ?? NO_PAST],
        facts: { id: ready.id },
      };
    },
    async run(ctx, input) {
      const rule = await ruleOf(input);
      return ctx.step('save', async () => {
        const ready = await propose(ctx, { name: input.name, rule });
        const { book, store } = rulesOf(ctx);
        const known = book.get(ready.id);
        if (known !== undefined && known.from !== 'person') throw nameTaken(input.name);
        const by = { tenant: tenantOf(ctx.actor), createdBy: ctx.actor.name, createdAt: ctx.clock.now() };
        await store.put({ id: ready.id, name: input.name, rule, ...by }, { replace: input.replace });
        await book.refresh();
        return { id: ready.id, title: rule.title, condition: meaningOf(ready, rulesOf(ctx).kinds) };
      });
    },
    show: ({ id, condition }) => ({ text: `The rule '${id}' is on. ${condition}.` }),
  }),
});
